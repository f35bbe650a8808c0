"""What each edge carried, day by day."""

from dataclasses import replace

import duckdb

from apportion.model import Model
from apportion.reconcile.exact import zero
from apportion.report.column import Column, Kind
from apportion.report.listing import Listing, Wanted, filtered, list_rows

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

# Of the node's own rows: who may not see to whom it gave on still sees how much.
_NODE_TOTALS = "SELECT sum(indirect), sum(given) FROM report_allocations"


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
        if len(wanted.nodes) != 1:
            return found
        sums = connection.execute(_NODE_TOTALS).fetchall()[0]
    nothing = zero(found.scale)
    received, given = (nothing if each is None else each for each in sums)
    return replace(found, node_totals={"received": received, "given": given})
