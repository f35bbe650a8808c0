"""What each node costs: what it had, received, gave on and kept."""

import duckdb
import pyarrow as pa

from apportion.model import Model
from apportion.report.column import Column, Kind
from apportion.report.listing import Listing, Wanted, filtered, list_rows
from apportion.report.node_figures import COLUMNS as NODE_FIGURES

COLUMNS = (
    Column("node", "Node"),
    Column("name", ""),
    Column("type", "Type"),
    Column("days", "Days", Kind.COUNT),
    *NODE_FIGURES,
)

_NODES = """
SELECT a.node, coalesce(n.name, a.node) AS name, coalesce(n.type, 'unmapped') AS type,
       count(DISTINCT a.date) AS days, sum(a.direct) AS direct, sum(a.indirect) AS indirect,
       sum(a.holistic) AS holistic, sum(a.given) AS given, sum(a.retained) AS retained
FROM report_allocations AS a
LEFT JOIN report_nodes_declared AS n ON n.node = a.node
GROUP BY a.node, n.name, n.type
ORDER BY holistic DESC, a.node
"""


def nodes(
    connection: duckdb.DuckDBPyConnection, model: Model, wanted: Wanted, currency: str
) -> Listing:
    """One row per node with cost in the period, the dearest first (`A17`)."""
    with filtered(connection, wanted, report_nodes_declared=declared(model)):
        return list_rows(connection, "nodes", COLUMNS, _NODES, wanted, currency)


def declared(model: Model) -> pa.Table:
    """The model's nodes: ``node``, ``name``, ``type``."""
    return pa.table(
        {
            "node": pa.array([node.id for node in model.nodes], pa.string()),
            "name": pa.array([node.name or node.id for node in model.nodes], pa.string()),
            "type": pa.array([str(node.type) for node in model.nodes], pa.string()),
        }
    )
