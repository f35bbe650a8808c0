"""What each node had, received, gave on and kept, day by day."""

import duckdb

from apportion.model import Model
from apportion.report.column import Column, Kind
from apportion.report.listing import Listing, Wanted, filtered, list_rows
from apportion.report.node_figures import COLUMNS as NODE_FIGURES

COLUMNS = (
    Column("date", "Date", Kind.DATE),
    Column("node", "Node"),
    Column("dimension", "Dimension"),
    *NODE_FIGURES,
)

_KEY = ("date", "dimension", "node")

_ALLOCATIONS = """
SELECT date, node, dimension, direct, indirect, holistic, given, retained
FROM report_allocations
"""


def allocations(
    connection: duckdb.DuckDBPyConnection, _: Model, wanted: Wanted, currency: str
) -> Listing:
    """One row per node, date and dimension with cost (`A17`)."""
    with filtered(connection, wanted):
        return list_rows(connection, "allocations", COLUMNS, _ALLOCATIONS, wanted, currency, _KEY)
