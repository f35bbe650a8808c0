"""Listings for programs: what was asked with the totals, the rows, and both as one table."""

from collections.abc import Iterator
from typing import Any

from apportion.report.csv_text import Lines
from apportion.report.listing import Listing

_AT_ONCE = 10_000


def head(found: Listing) -> dict[str, Any]:
    """What was asked, and the totals of all rows under the filters.

    Of the contributions of one node ``node_totals`` is what it received and gave on.
    """
    said = {
        "start_date": found.start,
        "end_date": found.end,
        "currency": found.currency,
        "total_rows": found.total_rows,
        "totals": dict(found.totals),
    }
    return {**said, "node_totals": dict(found.node_totals)} if found.node_totals else said


def rows(found: Listing) -> Iterator[dict[str, Any]]:
    """The rows, a few at a time, for there may be millions."""
    for batch in found.rows.to_batches(max_chunksize=_AT_ONCE):
        yield from batch.to_pylist()


def flat(found: Listing) -> Lines:
    """A table; columns tell the currency and, of rows without a date, the period."""
    names = [column.name for column in found.columns]
    about: dict[str, Any] = {"currency": found.currency}
    if "date" not in names:
        about |= {"start_date": found.start, "end_date": found.end}
    cells = ([*(row[name] for name in names), *about.values()] for row in rows(found))
    return [*names, *about], cells
