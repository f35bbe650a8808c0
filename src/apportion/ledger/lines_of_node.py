"""Which deliveries and bills a node's direct cost was made of, and what of it has no lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa

from apportion.ledger.bill_lines import BILL_LINES, DELIVERIES, DELIVERY_PARTS
from apportion.ledger.disk import Store
from apportion.ledger.lines import lines_view
from apportion.ledger.runs import VERSIONED, pins_of
from apportion.ledger.schemas import COSTS, INGESTS
from apportion.ledger.standing import register_standing
from apportion.ledger.store import files, is_made, read
from apportion.ledger.views import table_view


@dataclass(frozen=True, slots=True)
class NodeRows:
    """The rows of ``costs`` of a node: of which days, and their sums by currency.

    ``sums`` has a row a currency: the code, the direct cost whose lines are kept, the direct cost
    whose lines were never kept, and the number of the rows of the latter.
    """

    start: date
    end: date
    sums: tuple[tuple[Any, ...], ...]


def input_of_lines(connection: duckdb.DuckDBPyConnection, store: Store) -> int:
    """Make views ``costs``, ``counting`` and ``known_deliveries`` of one and the same moment.

    Gives the version of the lines that counts then.
    """
    versions = [f"{table.name}_version" for table in VERSIONED]
    names = ["sequence", "ingest_id", "kind", "delivery", *versions]
    changes = read(store, INGESTS, columns=names)
    pins = pins_of(changes)
    table_view(connection, COSTS, files(store, COSTS, pins[COSTS.name]))
    for table, name in ((DELIVERY_PARTS, ""), (DELIVERIES, "known_deliveries")):
        # A ledger of an older program has none.
        rows = read(store, table) if is_made(store, table) else table.schema.empty_table()
        if name:
            connection.register(name, rows)
        else:
            register_standing(connection, rows, changes)
    return pins[BILL_LINES.name]


_ROWS = """
    CREATE TABLE node_rows AS
    SELECT costs.*, EXISTS (
        SELECT 1 FROM counting AS c WHERE c.source = costs.source
           AND CASE WHEN costs.period = '' THEN NOT c.is_bill AND c.day = costs.date
                    ELSE c.is_bill AND c.period = costs.period END
    ) AS kept
    FROM costs
    WHERE node = $node AND ($start IS NULL OR date >= $start) AND ($end IS NULL OR date <= $end)
      AND (len($dimensions) = 0 OR list_contains($dimensions, dimension))
"""
_DAYS = "SELECT coalesce($start, min(date)), coalesce($end, max(date)) FROM node_rows"
_SUMS = """
    SELECT currency, coalesce(sum(amount) FILTER (kept), 0::DECIMAL(38, 9)),
           coalesce(sum(amount) FILTER (NOT kept), 0::DECIMAL(38, 9)), count_if(NOT kept)
    FROM node_rows GROUP BY currency ORDER BY currency
"""


def rows_of_node(
    connection: duckdb.DuckDBPyConnection,
    node: str,
    start: date | None,
    end: date | None,
    dimensions: Sequence[str],
) -> NodeRows | None:
    """Make ``node_rows`` of the views of ``input_of_lines``; None where there is no such row.

    Days that were not asked for are the first and the last with such cost.
    """
    days = {"start": start, "end": end}
    connection.execute(_ROWS, {"node": node, **days, "dimensions": list(dimensions)})
    sums = connection.execute(_SUMS).fetchall()
    if not sums:
        return None
    first, last = connection.execute(_DAYS, days).fetchall()[0]
    return NodeRows(first, last, tuple(sums))


# A charge belongs to the day on which it begins, and may reach into the days asked for.
_TAKEN = """
    SELECT DISTINCT c.delivery, c.source, c.period, c.is_bill, c.day, c.kept_in, c.kept_bill,
           coalesce(nullif(d.cost_column, ''), $cost_column) AS cost_column
    FROM counting AS c JOIN known_deliveries AS d USING (delivery)
    WHERE c.day <= $end AND EXISTS (
        SELECT 1 FROM node_rows AS r WHERE r.kept AND r.source = c.source
           AND CASE WHEN c.is_bill THEN r.period = c.period
                    ELSE r.period = '' AND r.date = c.day END
    )
"""


def deliveries_behind(
    connection: duckdb.DuckDBPyConnection, end: date, cost_column: str
) -> pa.Table:
    """The parts of deliveries that ``node_rows`` was made of, as ``derived_costs`` wants them.

    ``cost_column`` counts where a delivery has not asked for another.
    """
    found = connection.sql(_TAKEN, params={"end": end, "cost_column": cost_column})
    return found.to_arrow_table()


def kept_behind(
    connection: duckdb.DuckDBPyConnection, store: Store, taken: pa.Table, at_version: int
) -> None:
    """Make the view ``kept`` of the lines of these deliveries and months, placed."""
    # A bill's lines lie with the month in which its period begins, plain costs with their day's.
    columns = (taken[name].to_pylist() for name in ("is_bill", "period", "day"))
    months = {
        (period if is_bill else day.isoformat())[:7]
        for is_bill, period, day in zip(*columns, strict=True)
    }
    held = set(taken["kept_in"].to_pylist())
    lines_view(connection, store, held, at_version, months=months, placed=True)
