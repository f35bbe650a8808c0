"""The rated rows themselves, under filters: each with what it cost and why (`B8`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
from duckdb import ColumnExpression, ConstantExpression, Expression, SQLExpression

from apportion.amounts.units import RATE_DECIMALS
from apportion.rating.charges import RATED
from apportion.rating.views import CHARGES
from apportion.report import paging
from apportion.report.figures import exact_sum
from apportion.report.paging import Rows, page

_TOTALS = """
    channel AS notification_type, count(*) AS count,
    sum(notifications_sent)::BIGINT AS notifications_sent,
    sum(billable_units)::BIGINT AS billable_units,
    sum(chargeable_units)::BIGINT AS chargeable_units,
    sum(free_allowance_used)::BIGINT AS free_allowance_used,
    sum(charged_units)::BIGINT AS charged_units,
    sum(cost)::DECIMAL(38, 12) AS cost
"""
_TEXTS = {
    "rate_multiplier": "printf('%08d', rate_multiplier)",
    "international": "CAST(international AS VARCHAR)",
}
"""Columns of the key that are no texts, as texts in the same order."""

_KEY = ("date", "account", "channel", "provider", *(f"{name}_" for name in _TEXTS), "template")


@dataclass(frozen=True, slots=True)
class RowsWanted:
    """Which rated rows are asked for: of days, both ends included, of accounts, of channels.

    No names mean all; no ``limit`` means all rows after the place ``after``.
    """

    start: date
    end: date
    accounts: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    limit: int | None = None
    after: tuple[str, ...] = ()


def rated_rows(connection: duckdb.DuckDBPyConnection, wanted: RowsWanted) -> Rows:
    """A page of rows, by date, then in the order in which the allowance is used, and its end.

    Raises ``UsageError`` (``invalid_argument``) where the place is none of this list.
    """
    rows, following = page(_keyed(connection, wanted), _KEY, wanted)
    return rows.select(RATED.names).cast(RATED), following


def all_rated_rows(
    connection: duckdb.DuckDBPyConnection, wanted: RowsWanted
) -> pa.RecordBatchReader:
    """All rows in the same order, read as they are needed, never many of them at once."""

    def some(start: date, end: date, after: tuple[str, ...]) -> Rows:
        days = replace(wanted, start=start, end=end, limit=paging.PART, after=after)
        return rated_rows(connection, days)

    tables = paging.parts(some, wanted.start, wanted.end, wanted.after)
    batches = (batch for table in tables for batch in table.to_batches())
    return pa.RecordBatchReader.from_batches(RATED, batches)


def _keyed(connection: duckdb.DuckDBPyConnection, wanted: RowsWanted) -> duckdb.DuckDBPyRelation:
    texts = [SQLExpression(text).alias(f"{name}_") for name, text in _TEXTS.items()]
    return _filtered(connection, wanted).select(*map(ColumnExpression, RATED.names), *texts)


def _filtered(connection: duckdb.DuckDBPyConnection, wanted: RowsWanted) -> duckdb.DuckDBPyRelation:
    day = ColumnExpression("date")
    rows = connection.view(CHARGES).filter(
        (day >= ConstantExpression(wanted.start)) & (day <= ConstantExpression(wanted.end))
    )
    for name, values in (("account", wanted.accounts), ("channel", wanted.channels)):
        if values:
            rows = rows.filter(_is_one(name, values))
    return rows


def _is_one(name: str, values: Sequence[str]) -> Expression:
    return ColumnExpression(name).isin(*map(ConstantExpression, values))


@dataclass(frozen=True, slots=True)
class RowsTotals:
    """How many rows there are, what they sum to for each channel, and what they cost together."""

    rows: int
    channels: tuple[Mapping[str, Any], ...]
    cost: Decimal


def totals(connection: duckdb.DuckDBPyConnection, wanted: RowsWanted) -> RowsTotals:
    """What all rows under the filters sum to: units of different channels are never added."""
    summed = _filtered(connection, wanted).aggregate(_TOTALS, "channel").order("notification_type")
    found = summed.to_arrow_table().to_pylist()
    counted = sum(each.pop("count") for each in found)
    cost = exact_sum([Decimal(0).scaleb(-RATE_DECIMALS), *(each["cost"] for each in found)])
    return RowsTotals(counted, tuple(found), cost)
