"""A workspace's model files, read in the order of their names."""

import re
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from apportion.findings import SETTINGS_FILE, Finding, Place, Severity
from apportion.model import read_tables
from apportion.model.build import LIST_KINDS
from apportion.model.fields import Shape
from apportion.model.gather import Gathered
from apportion.model.read_yaml import MAXIMUM_BYTES, read_yaml
from apportion.model.spelling import one_of
from apportion.model.values import show

MODEL_FOLDER = "model"
_YAML = (".yaml", ".yml")
_TABLES = (".csv", ".parquet")
_PLAIN_FOLDER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*){0,3}")


def read_files(path: Path) -> Gathered:
    """Read a workspace's folder, or one YAML file that holds a whole model.

    Findings name files as the caller named the folder. A folder without ``apportion.yaml`` is the
    finding ``not_a_workspace``.
    """
    gathered = Gathered()
    if path.name == SETTINGS_FILE:
        path = path.parent
    if path.suffix.lower() in _YAML and path.is_file():
        _add_yaml(path, gathered, with_settings=True)
        return gathered
    if not (path / SETTINGS_FILE).is_file():
        gathered.complete = False
        gathered.findings.append(
            Finding(
                "not_a_workspace",
                f"There is no {SETTINGS_FILE} in {path}.",
                Place(str(path)),
                f"Name another folder, or make one with: apportion init {path}",
            )
        )
        return gathered
    _add_yaml(path / SETTINGS_FILE, gathered, with_settings=True)
    name = _model_folder(path, gathered)
    if name is None:
        return gathered
    folder = path / name
    add_folder(folder, gathered)
    if gathered.complete and not gathered.lists.get("nodes"):
        lack = "declares no nodes" if folder.is_dir() else "is missing, so the model has no nodes"
        _doubt(
            gathered,
            "check_saw_no_rows",
            f"The folder {name}/ {lack}.",
            folder,
            f"Declare them under nodes: in a file such as {name}/company.yaml.",
        )
    return gathered


def model_marks(path: Path) -> tuple[object, ...]:
    """The marks of a workspace's model files: others mean that the model may have changed.

    Raises ``OSError``.
    """
    file = path / SETTINGS_FILE
    files = [file]
    with suppress(FileNotFoundError, NotADirectoryError):
        files += sorted((path / _folder_named_in(file, file.read_bytes())).iterdir())
    return tuple(map(_mark, files))


@lru_cache(maxsize=16)
def _folder_named_in(file: Path, settings: bytes) -> str:
    return _model_folder(file.parent, read_settings(file, settings)) or MODEL_FOLDER


def _mark(file: Path) -> tuple[object, ...]:
    try:
        found = file.stat()
    except FileNotFoundError:
        return (file.name,)
    return (file.name, found.st_ino, found.st_size, found.st_mtime_ns)


def read_settings(file: Path, data: bytes) -> Gathered:
    """What ``apportion.yaml`` itself says, of bytes that were read from it."""
    gathered = Gathered()
    _add_document(file, data, gathered, with_settings=True)
    return gathered


def _model_folder(path: Path, gathered: Gathered) -> str | None:
    """The folder of the lists, inside the workspace; none where the setting is refused."""
    given = gathered.settings.get("model_folder")
    if given is None:
        return MODEL_FOLDER
    if isinstance(given, str) and _PLAIN_FOLDER.fullmatch(given):
        folder = path.resolve()
        if (path / given).resolve().is_relative_to(folder):
            return given
        why = "it leads out of the workspace by a symbolic link"
    elif isinstance(given, str):
        why = "expected a folder inside the workspace, by a plain name"
    else:
        gathered.complete = False
        return None
    message = f"The setting 'model_folder' is {show(given)}; {why}."
    where = gathered.settings.place("model_folder")
    remedy = f"Write a name such as {MODEL_FOLDER} or models/0001."
    gathered.complete = False
    gathered.findings.append(Finding("invalid_value", message, where, remedy))
    return None


def add_folder(folder: Path, gathered: Gathered) -> None:
    """Add all files of a model's folder."""
    try:
        files = sorted(folder.iterdir(), key=lambda file: file.name) if folder.is_dir() else []
        for file in files:
            add_file(file, gathered)
    except OSError as error:
        message = f"The folder cannot be read: {error.strerror or error}."
        gathered.complete = False
        gathered.findings.append(
            Finding("unreadable_file", message, Place(str(folder)), "Look at its permissions.")
        )


def add_file(file: Path, gathered: Gathered) -> None:
    """Take what one file of a model folder declares; what belongs to no model is left out."""
    suffix = file.suffix.lower()
    if file.name.startswith("."):
        return
    if not file.is_file():
        what, remedy = _no_file(file)
        _doubt(gathered, "unsupported_file", f"This is {what}, and was left out.", file, remedy)
    elif suffix in _YAML:
        _add_yaml(file, gathered, with_settings=False)
    elif suffix in _TABLES:
        _add_table(file, suffix, gathered)
    elif file.stem.upper() != "README":
        message = f"The file was left out; a model is read from {one_of((*_YAML, *_TABLES))}."
        remedy = f"Rename it if it belongs to the model; if not, move it out of {_folder(file)}."
        _doubt(gathered, "unsupported_file", message, file, remedy)


def _no_file(file: Path) -> tuple[str, str]:
    if file.is_dir():
        return "a folder", f"Move its files into {_folder(file)} itself, or the folder out of it."
    if file.is_symlink():
        return "a symbolic link that leads to no file", "Mend it or remove it."
    return "a pipe or a device", "Put a file in its place."


def _folder(file: Path) -> str:
    return f"{file.parent.name}/"


def _doubt(gathered: Gathered, code: str, message: str, file: Path, remedy: str) -> None:
    where = Place(str(file))
    gathered.findings.append(Finding(code, message, where, remedy, Severity.WARNING))


def _add_yaml(file: Path, gathered: Gathered, *, with_settings: bool) -> None:
    data = _bytes(file, gathered, MAXIMUM_BYTES)
    if data is not None:
        _add_document(file, data, gathered, with_settings=with_settings)


def _add_document(file: Path, data: bytes, gathered: Gathered, *, with_settings: bool) -> None:
    before = len(gathered.findings)
    document = read_yaml(str(file), data, gathered.findings)
    gathered.complete &= document is not None or len(gathered.findings) == before
    gathered.add_document(document, str(file), with_settings=with_settings)


def _add_table(file: Path, suffix: str, gathered: Gathered) -> None:
    tables = {name: kind for name, kind in LIST_KINDS.items() if kind.in_tables}
    name = next((name for name in tables if file.name.startswith(name)), None)
    if name is None:
        message = f"The name of the file begins with none of {one_of(tables)}."
        remedy = "Rename it after what it holds, such as edges_aws.csv."
        gathered.complete = False
        gathered.findings.append(Finding("unsupported_file", message, Place(str(file)), remedy))
        return
    data = _bytes(file, gathered, read_tables.MAXIMUM_BYTES)
    if data is None:
        return
    read: Callable[[str, bytes, Shape, list[Finding]], tuple[read_tables.Records, bool]]
    read = read_tables.read_csv if suffix == ".csv" else read_tables.read_parquet
    rows, complete = read(str(file), data, tables[name].shape, gathered.findings)
    gathered.complete &= complete
    gathered.add_records(name, rows)


def _bytes(file: Path, gathered: Gathered, limit: int) -> bytes | None:
    """The content of a file; its size is looked at first, so that a huge one is never held."""
    try:
        if file.stat().st_size <= limit:
            return file.read_bytes()
        message = f"The file is larger than {limit // 2**20} MB."
        finding = Finding("unsafe_file", message, Place(str(file)), "Split it into several files.")
    except OSError as error:
        message = f"The file cannot be read: {error.strerror or error}."
        finding = Finding("unreadable_file", message, Place(str(file)), "Look at its permissions.")
    gathered.complete = False
    gathered.findings.append(finding)
    return None
