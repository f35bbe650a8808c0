"""The ordered steps of putting a model. What counts is the line in ``apportion.yaml``.

A version is written whole under a name that nobody reads, gets its number by a rename, and counts
from the moment in which ``apportion.yaml`` is replaced by one that names it.
"""

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from apportion.findings import SETTINGS_FILE, Finding, LedgerError, ModelError, Place
from apportion.ledger.disk import Store, touching
from apportion.ledger.locks import writing
from apportion.ledger.model_versions import (
    ABOUT_FILE,
    MODEL_FILE,
    VERSIONS,
    about,
    current_folder,
    folder_of,
    number_of,
    numbers,
)
from apportion.ledger.proposed_model import proposed_model
from apportion.ledger.steps import Step, no_step
from apportion.model import Model, load_model
from apportion.model.files import MODEL_FOLDER, add_folder, read_settings
from apportion.model.model_text import model_text
from apportion.model.settings_text import with_model_folder

MODEL_STEPS = ("lock", "compare", "write", "read back", "number", "record", "unlock")

_UNFINISHED = ".unfinished"
_NEXT_SETTINGS = ".apportion.yaml.next"


@dataclass(frozen=True, slots=True)
class PutModel:
    """The model that counts after a put, and the folder in which it lies.

    ``version`` is the number of that folder, or None where it is one that people keep.
    ``written`` is false where the model was the same already. ``warnings`` are what is doubtful
    about it.
    """

    folder: str
    version: int | None
    digest: str
    written: bool
    warnings: tuple[Finding, ...]


def put_model(
    folder: Path,
    document: Mapping[str, Any],
    expected_digest: str,
    at: datetime,
    program: str,
    *,
    on_step: Step = no_step,
) -> PutModel:
    """Judge a model, write it as a new version, and make that the one that counts.

    Raises ``ModelError`` with all findings (also ``setting_differs``, ``not_replaceable``,
    ``model_changed``), ``LedgerError``; the model then is what it was.
    """
    judged = _settings(folder)
    model = proposed_model(folder, judged, document)
    on_step("lock")
    with writing(Store((folder / "ledger").resolve())):
        on_step("compare")
        settings = _settings(folder)
        if settings != judged:
            model = proposed_model(folder, settings, document)
        now = _current(folder)
        if now is not None and now.digest == model.digest:
            # Also for whoever repeats a put whose answer was lost.
            where = str(current_folder(folder) or MODEL_FOLDER)
            return _put(where, model, written=False)
        _require_expected(folder, now, expected_digest)
        name = _recorded(folder, settings, model, at=at, program=program, on_step=on_step)
        on_step("unlock")
    return _put(name, model, written=True)


def _put(where: str, model: Model, *, written: bool) -> PutModel:
    return PutModel(where, number_of(where), model.digest, written, model.warnings)


def _recorded(
    folder: Path, settings: bytes, model: Model, *, at: datetime, program: str, on_step: Step
) -> str:
    """Write a version and make it count, under the lock; returns its folder."""
    versions = folder / VERSIONS
    _require_own_folder(versions)
    with touching(versions, "write the model"):
        name = folder_of(max(numbers(folder), default=0) + 1)
        next_settings = with_model_folder(settings, name)
        if next_settings is None:
            raise ModelError([_unchangeable(folder, name)])
        unfinished = versions / _UNFINISHED
        on_step("write")
        # What a killed process left.
        with suppress(FileNotFoundError):
            shutil.rmtree(unfinished)
        unfinished.mkdir(parents=True)
        _write(unfinished / MODEL_FILE, model_text(model).encode(), 0o666)
        _write(unfinished / ABOUT_FILE, about(model.digest, at, program).encode(), 0o666)
        _settle(unfinished)
        on_step("read back")
        _require_same(folder, settings, unfinished, model)
        on_step("number")
        unfinished.rename(folder / name)
        _settle(versions)
        _settle(folder)
        on_step("record")
        _replace_settings(folder, next_settings)
    return name


def _settings(folder: Path) -> bytes:
    """The bytes of ``apportion.yaml``."""
    file = folder / SETTINGS_FILE
    if not file.is_file():
        # What reading the model says of a folder that is no workspace.
        load_model(folder)
    if file.is_symlink():
        message = f"{SETTINGS_FILE} is a symbolic link, which a model put from outside would break."
        remedy = "Put the file itself in its place."
        raise ModelError([Finding("not_replaceable", message, Place(str(file)), remedy)])
    with touching(file, "read the settings"):
        return file.read_bytes()


def _current(folder: Path) -> Model | None:
    """The model that counts now; none where it is broken, so that it can be mended by a put."""
    try:
        return load_model(folder)
    except ModelError:
        return None


def _require_expected(folder: Path, now: Model | None, expected: str) -> None:
    if not expected or (now is not None and now.digest == expected):
        return
    found = "is broken" if now is None else f"has the digest {now.digest}"
    raise ModelError(
        [
            Finding(
                "model_changed",
                f"The model {found}; expected {expected}.",
                Place(str(folder)),
                "Get the model as it is now, make the change again, and put that.",
                details={"digest": None if now is None else now.digest, "expected": expected},
            )
        ]
    )


def _require_own_folder(versions: Path) -> None:
    if not versions.is_symlink() and (versions.is_dir() or not versions.exists()):
        return
    message = f"{VERSIONS} is no folder of the workspace's own, so no model can be put there."
    remedy = "Move it away, or put a folder in its place."
    raise ModelError([Finding("not_replaceable", message, Place(str(versions)), remedy)])


def _unchangeable(folder: Path, name: str) -> Finding:
    return Finding(
        "not_replaceable",
        f"{SETTINGS_FILE} is written so that its model folder cannot be changed without changing "
        "more.",
        Place(str(folder / SETTINGS_FILE)),
        f"Write a line of its own for it, such as model_folder: {MODEL_FOLDER}; it would become "
        f"model_folder: {name}.",
    )


def _require_same(folder: Path, settings: bytes, written: Path, model: Model) -> None:
    """Whatever cannot be read back as the same model must not be the one that counts."""
    gathered = read_settings(folder / SETTINGS_FILE, settings)
    add_folder(written, gathered)
    if Model.proven(gathered).digest != model.digest:
        message = "The model that was read back is not the one that was written."
        raise LedgerError([Finding("damaged_ledger", message, Place(str(written)))])


def _replace_settings(folder: Path, data: bytes) -> None:
    """Replace ``apportion.yaml`` in one step; whoever reads it sees the old one or the new one."""
    file, beside = folder / SETTINGS_FILE, folder / _NEXT_SETTINGS
    with suppress(FileNotFoundError):
        beside.unlink()
    _write(beside, data, 0o600)
    beside.chmod(file.stat().st_mode & 0o777)
    beside.replace(file)
    try:
        _settle(folder)
    except OSError as error:
        message = f"The model was put, but may not outlast a power cut: {error.strerror or error}."
        remedy = "Look after the disk, then put it again."
        raise LedgerError([Finding("storage_failed", message, Place(str(file)), remedy)]) from error


def _write(file: Path, data: bytes, mode: int) -> None:
    """Write a new file, never through a link, and wait until it is on the disk."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with os.fdopen(os.open(file, flags, mode), "wb") as opened:
        opened.write(data)
        opened.flush()
        os.fsync(opened.fileno())


def _settle(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
