"""What is known of a file once it was looked at, and what it may cost to read."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from apportion.findings import Finding, Place


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may cost to read: bytes out of it, bytes out per byte in, columns, a line.

    A Parquet file of more than ``harmless_rows`` may have ``rows_per_byte``: no bill whose lines
    differ in amount or moment comes near that, and reading takes time by rows, not by bytes.
    """

    bytes_out: int = 20 * 2**30
    ratio: int = 250
    columns: int = 2_000
    rows: int = 2 * 10**9
    harmless_rows: int = 5 * 10**6
    rows_per_byte: int = 8
    line: int = 2**20
    json: int = 2**29


LIMITS = Limits()
"""For files of people who have the machine to themselves."""


class Shape(StrEnum):
    """How a file is laid out."""

    CSV = "CSV"
    PARQUET = "Parquet"
    JSON = "JSON"


class Holds(StrEnum):
    """What the cells of a column are. Those of a CSV file are all text."""

    TEXT = "text"
    NUMBER = "number"
    DOUBLE = "double"
    FLOAT = "float"
    FLAG = "flag"
    MOMENT = "moment"
    DAY = "day"
    PAIRS = "pairs"
    STRUCT = "struct"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file. ``position`` counts from 0; ``holds`` says what is in it.

    ``nulls`` are the words that stand for nothing in it, in small letters. ``plain`` is how queries
    read a cell that is stored in a type they cannot work with; ``{}`` stands for the cell.
    """

    name: str
    position: int
    holds: Holds
    nulls: tuple[str, ...] = ("",)
    plain: str = ""

    @property
    def id(self) -> str:
        """What queries call the column, whatever the file calls it."""
        return f"c{self.position}"


@dataclass(frozen=True, slots=True)
class SafeFile:
    """A file that may be read. ``name`` is for people, ``path`` is in the private folder.

    ``plain`` is a copy for the query engine, where the file has numbers that it cannot read.
    """

    name: str
    path: Path
    shape: Shape
    columns: tuple[Column, ...] = ()
    plain: Path | None = None

    def find(self, name: str) -> Column | None:
        """The column of that name, if the file has it."""
        return next((column for column in self.columns if column.name == name), None)


class RefusedError(Exception):
    """A file cannot be used. Whoever named it makes a finding of it."""

    def __init__(self, code: str, message: str, remedy: str = "", line: int = 0) -> None:
        """Keep the parts of the finding."""
        super().__init__(message)
        self.code, self.message, self.remedy, self.line = code, message, remedy, line

    def finding(self, name: str) -> Finding:
        """The same, with the file's name."""
        return Finding(self.code, self.message, Place(name, self.line), self.remedy)
