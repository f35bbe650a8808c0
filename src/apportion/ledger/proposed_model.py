"""A model that somebody outside proposes: judged whole, with the workspace's own settings."""

from collections.abc import Mapping
from pathlib import Path

from apportion.findings import MEMORY, QUESTION, SETTINGS_FILE, Finding
from apportion.model import Model
from apportion.model.build import LIST_KINDS
from apportion.model.files import read_settings
from apportion.model.gather import Gathered
from apportion.model.kinds.settings import build_settings
from apportion.model.raw import place_of
from apportion.model.values import show

_WHERE_SETTINGS_ARE = f"Leave it out. Settings are changed in {SETTINGS_FILE}, where the ledger is."


def proposed_model(folder: Path, settings: bytes, document: object) -> Model:
    """The model that a workspace would have with the lists of a document.

    ``settings`` are the bytes of its ``apportion.yaml``. Raises ``ModelError`` with all findings:
    those of any model, and ``setting_differs``, ``not_replaceable``.
    """
    own = read_settings(folder / SETTINGS_FILE, settings)
    own.findings += _lists_beside_settings(own)
    given = Gathered()
    if isinstance(document, Mapping):
        file = getattr(document, "file", MEMORY.file)
        given.add_document(document, file, with_settings=True)
    else:
        message = f"A model is a mapping; this is {show(document)}."
        given.findings.append(Finding("wrong_type", message, QUESTION))
    given.findings += _settings_that_differ(own, given)
    if given.complete and not any(given.lists.values()):
        message = f"The model declares nothing; expected lists such as {show('nodes')}."
        given.findings.append(Finding("missing_key", message, QUESTION))
    given.findings += own.findings
    given.complete &= own.complete
    given.settings = own.settings
    return Model.proven(given)


def _lists_beside_settings(own: Gathered) -> list[Finding]:
    """Lists in the settings' own file would count beside whatever is put."""
    return [
        Finding(
            "not_replaceable",
            f"{SETTINGS_FILE} holds the list {show(name)}, which a model put from outside cannot "
            "replace.",
            place_of(own.lists[name][0]),
            "Move it to a file of its own in the model's folder.",
        )
        for name in LIST_KINDS
        if own.lists.get(name)
    ]


def _settings_that_differ(own: Gathered, given: Gathered) -> list[Finding]:
    scratch: list[Finding] = []
    ours = build_settings(own.settings, scratch)
    theirs = build_settings(given.settings, given.findings)
    return [
        Finding(
            "setting_differs",
            f"The setting {key!r} is {_shown(theirs, key)}; the workspace has {_shown(ours, key)}.",
            given.settings.place(key),
            _WHERE_SETTINGS_ARE,
            details={"setting": key},
        )
        for key in sorted(theirs.places)
        if getattr(theirs, key) != getattr(ours, key)
    ]


def _shown(settings: object, key: str) -> str:
    value = getattr(settings, key)
    return ", ".join(map(show, value)) if isinstance(value, tuple) else show(value)
