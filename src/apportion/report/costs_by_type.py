"""What the nodes of each type had, received, gave on and kept."""

import duckdb

from apportion.model import Model
from apportion.report.column import Column, Kind
from apportion.report.listing import Listing, Wanted, filtered, list_rows
from apportion.report.node_figures import COLUMNS as NODE_FIGURES
from apportion.report.nodes import declared

COLUMNS = (
    Column("type", "Type"),
    Column("nodes", "Nodes", Kind.COUNT),
    *NODE_FIGURES,
)

_BY_TYPE = """
SELECT coalesce(n.type, 'unmapped') AS type, count(DISTINCT a.node) AS nodes,
       sum(a.direct) AS direct, sum(a.indirect) AS indirect, sum(a.holistic) AS holistic,
       sum(a.given) AS given, sum(a.retained) AS retained
FROM report_allocations AS a
LEFT JOIN report_nodes_declared AS n ON n.node = a.node
GROUP BY coalesce(n.type, 'unmapped')
ORDER BY direct DESC, type
"""


def costs_by_type(
    connection: duckdb.DuckDBPyConnection, model: Model, wanted: Wanted, currency: str
) -> Listing:
    """One row per type with cost in the period, ``unmapped`` among them; the dearest first.

    Direct sums to all cost, and so does retained. ``nodes`` counts those with cost.
    """
    with filtered(connection, wanted, report_nodes_declared=declared(model)):
        return list_rows(connection, "costs by type", COLUMNS, _BY_TYPE, wanted, currency)
