"""Documents and tables brought together: settings in one place, each kind of list in one list."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from apportion.findings import MEMORY, Finding, Place
from apportion.model.build import LIST_KINDS
from apportion.model.fields import first_few, records
from apportion.model.kinds.settings import KEYS, SHAPE
from apportion.model.raw import Located, RawRow, RawSettings, key_place_of, place_of
from apportion.model.spelling import did_you_mean, one_of
from apportion.model.values import show

SETTINGS = "settings"


@dataclass(slots=True)
class Gathered:
    """What was read so far. ``complete`` turns false when a file could not be read at all."""

    findings: list[Finding] = field(default_factory=list)
    settings: RawSettings = field(default_factory=RawSettings)
    lists: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    complete: bool = True

    def add_document(self, document: Any, file: str, *, with_settings: bool) -> None:
        """Take a document: lists under their names and, where they belong, settings."""
        if document is None:
            return
        if not isinstance(document, Mapping):
            message = f"The file holds {show(document)}; expected keys such as nodes and edges."
            remedy = "Begin with nodes: and put the list under it."
            self._error("wrong_type", message, Place(file), remedy)
            self.complete = False
            return
        settings = KEYS if with_settings else frozenset[str]()
        known = {*LIST_KINDS, *settings, *((SETTINGS,) if with_settings else ())}
        for key in first_few(key for key in document if key not in known):
            self._unknown(document, key, with_settings=with_settings)
        for key in sorted(known & document.keys()):
            value = document[key]
            if key in LIST_KINDS:
                self._add_list(key, value, place_of(document, (key,)))
            elif key in settings:
                self._add_setting(document, key, value)
        if SETTINGS in known and SETTINGS in document:
            self._add_settings(document, document[SETTINGS])

    def add_records(self, name: str, rows: list[Mapping[str, Any]]) -> None:
        """Take the rows of a table as records of a list."""
        self.lists.setdefault(name, []).extend(rows)

    def _add_list(self, name: str, value: Any, where: Place) -> None:
        before = len(self.findings)
        items = records(value, show(name), self.findings, where)
        self.complete &= len(self.findings) == before
        located: list[Mapping[str, Any]] = [
            item if isinstance(item, Located) else RawRow(MEMORY.file, number, item)
            for number, item in enumerate(items, start=1)
        ]
        self.add_records(name, located)

    def _add_settings(self, document: Mapping[str, Any], value: Any) -> None:
        if value is None:
            return
        if not isinstance(value, Mapping):
            message = f"'settings' is {show(value)}; expected keys with values."
            self._error("wrong_type", message, place_of(document, (SETTINGS,)), "")
            return
        for key in first_few(key for key in value if key not in KEYS):
            remedy = did_you_mean(key, KEYS) or f"Settings are {one_of(sorted(KEYS))}."
            message = f"There is no setting {show(key)}."
            self._error("unknown_key", message, key_place_of(value, key), _meant(key) or remedy)
        for key in sorted(KEYS & value.keys()):
            self._add_setting(value, key, value[key])

    def _add_setting(self, owner: Mapping[str, Any], key: str, value: Any) -> None:
        where = place_of(owner, (key,))
        if key in self.settings:
            first = self.settings.place(key)
            message = f"The setting {key!r} is given twice; it stands first at {first}."
            self._error("duplicate_key", message, where, "Keep one of the two.")
            return
        self.settings[key] = value
        self.settings.places[key] = where

    def _unknown(self, document: Mapping[str, Any], key: object, *, with_settings: bool) -> None:
        known = [*LIST_KINDS, *(sorted(KEYS) if with_settings else ())]
        remedy = _meant(key) or did_you_mean(key, known) or f"Known are {one_of(known)}."
        if key in KEYS or key == SETTINGS:
            remedy = "It is a setting; move it to apportion.yaml."
        # A list under a misspelt name is a hole, and checks would speak of nothing else.
        self.complete &= not isinstance(document[key], list)  # type: ignore[index]
        message = f"The key {show(key)} means nothing here."
        self._error("unknown_key", message, key_place_of(document, key), remedy)

    def _error(self, code: str, message: str, where: Place, remedy: str) -> None:
        self.findings.append(Finding(code, message, where, remedy))


def _meant(key: object) -> str:
    meant = SHAPE.synonyms.get(str(key), "")
    return f"Did you mean {meant!r}?" if meant else ""
