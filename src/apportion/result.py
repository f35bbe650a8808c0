"""What a run gives back: tables, warnings, and the proof on request."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from apportion import database
from apportion.findings import Finding
from apportion.model import Model
from apportion.reconcile.proof import reconcile
from apportion.reconcile.reconciliation import Reconciliation
from apportion.report.assumptions import assumption

if TYPE_CHECKING:
    from apportion.attribution.assumptions import Assumptions

WARNING_SCHEMA = pa.schema(
    [
        ("code", pa.string()),
        ("message", pa.string()),
        ("source", pa.string()),
        ("receiver", pa.string()),
        ("metric", pa.string()),
        ("days", pa.int64()),
        ("policy", pa.string()),
        ("amount", pa.decimal128(38, 9)),
        ("currency", pa.string()),
    ]
)


def warning_rows(findings: Sequence[Finding]) -> pa.Table:
    """Warnings as rows, each the record of an assumption (`A29`)."""
    rows = [assumption(each) for each in findings]
    return pa.Table.from_pylist(rows, schema=WARNING_SCHEMA)


def warning_days(told: "Assumptions") -> pa.Table:
    """The same as they are recorded: with the lists ``dates`` and ``amounts``, if known by day."""
    rows = warning_rows(told.findings)
    connection = database.connect()
    connection.register("by_day", told.by_day)
    lists = connection.sql(_LISTS).to_arrow_table()
    place = pc.index_in(pa.array(range(rows.num_rows), pa.int64()), lists["place"])
    for name in ("dates", "amounts"):
        rows = rows.append_column(name, lists[name].take(place))
    return rows


_LISTS = """
    SELECT place, list(date ORDER BY date) AS dates, list(amount ORDER BY date) AS amounts
    FROM by_day GROUP BY place ORDER BY place
"""


@dataclass(frozen=True)
class Result:
    """The outcome of attributing the costs of a period, held in memory.

    ``currency`` is that of all amounts, ``scale`` their decimals; ``slow_splits`` counts the
    sources and days whose numbers did not fit in 64 bits and took the slow path. ``dimensions``
    are those asked for, if some were.
    """

    model: Model
    start: date
    end: date
    currency: str
    scale: int
    allocation_batches: pa.Table
    contribution_batches: pa.Table
    costs: pa.Table
    findings: tuple[Finding, ...]
    slow_splits: int
    dimensions: tuple[str, ...] | None = None

    @cached_property
    def allocations(self) -> pa.Table:
        """Per node, date and dimension: direct, indirect, holistic, given, retained (`A17`)."""
        return _plain(self.allocation_batches)

    @cached_property
    def contributions(self) -> pa.Table:
        """Per edge, date and dimension: the share (to be read) and the amount (which counts)."""
        return _plain(self.contribution_batches)

    @cached_property
    def warnings(self) -> pa.Table:
        """What was assumed, counted: those of ``warning_rows``."""
        return warning_rows(self.findings)

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A DuckDB connection with the views ``allocations``, ``contributions``, ``warnings``."""
        connection = database.connect()
        connection.register("allocations", self.allocation_batches)
        connection.register("contributions", self.contribution_batches)
        connection.register("warnings", self.warnings)
        connection.register("costs", _narrowed(self.costs, self.scale))
        return connection

    def reconciliation(self, only: Sequence[str] = ()) -> Reconciliation:
        """Prove the result and sum it up (`A18`-`A21`).

        ``only`` restricts it to some dimensions; the cost of the others is then left out.
        """
        return reconcile(
            self.connect(),
            self.model,
            self.start,
            self.end,
            self.currency,
            self.scale,
            has_costs=True,
            warnings=self.warnings,
            dimensions=self.dimensions,
            only=only,
        )


def _plain(table: pa.Table) -> pa.Table:
    """Dictionary columns as plain texts, which every reader of Arrow understands."""
    fields = [
        field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields))


def _narrowed(rows: pa.Table, scale: int) -> pa.Table:
    """The rows with decimals of a width that the engine knows; their amounts were read exactly."""
    for place, field in enumerate(rows.schema):
        if pa.types.is_decimal256(field.type):
            column = rows[field.name].cast(pa.decimal128(38, scale))
            rows = rows.set_column(place, field.name, column)
    return rows
