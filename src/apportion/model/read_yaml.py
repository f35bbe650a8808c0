"""YAML for people: safe, quick, and every value with its line and column.

What comes out is plain: dictionaries, lists, text, whole numbers, exact decimals, days, ``True``,
``False`` and ``None``. Three things differ from YAML at large, each to keep a slip from changing
figures: numbers are never floats; only ``true`` and ``false`` are booleans, so that the country
``NO`` stays text; digits with a leading zero stay text, so that the account ``007`` keeps its id.
What could exhaust the machine, or means something only to other programs, is refused: aliases,
tags, several documents, deep nesting, huge files.
"""

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import yaml

from apportion.findings import Finding, Place
from apportion.model.raw import Mark, RawList, RawMapping
from apportion.model.values import show

MAXIMUM_BYTES = 64 * 2**20
MAXIMUM_DEPTH = 32
MAXIMUM_VALUES = 10_000_000
MAXIMUM_DUPLICATES = 100

_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,999})(\.[0-9]{1,999})?([eE][-+]?[0-9]{1,9})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_CODEC_LIMIT = "A model file is text in UTF-8; save it as that."


def read_yaml(file: str, data: bytes, findings: list[Finding]) -> Any:
    """Read one document. ``file`` is the name that findings show.

    Gives ``None`` where the file is empty or refused; ``findings`` then says why
    (``unreadable_file``, ``unsafe_file``). A key given twice is a ``duplicate_key``, of which
    the first counts, so that reading goes on.
    """
    if len(data) > MAXIMUM_BYTES:
        findings.append(too_large(file))
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = Place(file, data.count(b"\n", 0, error.start) + 1)
        message = f"The byte {error.start} of the file is not UTF-8."
        findings.append(Finding("unreadable_file", message, where, _CODEC_LIMIT))
        return None
    if "\0" in text:
        where = Place(file, text.count("\n", 0, text.index("\0")) + 1)
        message = "The file holds a NUL character, so it is not a text file."
        findings.append(Finding("unreadable_file", message, where, _CODEC_LIMIT))
        return None
    return _compose(file, text, findings)


def too_large(file: str) -> Finding:
    """Say that a file is beyond what a model file may hold."""
    return Finding(
        "unsafe_file",
        f"The file is larger than {MAXIMUM_BYTES // 2**20} MB.",
        Place(file),
        "Split it into several files, or give nodes and edges as Parquet.",
    )


def _compose(file: str, text: str, findings: list[Finding]) -> Any:
    # The parser in C takes a second where the one in Python takes a minute.
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    composer = _Composer(file, findings)
    try:
        return composer.document(yaml.parse(text, Loader=loader))
    except _RefusedError as refused:
        findings.append(refused.finding)
    except yaml.MarkedYAMLError as error:
        findings.append(_syntax(file, error))
    except yaml.YAMLError as error:
        position = getattr(error, "position", 0)
        where = Place(file, text.count("\n", 0, position) + 1)
        findings.append(Finding("unreadable_file", f"Not YAML: {error}.", where, _CODEC_LIMIT))
    return None


class _RefusedError(Exception):
    """Reading this file ends here."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


class _Composer:
    """Builds values from the parser's events, without recursion."""

    def __init__(self, file: str, findings: list[Finding]) -> None:
        self.file = file
        self.findings = findings
        self.documents = 0
        self.duplicates = 0
        self.root: list[Any] = []
        self.open: list[RawMapping | RawList] = []
        self.keys: list[tuple[str, Mark] | None] = []
        self.known: dict[str, Any] = dict(_WORDS)

    def document(self, events: Iterable[Any]) -> Any:
        """Take all events; give the value of the one document."""
        for number, event in enumerate(events):
            kind = type(event)
            if kind is yaml.ScalarEvent:
                self._scalar(event)
            elif kind is yaml.MappingStartEvent:
                self._begin(event, RawMapping(self.file, event.start_mark))
            elif kind is yaml.SequenceStartEvent:
                self._begin(event, RawList(self.file, event.start_mark))
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                self.open.pop()
                self.keys.pop()
            elif kind is yaml.AliasEvent:
                raise self._alias(event)
            elif kind is yaml.DocumentStartEvent:
                self._count_document(event)
            if number > MAXIMUM_VALUES:
                message = f"The file holds more than {MAXIMUM_VALUES:,} values."
                raise self._refused(event, "unsafe_file", message, "Split it into several files.")
        return self.root[0] if self.root else None

    def _scalar(self, event: Any) -> None:
        if event.anchor is not None:
            raise self._alias(event)
        if event.tag is not None:
            self._refuse_tag(event)
        text = event.value
        if self.open and self.keys[-1] is None and type(self.open[-1]) is RawMapping:
            self.keys[-1] = (text, event.start_mark)
            return
        if event.implicit[0]:
            known = self.known
            if text not in known:
                known[text] = _plain(text)
            text = known[text]
        self._add(text, event.start_mark)

    def _add(self, value: Any, mark: Mark) -> None:
        if not self.open:
            self.root.append(value)
            return
        parent = self.open[-1]
        if type(parent) is RawList:
            parent.append(value)
            parent.marks.append(mark)
            return
        key = self.keys[-1]
        self.keys[-1] = None
        if key is None:
            message = "A list or mapping stands where a key should."
            remedy = "Put quotes around text that holds braces or brackets."
            raise _RefusedError(
                Finding("unreadable_file", message, _place(self.file, mark), remedy)
            )
        name, key_mark = key
        if name in parent:
            self._duplicate(parent, name, key_mark)
        else:
            parent[name] = value  # type: ignore[call-overload]
            parent.marks += (key_mark, mark)

    def _begin(self, event: Any, container: RawMapping | RawList) -> None:
        if event.anchor is not None:
            raise self._alias(event)
        if event.tag is not None:
            self._refuse_tag(event)
        if len(self.open) >= MAXIMUM_DEPTH:
            message = f"Values are nested deeper than {MAXIMUM_DEPTH} levels."
            raise self._refused(event, "unsafe_file", message, "No model needs so many.")
        self._add(container, event.start_mark)
        self.open.append(container)
        self.keys.append(None)

    def _count_document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            message = "A second document begins; a file holds one."
            remedy = "Remove the line of three dashes, or split the file there."
            raise self._refused(event, "unreadable_file", message, remedy)

    def _duplicate(self, parent: Any, name: str, mark: Mark) -> None:
        self.duplicates += 1
        if self.duplicates > MAXIMUM_DUPLICATES:
            message = f"More than {MAXIMUM_DUPLICATES} keys are given twice; reading ends here."
            raise _RefusedError(Finding("duplicate_key", message, _place(self.file, mark)))
        first = parent.key_place(name)
        self.findings.append(
            Finding(
                "duplicate_key",
                f"The key {show(name)} is given twice; it stands first at {first}.",
                _place(self.file, mark),
                "Keep one of the two.",
                details={"key": name, "first": first},
            )
        )

    def _alias(self, event: Any) -> _RefusedError:
        message = "An anchor (&) or alias (*) is used; they could make a small file huge."
        remedy = "Write the value out, or put quotes around text that begins with & or *."
        return self._refused(event, "unsafe_file", message, remedy)

    def _refuse_tag(self, event: Any) -> None:
        message = f"The tag {show(event.tag)} means nothing here."
        remedy = "Remove it, or put quotes around text that begins with !."
        self.findings.append(self._refused(event, "unreadable_file", message, remedy).finding)

    def _refused(self, event: Any, code: str, message: str, remedy: str) -> _RefusedError:
        return _RefusedError(Finding(code, message, _place(self.file, event.start_mark), remedy))


def _plain(text: str) -> Any:
    """What text without quotes stands for."""
    if not (text[0].isdigit() or text[0] == "-"):
        return text
    number = _NUMBER.fullmatch(text)
    try:
        if number is None:
            # A day that no calendar has stays text, and is refused wherever a day is wanted.
            return date.fromisoformat(text) if _DAY.fullmatch(text) else text
        return Decimal(text) if number[2] or number[3] else int(text)
    except (ValueError, InvalidOperation):
        return text


def _place(file: str, mark: Mark) -> Place:
    return Place(file, mark.line + 1, mark.column + 1)


def _syntax(file: str, error: yaml.MarkedYAMLError) -> Finding:
    problem = str(error.problem)
    sentence, remedy = f"Not YAML: {problem}.", "Look at the indentation, colons and quotes here."
    for part, explained in _EXPLAINED.items():
        if part in problem:
            sentence, remedy = explained
            break
    # Of what is never closed, the beginning is of use, and not the end of the file.
    unclosed = "end of stream" in problem and error.context_mark is not None
    mark = error.context_mark if unclosed else error.problem_mark or error.context_mark
    where = _place(file, mark) if mark is not None else Place(file)
    return Finding("unreadable_file", sentence, where, remedy)


_INDENTATION = (
    "The line does not fit those above it.",
    "Look at the indentation: keys of one mapping, and dashes of one list, stand in one column.",
)
_EXPLAINED = {
    "cannot start any token": (
        "A character stands here that can begin no value.",
        "Use spaces, never tabs, and put quotes around text that begins with @, ` or %.",
    ),
    "mapping values are not allowed": (
        "A colon stands where no key can be.",
        "Put quotes around text that holds a colon and a space, and look at the indentation.",
    ),
    "expected <block end>": _INDENTATION,
    "did not find expected key": _INDENTATION,
    "did not find expected '-' indicator": _INDENTATION,
    "did not find expected ',' or '}'": (
        "A brace is not closed, or a comma is missing.",
        "Put commas between entries and close each brace.",
    ),
    "did not find expected ',' or ']'": (
        "A bracket is not closed, or a comma is missing.",
        "Put commas between items and close each bracket.",
    ),
    "unexpected end of stream": ("A quote begins here that is never closed.", "Close it."),
    "could not find expected ':'": (
        "A key has no colon.",
        "Put a colon and a space after each key.",
    ),
}
