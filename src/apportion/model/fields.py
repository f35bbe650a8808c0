"""The fields of one raw record: typed values out, findings for everything else.

A builder asks for each key it knows; what is missing, unknown or of the wrong type becomes a
finding with its place, and the record is marked broken. Nothing is raised, so that all problems
of all records are found in one pass.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import islice
from types import MappingProxyType
from typing import Any, TypeVar

from apportion.findings import MEMORY, Finding, Place
from apportion.model.raw import UNREAD, key_place_of, place_of
from apportion.model.spelling import did_you_mean, one_of
from apportion.model.values import (
    BadValueError,
    as_choice,
    as_day,
    as_decimal,
    as_flag,
    as_label,
    as_name,
    as_text,
    show,
)

T = TypeVar("T")
_READABLE = 20
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Shape:
    """What a kind of record may hold.

    ``required`` gives an example for each key that must be there, ``synonyms`` our key for what
    other programs call it, ``subject`` the record's name in messages, ``meanings`` what each key
    means, for people.
    """

    keys: frozenset[str]
    subject: Callable[[Mapping[str, Any]], str]
    required: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    synonyms: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    meanings: Mapping[str, str] = field(default_factory=lambda: _NOTHING)


class Fields:
    """A raw record being read. ``broken`` tells whether it had an error."""

    __slots__ = ("broken", "findings", "raw", "shape")

    def __init__(self, raw: Mapping[str, Any], shape: Shape, findings: list[Finding]) -> None:
        """Begin with the keys: those that mean nothing here, those that are missing."""
        self.raw = raw
        self.shape = shape
        self.findings = findings
        self.broken = False
        if not raw.keys() <= shape.keys:
            for key in first_few(key for key in raw if key not in shape.keys):
                self._unknown(key)
        for key, example in shape.required.items():
            if raw.get(key) is None:
                message = f"{self.name()} lacks {show(key)}."
                self.problem("missing_key", message, f"Add, for example, {key}: {example}.")

    def place(self, *path: object) -> Place:
        """Where the value at a path stands."""
        return place_of(self.raw, path)

    def problem(self, code: str, message: str, remedy: str = "", *path: object) -> None:
        """Note an error about the value at a path."""
        self.broken = True
        self.findings.append(Finding(code, sentence(message), self.place(*path), remedy))

    def bad(self, bad: BadValueError, value: object, *path: object) -> None:
        """Note that the value at a path cannot be used."""
        what = ".".join(str(step) for step in path if isinstance(step, str))
        message = f"{show(what)} of {self.name()} is {show(value)}; {bad.expected}."
        self.problem(bad.code, message, bad.remedy, *path)

    def name(self) -> str:
        """The record as messages call it."""
        return self.shape.subject(self.raw)

    def get(self, key: str) -> Any:
        """The raw value; none where it is absent, or could not be read and was reported then."""
        value = self.raw.get(key)
        if value is UNREAD:
            self.broken = True
            return None
        return value

    def text(self, key: str, default: str = "") -> str:
        """Text for people."""
        return self.read(key, as_text, default)

    def identifier(self, key: str) -> str:
        """An id; empty where it is missing or cannot be used."""
        return self.read(key, as_name, "")

    def day(self, key: str) -> date | None:
        """A day, or none."""
        return self.read(key, as_day, None)

    def flag(self, key: str) -> bool:
        """A boolean, false where absent."""
        return self.read(key, as_flag, default=False)

    def decimal(self, key: str) -> Decimal:
        """An exact number."""
        return self.read(key, as_decimal, Decimal(0))

    def choice(
        self, key: str, choices: Sequence[str], default: str, code: str = "invalid_value"
    ) -> str:
        """One of a few words."""
        return self.read(key, lambda value: as_choice(value, choices, code), default)

    def identifiers(self, key: str) -> list[tuple[str, Place]]:
        """One id or a list of them, each with its place."""
        value = self.get(key)
        if not isinstance(value, list | tuple):
            name = self.identifier(key)
            return [(name, self.place(key))] if name else []
        if not value:
            self.problem("invalid_value", f"{show(key)} of {self.name()} is an empty list.")
        return [
            (name, self.place(key, index))
            for index, item in enumerate(value)
            if (name := self._convert(item, as_name, "", key, index))
        ]

    def labels(self, key: str) -> Mapping[str, str]:
        """A mapping of names to text."""
        value = self.get(key)
        if value is None:
            return _NOTHING
        if not isinstance(value, Mapping):
            bad = BadValueError("wrong_type", "expected names with values", "Write {team: core}.")
            self.bad(bad, value, key)
            return _NOTHING
        return MappingProxyType(
            {
                self._convert(name, as_name, "", key): self._convert(text, as_label, "", key, name)
                for name, text in value.items()
            }
        )

    def mapping(self, key: str) -> Mapping[str, Any]:
        """A mapping, empty where absent."""
        value = self.get(key)
        if value is None:
            return {}
        if isinstance(value, Mapping):
            return value
        self.bad(BadValueError("wrong_type", "expected keys with values"), value, key)
        return {}

    def records(self, key: str) -> list[Mapping[str, Any]]:
        """A list of mappings, empty where absent."""
        before = len(self.findings)
        what = f"{show(key)} of {self.name()}"
        found = records(self.get(key), what, self.findings, self.place(key))
        self.broken |= len(self.findings) > before
        return found

    def read(self, key: str, convert: Callable[[object], T], default: T) -> T:
        """The value of a key, converted; the default where it is absent or cannot be used."""
        value = self.get(key)
        return default if value is None else self._convert(value, convert, default, key)

    def _convert(
        self, value: object, convert: Callable[[object], T], default: T, *path: object
    ) -> T:
        try:
            return convert(value)
        except BadValueError as bad:
            self.bad(bad, value, *path)
            return default

    def unknown(self, who: str, key: object, where: Place, remedy: str) -> None:
        """Note a key that means nothing where it stands."""
        self.broken = True
        message = sentence(f"{who} {show(key)}, which means nothing here.")
        self.findings.append(Finding("unknown_key", message, where, remedy, details={"key": key}))

    def _unknown(self, key: object) -> None:
        meant = self.shape.synonyms.get(str(key), "")
        guess = f"Did you mean {meant!r}?" if meant else did_you_mean(key, self.shape.keys)
        remedy = guess or f"The keys are {one_of(sorted(self.shape.keys))}."
        self.unknown(f"{self.name()} has the key", key, key_place_of(self.raw, key), remedy)


def first_few(keys: Iterable[T]) -> Iterable[T]:
    """As many unknown keys as people will read; a bomb may hold a million."""
    return islice(keys, _READABLE)


def sentence(text: str) -> str:
    """Begin with a capital, and leave names inside as they are."""
    return text[:1].upper() + text[1:]


def records(
    value: object, what: str, findings: list[Finding], where: Place
) -> list[Mapping[str, Any]]:
    """The mappings in a list; anything else is a finding. Nothing where the list is absent."""
    if value is None:
        return []
    if isinstance(value, str) or not isinstance(value, Sequence):
        message = f"{what} is {show(value)}; expected a list."
        findings.append(Finding("wrong_type", message, where, "Begin each item with a dash."))
        return []
    found: list[Mapping[str, Any]] = []
    for index, item in enumerate(value):
        if isinstance(item, Mapping):
            found.append(item)
            continue
        said = "is empty" if item is None else f"is {show(item)}; expected keys with values"
        remedy = "Remove it, or write key: value." if item is None else "Write key: value."
        place = place_of(value, (index,))
        found_at = where if place == MEMORY else place
        message = f"Item {index + 1} of {what} {said}."
        findings.append(Finding("wrong_type", message, found_at, remedy))
    return found
