"""Answers as JSON, in one way for everybody who gives them out."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, is_dataclass
from datetime import date
from decimal import Decimal
from typing import Any


def plain(value: Any) -> Any:
    """What JSON holds instead of a value it does not know, as ``json.dumps(default=plain)`` asks.

    Amounts become decimal text with all their digits, dates ISO, records objects.

    >>> import json
    >>> json.dumps([Decimal("1E+3"), date(2024, 2, 29)], default=plain)
    '["1000", "2024-02-29"]'

    Raises ``TypeError`` for what has no JSON.
    """
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Iterable):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no JSON")


def object_with_rows(head: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """One object with the head's keys and ``rows``, one a line, in pieces of text as they come.

    >>> print("".join(object_with_rows({"total": Decimal("0.50")}, [{"id": 1}, {"id": 2}])), end="")
    {"total": "0.50", "rows": [
    {"id": 1},
    {"id": 2}
    ]}
    """
    yield json.dumps(head, default=plain)[:-1] + ', "rows": ['
    separator = "\n"
    for row in rows:
        yield separator + json.dumps(row, default=plain)
        separator = ",\n"
    yield "\n]}\n"
