"""The folders in which models lie that were put from outside: ``models/0001``, ``models/0002`` ...

A version is whole from the moment its folder has a number. Which of them counts is said by
``model_folder`` in ``apportion.yaml`` alone.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from apportion.findings import SETTINGS_FILE, Finding, ModelError, Place
from apportion.ledger.disk import touching
from apportion.model.files import read_settings

VERSIONS = "models"
MODEL_FILE = "model.yaml"
ABOUT_FILE = ".version.json"
"""Hidden, so that it is no part of the model."""

_NUMBERED = re.compile(r"[0-9]{4,9}")


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A model that was put: its number, its folder in the workspace, its digest, and when.

    ``current`` says whether it is the one that counts. ``digest`` and ``at`` are of the moment in
    which it was put; they are unknown where somebody removed the file that says so.
    """

    number: int
    folder: str
    current: bool
    digest: str = ""
    at: datetime | None = None


def model_versions(folder: Path) -> list[ModelVersion]:
    """The versions of a workspace's model, the latest first.

    Raises ``ModelError`` (``not_a_workspace``), ``LedgerError`` (``storage_failed``).
    """
    current = current_folder(folder)
    with touching(folder / VERSIONS, "list the models that were put"):
        return [_version(folder, number, current) for number in reversed(numbers(folder))]


def current_folder(folder: Path) -> object:
    """What ``apportion.yaml`` names as the model's folder; nothing where it names none."""
    file = folder / SETTINGS_FILE
    if not file.is_file():
        message = f"There is no {SETTINGS_FILE} in {folder}."
        raise ModelError([Finding("not_a_workspace", message, Place(str(folder)))])
    with touching(file, "read the settings"):
        return read_settings(file, file.read_bytes()).settings.get("model_folder")


def numbers(folder: Path) -> Sequence[int]:
    """The numbers in use, in order."""
    versions = folder / VERSIONS
    if not versions.is_dir():
        return []
    found = (each.name for each in versions.iterdir())
    return sorted(int(name) for name in found if _NUMBERED.fullmatch(name))


def folder_of(number: int) -> str:
    """The folder of a version, as ``model_folder`` names it."""
    return f"{VERSIONS}/{number:04}"


def number_of(folder: object) -> int | None:
    """The number of a version's folder; none where it is a folder that people keep."""
    beginning, _, name = str(folder).rpartition("/")
    return int(name) if beginning == VERSIONS and _NUMBERED.fullmatch(name) else None


def about(digest: str, at: datetime, program: str) -> str:
    """What is kept beside a version."""
    facts = {"digest": digest, "at": at.isoformat(), "program": program}
    return json.dumps(facts, sort_keys=True) + "\n"


def _version(folder: Path, number: int, current: object) -> ModelVersion:
    name = folder_of(number)
    known = ModelVersion(number, name, current=current == name)
    try:
        told = json.loads((folder / name / ABOUT_FILE).read_bytes())
        at = datetime.fromisoformat(told["at"])
        return ModelVersion(number, name, current == name, str(told["digest"]), at)
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return known
