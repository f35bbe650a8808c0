"""Tables as CSV that a spreadsheet may open: no text cell can act as a formula."""

import csv
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, TextIO

Lines = tuple[Sequence[str], Iterable[Sequence[Any]]]
"""A table to be written: the names of its columns, and its rows."""

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def harmless(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would take for a formula.

    >>> harmless("=1+1"), harmless("checkout")
    ("'=1+1", 'checkout')
    """
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def write_csv(stream: TextIO, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a header and rows; amounts with all their digits, dates as ISO, nothing as empty."""
    # Python before 3.13 quotes a lone carriage return only where the line ends with one.
    lines = SimpleNamespace(write=lambda line: stream.write(line.removesuffix("\r\n") + "\n"))
    writer = csv.writer(lines, lineterminator="\r\n")
    writer.writerow(map(harmless, names))
    for row in rows:
        writer.writerow(map(_cell, row))


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else value
