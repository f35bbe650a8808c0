"""What each edge carried, day by day."""

import duckdb

from apportion.model import Model
from apportion.report.column import Column, Kind
from apportion.report.listing import Listing, Wanted, filtered, list_rows, with_node_totals

# Amounts have no total: what flows along two edges in a row would count twice.
COLUMNS = (
    Column("date", "Date", Kind.DATE),
    Column("source", "Source"),
    Column("receiver", "Receiver"),
    Column("dimension", "Dimension"),
    Column("share", "Share", Kind.SHARE),
    Column("amount", "Amount", Kind.AMOUNT),
)

_KEY = ("date", "dimension", "source", "receiver")

_CONTRIBUTIONS = """
SELECT date, source, receiver, dimension, share, amount
FROM report_contributions
"""


def contributions(
    connection: duckdb.DuckDBPyConnection, _: Model, wanted: Wanted, currency: str
) -> Listing:
    """One row per edge, date and dimension in which the source had cost.

    ``share`` is to be read; the amount counts. Of one node they come with what it received in all
    and gave on.
    """
    with filtered(connection, wanted):
        found = list_rows(
            connection, "contributions", COLUMNS, _CONTRIBUTIONS, wanted, currency, _KEY
        )
        return with_node_totals(connection, found, wanted)
