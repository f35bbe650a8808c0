"""Which share each receiver got of its sources, on which days, by which strategy."""

import duckdb
import pyarrow as pa

from apportion.model import Model
from apportion.reconcile.facts import window_rows
from apportion.report.column import Column, Kind
from apportion.report.listing import Listing, Wanted, filtered, list_rows

COLUMNS = (
    Column("source", "Source"),
    Column("receiver", "Receiver"),
    Column("dimension", "Dimension"),
    Column("strategy", "Strategy"),
    Column("first", "First day", Kind.DATE),
    Column("last", "Last day", Kind.DATE),
    Column("days", "Days", Kind.COUNT),
    Column("share", "Share", Kind.SHARE),
)

_SHARES = """
WITH used AS (
    SELECT c.source, c.receiver, c.dimension, c.date, c.share, coalesce(w.edge, -1) AS edge
    FROM report_contributions AS c
    LEFT JOIN report_windows AS w
        ON w.source = c.source AND w.receiver = c.receiver AND c.date BETWEEN w.first AND w.last
),
changes AS (
    SELECT *, share IS DISTINCT FROM lag(share) OVER stretch AS changed
    FROM used
    WINDOW stretch AS (PARTITION BY source, receiver, dimension, edge ORDER BY date)
),
numbered AS (
    SELECT *, count(*) FILTER (WHERE changed) OVER (
        PARTITION BY source, receiver, dimension, edge ORDER BY date ROWS UNBOUNDED PRECEDING
    ) AS stretch
    FROM changes
)
SELECT n.source, n.receiver, n.dimension, coalesce(u.strategy, '') AS strategy,
       min(n.date) AS first, max(n.date) AS last, count(*) AS days, any_value(n.share) AS share
FROM numbered AS n
LEFT JOIN report_uses AS u ON u.edge = n.edge AND u.dimension = n.dimension
GROUP BY n.source, n.receiver, n.dimension, n.edge, n.stretch, u.strategy
ORDER BY n.source, n.dimension, n.receiver, first
"""


def shares(
    connection: duckdb.DuckDBPyConnection, model: Model, wanted: Wanted, currency: str
) -> Listing:
    """One row per edge, dimension and stretch of days on which the share stayed the same.

    ``days`` counts those days of the stretch on which the source had cost.
    """
    with filtered(connection, wanted, **_tables(connection, model, wanted)):
        return list_rows(connection, "shares", COLUMNS, _SHARES, wanted, currency)


def _tables(
    connection: duckdb.DuckDBPyConnection, model: Model, wanted: Wanted
) -> dict[str, pa.Table]:
    """The edges' days, and which strategy counts for which dimension (`A8`)."""
    distinct = "SELECT DISTINCT CAST(dimension AS VARCHAR) FROM contributions ORDER BY 1"
    names = [row[0] for row in connection.execute(distinct).fetchall()]
    windows = window_rows(model, wanted.start, wanted.end)
    positions = windows["edge"].to_pylist()
    rows = [
        (position, name, model.edges[position].use_for(name).strategy)
        for position in positions
        for name in names
    ]
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    uses = pa.table(
        [pa.array(columns[0], pa.int64()), *(pa.array(each, pa.string()) for each in columns[1:])],
        names=["edge", "dimension", "strategy"],
    )
    return {"report_windows": windows, "report_uses": uses}
