"""What each edge carried in a period."""

from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from apportion.model import Edge, Model
from apportion.reconcile.facts import window_rows
from apportion.report.column import Column, Kind
from apportion.report.listing import Listing, Wanted, filtered, list_rows, with_node_totals

# Amounts have no total: what flows along two edges in a row would count twice.
COLUMNS = (
    Column("source", "Source"),
    Column("receiver", "Receiver"),
    Column("strategy", "Strategy"),
    Column("first", "First day", Kind.DATE),
    Column("last", "Last day", Kind.DATE),
    Column("share", "Share", Kind.SHARE),
    Column("amount", "Amount", Kind.AMOUNT),
)

_EDGES = """
WITH carried AS (
    SELECT w.edge, sum(c.amount) AS amount
    FROM report_contributions AS c
    JOIN report_windows AS w
        ON w.source = c.source AND w.receiver = c.receiver AND c.date BETWEEN w.first AND w.last
    GROUP BY w.edge
),
available AS (
    SELECT w.edge, sum(a.holistic) AS holistic
    FROM allocations AS a
    JOIN report_windows AS w ON w.source = a.node AND a.date BETWEEN w.first AND w.last
    WHERE len(getvariable('report_dimensions')) = 0
       OR list_contains(getvariable('report_dimensions'), CAST(a.dimension AS VARCHAR))
    GROUP BY w.edge
)
SELECT w.edge, w.source, w.receiver, u.strategy, w.first, w.last,
       report_share(c.amount, v.holistic) AS share,
       coalesce(c.amount, 0) AS amount
FROM report_windows AS w
JOIN report_uses AS u ON u.edge = w.edge
LEFT JOIN carried AS c ON c.edge = w.edge
LEFT JOIN available AS v ON v.edge = w.edge
WHERE len(getvariable('report_nodes')) = 0
   OR list_contains(getvariable('report_nodes'), w.source)
   OR list_contains(getvariable('report_nodes'), w.receiver)
ORDER BY w.source, w.receiver, w.first
"""


def edges(
    connection: duckdb.DuckDBPyConnection, model: Model, wanted: Wanted, currency: str
) -> Listing:
    """One row per edge that is active in the period, with its days in it.

    ``share`` is what the edge carried over what its source had on those days; it is to be read,
    and null where the source had nothing. Of one node they come with what it received in all and
    gave on.
    """
    windows = seen_windows(model, wanted)
    with filtered(connection, wanted, report_windows=windows, report_uses=uses(model)):
        found = list_rows(connection, "edges", COLUMNS, _EDGES, wanted, currency)
        return with_node_totals(connection, found, wanted)


def edge_rows(
    connection: duckdb.DuckDBPyConnection, model: Model, wanted: Wanted
) -> list[dict[str, Any]]:
    """The same rows as records, all of them, with ``edge``, the position in the model's edges."""
    windows = seen_windows(model, wanted)
    with filtered(connection, wanted, report_windows=windows, report_uses=uses(model)):
        rows: list[dict[str, Any]] = connection.sql(_EDGES).to_arrow_table().to_pylist()
    return rows


def seen_windows(model: Model, wanted: Wanted) -> pa.Table:
    """The edges' days in the period. Of a model seen in part, an edge to nobody in it is none."""
    windows = window_rows(model, wanted.start, wanted.end)
    nodes = pa.array([node.id for node in model.nodes], pa.string())
    return windows.filter(pc.is_in(windows["receiver"], nodes))


def uses(model: Model) -> pa.Table:
    """The model's edges by their position: ``edge``, ``strategy``."""
    return pa.table(
        {
            "edge": pa.array(range(len(model.edges)), pa.int64()),
            "strategy": pa.array([_strategies(edge) for edge in model.edges], pa.string()),
        }
    )


def _strategies(edge: Edge) -> str:
    """The edge's strategies: its own first, then those that replace it in some dimension."""
    names = [edge.use.strategy, *(override.use.strategy for override in edge.overrides)]
    return ", ".join(dict.fromkeys(names))
