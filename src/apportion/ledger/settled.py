"""What counts after a change of deliveries, and the rows of costs that are made anew for it."""

from dataclasses import dataclass

import duckdb
import pyarrow as pa

from apportion import database
from apportion.ledger.bill_lines import DELIVERY_PARTS
from apportion.ledger.disk import Store
from apportion.ledger.record_ingest import Replaced
from apportion.ledger.schemas import INGESTS
from apportion.ledger.standing import columns_asked, register_standing
from apportion.ledger.store import next_sequence, read

TOUCHED = pa.schema(
    [
        ("source", pa.string()),
        ("period", pa.string()),
        ("is_bill", pa.bool_()),
        ("day", pa.date32()),
    ]
)
"""Parts whose bill, or day of plain costs, a change is about."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change of what counts, as it will be recorded."""

    change: str
    kind: str
    delivery: str
    cost_column: str = ""
    """Which cost column was asked for, where the delivery is new."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What will count of the bills and days that a change touches.

    ``taken`` are the parts of deliveries (see ``derived_costs``), ``replaced`` the rows of costs
    that are made of them.
    """

    taken: pa.Table
    replaced: tuple[Replaced, ...]


# Rows of plain costs are found by stretches of days, so all days of a stretch are made anew.
_STRETCHES = """
    CREATE TABLE stretches AS
    SELECT source, is_bill, CASE WHEN is_bill THEN period ELSE '' END AS period,
           CASE WHEN NOT is_bill THEN min(day) END AS first,
           CASE WHEN NOT is_bill THEN max(day) END AS last
    FROM touched GROUP BY source, is_bill, CASE WHEN is_bill THEN period ELSE '' END
"""
_TAKEN = """
    SELECT DISTINCT c.delivery, c.source, c.period, c.is_bill, c.day, c.kept_in, c.kept_bill,
           coalesce(nullif(columns.cost_column, ''), $cost_column) AS cost_column
    FROM counting AS c JOIN columns USING (delivery) SEMI JOIN stretches AS s
    ON c.source = s.source AND c.is_bill = s.is_bill
       AND (c.period = s.period OR NOT c.is_bill AND c.day BETWEEN s.first AND s.last)
    ORDER BY ALL
"""
_REPLACED = "SELECT source, period, first, last FROM stretches ORDER BY ALL"


def settled(
    store: Store, change: Change, new_parts: pa.Table, touched: pa.Table, cost_column: str
) -> Settled:
    """What will count once a change is recorded, of what it touches.

    ``new_parts`` are rows that come to ``delivery_parts`` with it; ``cost_column`` is the
    workspace's.
    """
    connection = database.connect()
    changes = read(store, INGESTS, columns=["sequence", "ingest_id", "kind", "delivery"])
    row = {
        "sequence": next_sequence(store, INGESTS),
        "ingest_id": change.change,
        "kind": change.kind,
        "delivery": change.delivery,
    }
    changes = pa.concat_tables([changes, pa.Table.from_pylist([row], changes.schema)])
    parts = pa.concat_tables([read(store, DELIVERY_PARTS), new_parts])
    register_standing(connection, parts, changes)
    connection.register("columns", asked_columns(store, change))
    replaced = _stretches(connection, touched)
    taken = connection.sql(_TAKEN, params={"cost_column": cost_column}).to_arrow_table()
    return Settled(taken, replaced)


def stretches_of(touched: pa.Table) -> tuple[Replaced, ...]:
    """The rows of costs that are made of ``touched`` parts, and of all days between them."""
    return _stretches(database.connect(), touched)


def _stretches(connection: duckdb.DuckDBPyConnection, touched: pa.Table) -> tuple[Replaced, ...]:
    connection.register("touched", touched)
    connection.execute(_STRETCHES)
    return tuple(
        Replaced(source=source, period=period, first=first, last=last)
        for source, period, first, last in connection.execute(_REPLACED).fetchall()
    )


def asked_columns(store: Store, change: Change | None = None) -> pa.Table:
    """The cost column that was asked for with each delivery; empty for the workspace's."""
    known = columns_asked(store)
    if change is None or change.kind != "delivery":
        return known
    mine = {"delivery": [change.delivery], "cost_column": [change.cost_column]}
    return pa.concat_tables([known, pa.table(mine, known.schema)])
