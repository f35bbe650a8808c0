"""Values as they were read, before anything is known of their meaning, with where they stood.

A reader gives ordinary dictionaries and lists; these subclasses add only the place, so that a
model given as a dictionary and one read from files are built by the same code.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from apportion.findings import MEMORY, Place


class Mark(Protocol):
    """A spot in a text, counted from 0."""

    @property
    def line(self) -> int:
        """The line, counted from 0."""

    @property
    def column(self) -> int:
        """The column, counted from 0."""


class Located:
    """Something that knows where it and its parts were written.

    A base class and not a protocol, because each of 100,000 records is asked whether it is one.
    """

    __slots__ = ()

    def place(self, step: Any = None) -> Place:
        """Where the part ``step`` stands; without one, or where it is unknown, the whole."""
        raise NotImplementedError


class Unread:
    """Stands for a value that could not be read, which a finding has said already."""


UNREAD = Unread()


class RawMapping(dict[str, Any], Located):
    """A mapping of a YAML file.

    ``marks`` holds the marks of key and value in turn, in the order of the keys: a list is the
    cheapest thing to fill, and places are looked up only for findings.
    """

    __slots__ = ("_positions", "file", "mark", "marks")

    def __init__(self, file: str, mark: Mark) -> None:
        """Begin an empty mapping at a mark."""
        super().__init__()
        self.file = file
        self.mark = mark
        self.marks: list[Mark] = []
        self._positions: dict[str, int] = {}

    def place(self, step: Any = None) -> Place:
        """Where the value of a key stands, or the mapping."""
        return self._place(step, 1)

    def key_place(self, key: str) -> Place:
        """Where a key stands."""
        return self._place(key, 0)

    def _place(self, key: Any, offset: int) -> Place:
        mark = self.mark
        if key in self:
            # A mapping of a million wrong keys is asked a million times.
            if len(self._positions) < len(self):
                self._positions = {name: position for position, name in enumerate(self)}
            mark = self.marks[2 * self._positions[key] + offset]
        return Place(self.file, mark.line + 1, mark.column + 1)


class RawList(list[Any], Located):
    """A list of a YAML file; ``marks`` holds the mark of each item."""

    __slots__ = ("file", "mark", "marks")

    def __init__(self, file: str, mark: Mark) -> None:
        """Begin an empty list at a mark."""
        super().__init__()
        self.file = file
        self.mark = mark
        self.marks: list[Mark] = []

    def place(self, step: Any = None) -> Place:
        """Where an item stands, or the list."""
        known = isinstance(step, int) and 0 <= step < len(self.marks)
        mark = self.marks[step] if known else self.mark
        return Place(self.file, mark.line + 1, mark.column + 1)


class RawRow(dict[str, Any], Located):
    """A record that knows its line in a CSV file, or its number in a Parquet file or a list."""

    __slots__ = ("file", "line")

    def __init__(self, file: str, line: int, cells: Mapping[str, Any]) -> None:
        """Keep the cells with their place."""
        super().__init__(cells)
        self.file = file
        self.line = line

    def place(self, step: Any = None) -> Place:  # noqa: ARG002
        """Where the row stands, whichever of its cells is meant."""
        return Place(self.file, self.line)


class RawSettings(dict[str, Any], Located):
    """Settings, gathered from wherever they were given."""

    __slots__ = ("places",)

    def __init__(self) -> None:
        """Begin with none."""
        super().__init__()
        self.places: dict[str, Place] = {}

    def place(self, step: Any = None) -> Place:
        """Where a setting was given."""
        return self.places.get(step, MEMORY)


def place_of(raw: object, path: Sequence[object] = ()) -> Place:
    """Where the value at the end of a path stands, or the nearest thing around it."""
    found = raw.place() if isinstance(raw, Located) else MEMORY
    for step in path:
        if not isinstance(raw, Located):
            break
        found = raw.place(step)
        try:
            raw = raw[step]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            break
    return found


def key_place_of(raw: object, key: object) -> Place:
    """Where a key itself stands, which is what an unknown key is about."""
    if isinstance(raw, RawMapping) and isinstance(key, str):
        return raw.key_place(key)
    return place_of(raw)
