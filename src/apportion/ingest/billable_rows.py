"""Rows of billable usage on their way to the ledger, and the days that they speak for."""

from collections.abc import Iterable
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc

KEY = (
    "date",
    "account",
    "channel",
    "provider",
    "rate_multiplier",
    "international",
    "template",
)
ROWS = pa.schema(
    [
        ("date", pa.date32()),
        ("account", pa.string()),
        ("channel", pa.string()),
        ("provider", pa.string()),
        ("rate_multiplier", pa.int64()),
        ("international", pa.bool_()),
        ("template", pa.string()),
        ("billable_units", pa.int64()),
        ("notifications_sent", pa.int64()),
    ]
)


def days_of(rows: pa.Table) -> list[date]:
    """The days that rows are of, in order."""
    found: list[date] = sorted(pc.unique(rows["date"]).to_pylist())
    return found


def spoken_days(days: Iterable[date], period: tuple[date, date] | None) -> tuple[date, ...]:
    """The days that a file speaks for: those of the declared period, or those it names."""
    if period is None:
        return tuple(days)
    first, last = period
    return tuple(first + timedelta(days=shift) for shift in range((last - first).days + 1))
