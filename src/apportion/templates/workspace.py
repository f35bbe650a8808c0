"""Writing a new workspace from the files of this package."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from apportion.findings import Finding, Place, UsageError
from apportion.model.json_schema import examples_schema, model_schema, text_of

_NAME = "{name}"
_NAMED_FILES = ("apportion.yaml", "README.md")


_KEPT = "README.md"
_WHOLE_FOLDERS = ("model", "examples", "ledger", "server")
_IGNORED = ("/ledger/", "/server/")
_WHY_IGNORED = "# Written by apportion: the ledger, and what its server keeps."


def write_workspace(folder: Path, name: str) -> list[Path]:
    """Write a workspace called ``name`` into a folder and give the files, in order.

    The folder is made where it does not exist; it may be a repository with files of its own. A
    README of its own stays, and its ``.gitignore`` gets the lines that it lacks.

    Raises ``UsageError`` where a file or folder of a workspace is there already (``not_empty``),
    or the folder is none, or the name cannot stand in a file (``invalid_argument``); then nothing
    is written. Raises it too where the disk refuses (``storage_failed``).
    """
    _require_name(name)
    texts = _texts(files("apportion.templates").joinpath("init"), name)
    for file, schema in (("model", model_schema()), ("examples", examples_schema())):
        texts[Path("schema", f"{file}.json")] = text_of(schema)
    _require_room(folder, texts)
    if (folder / _KEPT).exists():
        del texts[Path(_KEPT)]
    try:
        ignored = _with_ignored(folder / ".gitignore")
        return _write(folder, {**texts, **ignored})
    except OSError as error:
        where = Place(str(error.filename or folder))
        message = f"The workspace could not be written: {error.strerror}."
        remedy = "Check the path, space and permissions, then retry."
        raise UsageError([Finding("storage_failed", message, where, remedy)]) from error


def _require_name(name: str) -> None:
    if name.strip() and name.isprintable():
        return
    message = f"A workspace cannot be called {name!r}."
    raise UsageError([Finding("invalid_argument", message, remedy="Give it a name in letters.")])


def _require_room(folder: Path, texts: dict[Path, str]) -> None:
    """Files that are there already may be somebody's work."""
    where = Place(str(folder))
    if folder.exists() and not folder.is_dir():
        message = f"{folder} is a file, not a folder."
        raise UsageError([Finding("invalid_argument", message, where, "Name another folder.")])
    # Every file in these folders would count, whoever wrote it.
    taken = [f"{name}/" for name in _WHOLE_FOLDERS if _holds_something(folder / name)]
    taken += [
        path.as_posix()
        for path in sorted(texts)
        if path != Path(_KEPT) and f"{path.parts[0]}/" not in taken and (folder / path).exists()
    ]
    if taken:
        message = f"The folder {folder} has {', '.join(taken)} already, which a workspace needs."
        remedy = "Name a folder without them, for example one inside it."
        raise UsageError([Finding("not_empty", message, where, remedy)])


def _holds_something(place: Path) -> bool:
    return any(place.iterdir()) if place.is_dir() else place.exists()


def _with_ignored(file: Path) -> dict[Path, str]:
    """``.gitignore`` with what git should not keep of a workspace, unless it says so already."""
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    lacking = [line for line in _IGNORED if line not in before.splitlines()]
    if not lacking:
        return {}
    gap = "\n" if before and not before.endswith("\n") else ""
    return {Path(".gitignore"): before + gap + "\n".join([_WHY_IGNORED, *lacking]) + "\n"}


def _texts(origin: Traversable, name: str, inside: Path = Path()) -> dict[Path, str]:
    texts: dict[Path, str] = {}
    for entry in origin.iterdir():
        if entry.is_dir():
            texts |= _texts(entry, name, inside / entry.name)
            continue
        text = entry.read_text(encoding="utf-8")
        if entry.name in _NAMED_FILES:
            text = text.replace(_NAME, _quoted(name) if entry.name.endswith(".yaml") else name)
        texts[inside / entry.name] = text
    return texts


def _write(folder: Path, texts: dict[Path, str]) -> list[Path]:
    written: list[Path] = []
    for path in sorted(texts):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(texts[path], encoding="utf-8", newline="\n")
        written.append(folder / path)
    return written


def _quoted(name: str) -> str:
    """A name inside the double quotes of YAML."""
    return name.replace("\\", "\\\\").replace('"', '\\"')
