"""Listings for programs: what was asked with the totals, the rows, and both as one table."""

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

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


def rows(tables: Iterable[pa.Table]) -> Iterator[dict[str, Any]]:
    """The rows of tables, a few at a time, for there may be millions."""
    for table in tables:
        for batch in table.to_batches(max_chunksize=_AT_ONCE):
            yield from batch.to_pylist()


def flat(found: Listing, tables: Iterable[pa.Table]) -> Lines:
    """The rows of a listing; columns tell the currency and, without a date, the period."""
    names = [column.name for column in found.columns]
    about: dict[str, Any] = {"currency": found.currency}
    if "date" not in names:
        about |= {"start_date": found.start, "end_date": found.end}
    cells = ([*(row[name] for name in names), *about.values()] for row in rows(tables))
    return [*names, *about], cells
