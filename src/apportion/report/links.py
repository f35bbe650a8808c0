"""The proof from the file on (`D9`): four links, each with both sides and their difference.

What the files held is what was kept of their lines; what counts of the lines is the cost by node
and day; that is what the run read; and what it read is what it gave to products and what it left.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

import duckdb

from apportion import database
from apportion.ingest.decimals import shown
from apportion.ledger.bill_lines import COSTS as COST_COLUMNS
from apportion.ledger.bill_lines import DELIVERIES, DELIVERY_PARTS
from apportion.ledger.disk import Store
from apportion.ledger.runs import pinned_versions
from apportion.ledger.schemas import COSTS
from apportion.ledger.standing import standing_views
from apportion.ledger.store import files, is_made, read
from apportion.ledger.views import table_view
from apportion.reconcile.reconciliation import Reconciliation


@dataclass(frozen=True, slots=True)
class Link:
    """Two sums that have to be one, in one currency.

    ``allowed`` is what rounding may make between them: less than a unit for each bill.
    """

    name: str
    currency: str
    one: Decimal
    other: Decimal
    allowed: Decimal = Decimal(0)

    @property
    def difference(self) -> Decimal:
        """The first less the second."""
        return self.one - self.other

    @property
    def holds(self) -> bool:
        """Whether they are one."""
        return abs(self.difference) <= self.allowed


NAMES = {
    "files_are_lines": "files = lines kept",
    "lines_are_costs": "lines kept = costs by node and day",
    "costs_are_read": "costs by node and day = what the run read",
    "read_is_given": "what the run read = products and unallocated",
}
"""The links in their order, as people read them."""


class Proved(Protocol):
    """A recorded result, as much of it as is asked here."""

    @property
    def start(self) -> date:
        """First day."""

    @property
    def end(self) -> date:
        """Last day."""

    @property
    def scale(self) -> int:
        """Decimals of its amounts."""

    @property
    def gaps(self) -> tuple[tuple[date, date], ...]:
        """The stretches of days that no run covers."""

    @property
    def dimensions(self) -> tuple[str, ...] | None:
        """The dimensions it is over; None for all."""


def links(
    store: Store,
    result: Proved,
    cost_column: str,
    proof: Reconciliation,
    connection: duckdb.DuckDBPyConnection | None = None,
) -> tuple[Link, ...]:
    """The four links of a period whose runs are proved by ``proof``.

    Bills that have a cost within these days are taken whole. ``cost_column`` is the workspace's.
    Of costs whose lines were never kept the first two links say nothing, and the third nothing of a
    period that no run covers whole. ``connection`` is one without any views, for who wants to be
    able to interrupt it. Raises ``LedgerError``.
    """
    start, end = result.start, result.end
    read_by_run = proof.raw_infrastructure_cost + proof.product_direct_cost
    given = proof.allocated_product_cost + proof.unallocated_cost
    last = Link("read_is_given", proof.currency, read_by_run, given)
    connection = connection or database.connect()
    paths = files(store, COSTS, pinned_versions(store)[COSTS.name])
    table_view(connection, COSTS, paths, "known")
    first = _of_lines(connection, store, start, end, cost_column, result.scale)
    third = [] if result.gaps else _of_run(connection, result, proof, read_by_run)
    return (*first, *third, last)


_OF_RUN = """
    SELECT currency, sum(amount) FROM known
    WHERE date BETWEEN $start AND $end
      AND ($dimensions IS NULL OR list_contains($dimensions, dimension))
    GROUP BY currency
"""


def _of_run(
    connection: duckdb.DuckDBPyConnection,
    result: Proved,
    proof: Reconciliation,
    read_by_run: Decimal,
) -> Sequence[Link]:
    """What the ledger has of these days beside what the run read, where no currency was changed.

    Otherwise the proof itself holds each node and day to its converted costs, and nothing is said.
    """
    listed = None if result.dimensions is None else list(result.dimensions)
    asked = {"start": result.start, "end": result.end, "dimensions": listed}
    found = dict(connection.execute(_OF_RUN, asked).fetchall())
    if set(found) - {proof.currency}:
        return []
    had = found.get(proof.currency, Decimal(0))
    return [Link("costs_are_read", proof.currency, had, read_by_run)]


_TAKEN = """
    CREATE TABLE taken AS
    SELECT c.*, coalesce(nullif(d.cost_column, ''), $cost_column) AS cost_column
    FROM counting AS c JOIN deliveries AS d USING (delivery)
    WHERE CASE WHEN is_bill THEN (source, period) IN (
              SELECT (source, period) FROM known WHERE date BETWEEN $start AND $end
          ) ELSE day BETWEEN $start AND $end END
"""
_KEPT = """
    SELECT currency,
           coalesce(sum(CASE cost_column {cases} END), 0) AS amount,
           count(DISTINCT CASE WHEN is_bill THEN concat(source, chr(31), period)
                 ELSE concat(delivery, chr(31), source, chr(31), day) END) AS bills
    FROM taken GROUP BY currency
"""
_MADE = """
    SELECT currency, sum(amount) AS amount FROM known
    WHERE period <> '' AND (source, period) IN (SELECT (source, period) FROM taken WHERE is_bill)
       OR period = '' AND (source, date) IN (SELECT (source, day) FROM taken WHERE NOT is_bill)
    GROUP BY currency
"""


def _of_lines(
    connection: duckdb.DuckDBPyConnection,
    store: Store,
    start: date,
    end: date,
    cost_column: str,
    scale: int,
) -> Sequence[Link]:
    if not is_made(store, DELIVERY_PARTS):
        return []
    standing_views(connection, store)
    connection.register("deliveries", read(store, DELIVERIES))
    asked = {"start": start, "end": end, "cost_column": cost_column}
    connection.execute(_TAKEN, asked)
    cases = " ".join(f"WHEN '{name}' THEN {name}" for name in COST_COLUMNS)
    kept = connection.execute(_KEPT.format(cases=cases)).fetchall()
    made = dict(connection.execute(_MADE).fetchall())
    unit = Decimal(1).scaleb(-scale)
    return [
        *_of_files(connection),
        *(
            Link("lines_are_costs", currency, amount, made.get(currency, Decimal(0)), bills * unit)
            for currency, amount, bills in sorted(kept)
        ),
    ]


_FILES = """
    SELECT files, totals FROM deliveries WHERE delivery IN (SELECT kept_in FROM taken)
"""


def _of_files(connection: duckdb.DuckDBPyConnection) -> Sequence[Link]:
    """What files held, as two readings of them found it, beside the lines that were kept."""
    held: dict[str, Decimal] = {}
    kept: dict[str, Decimal] = {}
    for listed, totals in connection.execute(_FILES).fetchall():
        told: list[dict[str, Any]] = [file for file in json.loads(listed) if file.get("totals")]
        for file in told:
            for currency, amount in file["totals"].items():
                held[currency] = held.get(currency, Decimal(0)) + Decimal(amount)
        for currency, sums in json.loads(totals).items() if told else ():
            amount = sums[told[0]["cost_column"]] or "0"
            kept[currency] = kept.get(currency, Decimal(0)) + Decimal(amount)
    return [
        Link("files_are_lines", each, held.get(each, Decimal(0)), kept.get(each, Decimal(0)))
        for each in sorted({*held, *kept})
    ]


def as_data(found: Sequence[Link]) -> list[dict[str, Any]]:
    """The links as plain data; amounts are exact decimal text."""
    return [
        {
            "link": each.name,
            "currency": each.currency,
            "one": shown(each.one),
            "other": shown(each.other),
            "difference": shown(each.difference),
            "holds": each.holds,
        }
        for each in found
    ]
