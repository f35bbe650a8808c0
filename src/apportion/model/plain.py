"""Single values as plain data, written in one way only."""

from datetime import date
from decimal import Decimal
from typing import Any


def filled(record: dict[str, Any]) -> dict[str, Any]:
    """Only what says something: an absent key and an empty one mean the same."""
    return {key: value for key, value in record.items() if value not in (None, "", [], {}, False)}


def decimal_text(number: Decimal) -> str:
    """A decimal without exponent or trailing zeros, so that 25 and 25.0 are the same."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def day_text(day: date | None) -> str | None:
    """A day as ``YYYY-MM-DD``."""
    return None if day is None else day.isoformat()
