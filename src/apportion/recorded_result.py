"""A result read from the ledger: the same face as a result in memory, over one run or several."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

import duckdb
import pyarrow as pa

from apportion import database
from apportion.ledger.disk import Store
from apportion.ledger.readings import read_otherwise
from apportion.ledger.runs import (
    Piece,
    Run,
    billings_since,
    ingests_since,
    warnings_within,
)
from apportion.ledger.schemas import COSTS, INGESTS, USAGE
from apportion.ledger.store import read
from apportion.ledger.views import read_view, result_views
from apportion.model import Model
from apportion.model.declared import Declared
from apportion.reconcile.reconciliation import Reconciliation
from apportion.report.assumptions import is_assumed


@dataclass(frozen=True)
class RecordedResult:
    """The days of a period, each answered by one completed run (`A27`).

    ``gaps`` are the stretches of days that no run covers; they are not in any figure. ``scale`` is
    the number of decimals of the amounts, ``dimensions`` those the runs were restricted to.
    ``model_has_changed`` says that the workspace's model is no longer that of the newest run,
    ``written`` is the model as its files have it, or None while it cannot be read.
    """

    store: Store
    model: Model
    start: date
    end: date
    currency: str
    scale: int
    pieces: tuple[Piece, ...]
    runs: tuple[Run, ...]
    gaps: tuple[tuple[date, date], ...]
    dimensions: tuple[str, ...] | None
    model_has_changed: bool = False
    written: Declared | None = None

    @property
    def answered_by(self) -> dict[str, Any]:
        """For programs: the ids of its runs, and the stretches of days that no run covers."""
        return {"runs": [run.run_id for run in self.runs], "gaps": self.gaps}

    @cached_property
    def ingests_since(self) -> int:
        """How many ingests changed the costs or usage of its days after its runs had read them."""
        by_id = {run.run_id: run for run in self.runs}
        answers = [(by_id[piece.run_id], piece.first, piece.last) for piece in self.pieces]
        return max(ingests_since(self._ingests, answers), billings_since(self.store, answers))

    @cached_property
    def read_otherwise(self) -> tuple[str, ...]:
        """Files that have to be ingested again for the mapping and cost column of now to count."""
        return read_otherwise(self.store, self._ingests, self.written, self.start, self.end)

    @cached_property
    def mapped_otherwise(self) -> tuple[str, ...]:
        """Files whose costs the next run makes anew by the mapping and cost column of now."""
        asked = (self.store, self._ingests, self.written, self.start, self.end)
        return read_otherwise(*asked, kept=True)

    @cached_property
    def _ingests(self) -> pa.Table:
        return read(self.store, INGESTS)

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A connection with views ``allocations``, ``contributions``, ``warnings``, ``costs``."""
        connection = database.connect()
        result_views(
            connection, self.store, self.pieces, {run.run_id: run.rows for run in self.runs}
        )
        versions = {run.run_id: run.costs_version for run in self.runs}
        read = [(piece, versions[piece.run_id]) for piece in self.pieces]
        read_view(connection, self.store, COSTS, read)
        connection.from_arrow(self.warnings).create_view("warnings")
        return connection

    def connect_usage(self) -> duckdb.DuckDBPyConnection:
        """The same with the view ``usage``: for each day that of the version its run read."""
        connection = self.connect()
        versions = {run.run_id: run.usage_version for run in self.runs}
        read = [(piece, versions[piece.run_id]) for piece in self.pieces]
        read_view(connection, self.store, USAGE, read)
        return connection

    @cached_property
    def allocations(self) -> pa.Table:
        """Per node, date and dimension: direct, indirect, holistic, given, retained (`A17`)."""
        return self._rows(
            "SELECT * FROM allocations ORDER BY date, dimension, node",
            ("direct", "indirect", "holistic", "given", "retained"),
        )

    @cached_property
    def contributions(self) -> pa.Table:
        """Per edge, date and dimension: the share (to be read) and the amount (which counts)."""
        return self._rows("SELECT * FROM contributions", ("amount",))

    @cached_property
    def warnings(self) -> pa.Table:
        """What the runs assumed on the days of this result (`A29`): those of ``warning_rows``."""
        return warnings_within(self.store, self.runs, self.pieces)

    @property
    def no_cost(self) -> tuple[str, ...]:
        """What the runs say of these days where they found no cost at all."""
        codes, messages = (self.warnings[name].to_pylist() for name in ("code", "message"))
        return tuple(
            message for code, message in zip(codes, messages, strict=True) if code == "no_cost"
        )

    @property
    def assumed(self) -> tuple[int, Decimal, str]:
        """How many things the runs assumed, and how much money the dearest of them concerns."""
        codes, amounts = (self.warnings[name].to_pylist() for name in ("code", "amount"))
        assumed = [
            abs(amount or Decimal(0))
            for code, amount in zip(codes, amounts, strict=True)
            if is_assumed(code)
        ]
        return len(assumed), max(assumed, default=Decimal(0)), self.currency

    def _rows(self, query: str, amounts: Sequence[str]) -> pa.Table:
        rows = self.connect().sql(query).to_arrow_table()
        kind = pa.decimal128(38, self.scale)
        fields = [
            field.with_type(kind) if field.name in amounts else field for field in rows.schema
        ]
        return rows.cast(pa.schema(fields))

    def reconciliation(self, only: Sequence[str] = ()) -> Reconciliation:
        """Prove the result anew from the ledger's rows, and sum it up (`A18`-`A21`).

        ``only`` restricts it to some dimensions; the cost of the others is then left out.
        """
        return self.proved(self.connect(), only)

    def proved(
        self, connection: duckdb.DuckDBPyConnection, only: Sequence[str] = ()
    ) -> Reconciliation:
        """The same on a connection that this result gave."""
        from apportion.reconcile.proof import reconcile

        return reconcile(
            connection,
            self.model,
            self.start,
            self.end,
            self.currency,
            self.scale,
            has_costs=not self.gaps,
            warnings=connection.sql("SELECT * FROM warnings").to_arrow_table(),
            dimensions=self.dimensions,
            only=only,
        )
