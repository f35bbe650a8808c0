"""The days that rows of billable usage are of, and those that their file speaks for."""

from collections.abc import Iterable
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc


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
