"""Which deliveries count, told by the order of what happened (`D4`, `D6`).

A delivery counts from its row in ``ingests`` on. What supersedes stands in place of all that
counted of the same source and period before; what adds stands beside it. A delivery that was
withdrawn counts no more, and what it had superseded counts again.
"""

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from apportion import database
from apportion.ledger.bill_lines import DELIVERIES, DELIVERY_PARTS
from apportion.ledger.disk import Store, damaged
from apportion.ledger.schemas import INGESTS
from apportion.ledger.store import is_made, read

_STANDING = """
    CREATE VIEW standing AS
    WITH latest AS (
        SELECT delivery, max(sequence) AS sequence, max_by(ingest_id, sequence) AS change,
               max_by(coalesce(kind, 'delivery'), sequence) AS kind
        FROM changes WHERE delivery IS NOT NULL GROUP BY delivery
    ),
    active AS (
        SELECT parts.*, latest.sequence
        FROM parts JOIN latest USING (delivery, change) WHERE kind <> 'withdrawal'
    ),
    cut AS (
        SELECT source, period, max(sequence) AS since
        FROM active WHERE mode = 'supersede' GROUP BY source, period
    )
    SELECT active.*, sequence >= coalesce(since, 0) AS counts
    FROM active LEFT JOIN cut USING (source, period)
"""


def standing_views(connection: duckdb.DuckDBPyConnection, store: Store) -> None:
    """Views ``standing`` and ``counting``: parts of deliveries that are not withdrawn.

    ``standing`` has a column ``counts``; ``counting`` is those that count and have lines. Raises
    ``LedgerError`` (``damaged_ledger``).
    """
    parts = DELIVERY_PARTS.schema.empty_table()
    if is_made(store, DELIVERY_PARTS):
        parts = read(store, DELIVERY_PARTS)
    changes = read(store, INGESTS, columns=["sequence", "ingest_id", "kind", "delivery"])
    _require_parts(store, parts, changes)
    register_standing(connection, parts, changes)


def require_parts(store: Store) -> None:
    """Raise ``LedgerError`` (``damaged_ledger``) where a delivery is recorded without its parts."""
    if is_made(store, DELIVERY_PARTS):
        parts = read(store, DELIVERY_PARTS, columns=["change"])
        _require_parts(store, parts, read(store, INGESTS, columns=["ingest_id", "kind"]))


def _require_parts(store: Store, parts: pa.Table, changes: pa.Table) -> None:
    """A lost commit of the parts would otherwise be taken for a delivery without lines."""
    delivered = changes.filter(pc.equal(changes["kind"], "delivery"))["ingest_id"]
    lost = delivered.filter(pc.invert(pc.is_in(delivered, pc.unique(parts["change"]))))
    if len(lost):
        told = f"The record names the delivery {lost[0]}, of which the table 'delivery_parts' has "
        raise damaged(f"{told}nothing.", store.folder(DELIVERY_PARTS))


def register_standing(
    connection: duckdb.DuckDBPyConnection, parts: pa.Table, changes: pa.Table
) -> None:
    """The same of rows of ``delivery_parts`` and of ``ingests``."""
    connection.register("parts", parts)
    connection.register("changes", changes)
    connection.execute(_STANDING)
    connection.execute("CREATE VIEW counting AS SELECT * FROM standing WHERE counts AND lines > 0")


def connect(store: Store) -> duckdb.DuckDBPyConnection:
    """A connection with these views."""
    connection = database.connect()
    standing_views(connection, store)
    return connection


def columns_asked(store: Store) -> pa.Table:
    """The cost column that was asked for with each delivery; empty for the workspace's."""
    return read(store, DELIVERIES, columns=["delivery", "cost_column"])
