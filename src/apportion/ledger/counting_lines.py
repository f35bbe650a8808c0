"""The lines that count of some days, whosever they are."""

from datetime import date

import duckdb

from apportion.ledger.bill_lines import BILL_LINES, FACTS
from apportion.ledger.derived import counted_view
from apportion.ledger.disk import Store
from apportion.ledger.lines import lines_view
from apportion.ledger.runs import pinned_versions
from apportion.ledger.standing import columns_asked, standing_views
from apportion.ledger.store import make_tables

_TAKEN = """
    SELECT DISTINCT c.delivery, c.source, c.period, c.is_bill, c.day, c.kept_in, c.kept_bill,
           coalesce(nullif(columns.cost_column, ''), $cost_column) AS cost_column
    FROM counting AS c JOIN columns USING (delivery)
    WHERE (c.is_bill OR $plain_too) AND c.day BETWEEN coalesce($first, '-infinity'::DATE)
          AND coalesce($last, 'infinity'::DATE)
    ORDER BY ALL
"""


def counting_bill_lines(
    connection: duckdb.DuckDBPyConnection,
    store: Store,
    cost_column: str,
    first: date | None = None,
    last: date | None = None,
    *,
    plain_too: bool = False,
) -> None:
    """Make the view ``lines`` of the lines of bills whose charges begin on some days.

    It has the columns of ``bill_lines``, ``source``, ``period`` and ``cost``. Lines of plain costs,
    which no mapping moves, are left out unless they are asked for: their ``period`` is the id of
    their delivery. Raises ``LedgerError``.
    """
    make_tables(store, FACTS)
    standing_views(connection, store)
    connection.register("columns", columns_asked(store))
    asked = {
        "cost_column": cost_column,
        "first": first,
        "last": last,
        "plain_too": plain_too,
    }
    taken = connection.sql(_TAKEN, params=asked).to_arrow_table()
    version = pinned_versions(store)[BILL_LINES.name]
    lines_view(connection, store, set(taken["kept_in"].to_pylist()), version)
    counted_view(connection, taken)
