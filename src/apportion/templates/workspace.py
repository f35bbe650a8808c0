"""Writing a new workspace from the files of this package."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from apportion.findings import Finding, Place, UsageError

_NAME = "{name}"
_NAMED_FILES = ("apportion.yaml", "README.md")


def write_workspace(folder: Path, name: str) -> list[Path]:
    """Write a workspace called ``name`` into a folder and give the files, in order.

    The folder is made where it does not exist. Raises ``UsageError`` where it holds anything
    (``not_empty``), or is no folder, or the name cannot stand in a file (``invalid_argument``);
    then nothing is written. Raises it too where the disk refuses (``storage_failed``).
    """
    _require_name(name)
    _require_empty(folder)
    try:
        return _write(files("apportion.templates").joinpath("init"), folder, name)
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


def _require_empty(folder: Path) -> None:
    """Files that are there already may be somebody's work."""
    where = Place(str(folder))
    if folder.exists() and not folder.is_dir():
        message = f"{folder} is a file, not a folder."
        raise UsageError([Finding("invalid_argument", message, where, "Name another folder.")])
    if folder.is_dir() and any(folder.iterdir()):
        message = f"The folder {folder} is not empty."
        raise UsageError([Finding("not_empty", message, where, "Name a new or an empty folder.")])


def _write(origin: Traversable, folder: Path, name: str) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for entry in sorted(origin.iterdir(), key=lambda entry: entry.name):
        target = folder / entry.name
        if entry.is_dir():
            written += _write(entry, target, name)
            continue
        text = entry.read_text(encoding="utf-8")
        if entry.name in _NAMED_FILES:
            text = text.replace(_NAME, _quoted(name) if entry.name.endswith(".yaml") else name)
        target.write_text(text, encoding="utf-8", newline="\n")
        written.append(target)
    return written


def _quoted(name: str) -> str:
    """A name inside the double quotes of YAML."""
    return name.replace("\\", "\\\\").replace('"', '\\"')
