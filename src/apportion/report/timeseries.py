"""A node day by day: what it cost, and what it used."""

from typing import Any

import duckdb

from apportion.report.column import Column, Kind
from apportion.report.listing import Listing, Wanted, filtered, list_rows
from apportion.report.listing_data import rows
from apportion.report.node_figures import COLUMNS as NODE_FIGURES

COST_COLUMNS = (Column("date", "Date", Kind.DATE), *NODE_FIGURES)
USAGE_COLUMNS = (
    Column("date", "Date", Kind.DATE),
    Column("metric", "Metric"),
    Column("unit", "Unit"),
    Column("value", "Value", Kind.RATE),
)

_COST = """
SELECT date, sum(direct) AS direct, sum(indirect) AS indirect, sum(holistic) AS holistic,
       sum(given) AS given, sum(retained) AS retained
FROM report_allocations
GROUP BY date
ORDER BY date
"""

_USAGE = """
SELECT date, CAST(metric AS VARCHAR) AS metric, CAST(unit AS VARCHAR) AS unit, sum(value) AS value
FROM usage
WHERE date BETWEEN getvariable('report_start') AND getvariable('report_end')
  AND list_contains(getvariable('report_nodes'), CAST(node AS VARCHAR))
GROUP BY ALL
ORDER BY date, metric, unit
"""


def cost_by_day(
    connection: duckdb.DuckDBPyConnection, wanted: Wanted, node: str, currency: str
) -> Listing:
    """One row per day on which the node had cost, all dimensions that are wanted together."""
    alone = _of(wanted, node)
    with filtered(connection, alone):
        return list_rows(connection, "cost by day", COST_COLUMNS, _COST, alone, currency)


def usage_by_day(
    connection: duckdb.DuckDBPyConnection, wanted: Wanted, node: str, currency: str
) -> Listing:
    """One row per day, metric and unit of which the node used something, label sets together.

    The connection has the view ``usage`` beside those of the result, in the versions that the
    runs read: usage that came into the ledger after the run of a day is not in it, so that it
    explains the shares of that run. What is counted from billable usage is not in it either.
    """
    alone = _of(wanted, node)
    with filtered(connection, alone):
        return list_rows(connection, "usage by day", USAGE_COLUMNS, _USAGE, alone, currency)


def _of(wanted: Wanted, node: str) -> Wanted:
    return Wanted(wanted.start, wanted.end, (node,), wanted.dimensions, wanted.limit, wanted.after)


def as_data(node: str, cost: Listing, usage: Listing) -> dict[str, Any]:
    """Both for programs."""
    return {
        "id": node,
        "start_date": cost.start,
        "end_date": cost.end,
        "currency": cost.currency,
        "cost": list(rows([cost.rows])),
        "usage": list(rows([usage.rows])),
    }
