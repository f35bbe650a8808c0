"""What a question is asked of: the workspace as the request found it, and its recorded results."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

import duckdb
from fastapi import Request

from apportion.api.asking import Period
from apportion.api.current import Current
from apportion.api.opened import Opened, OpenedResults
from apportion.api.visibility import (
    Products,
    narrowed_charges,
    narrowed_model,
    narrowed_result,
    products_of,
)
from apportion.findings import Finding
from apportion.model import Model
from apportion.reconcile import Reconciliation
from apportion.recorded_charges import RecordedCharges
from apportion.recorded_result import RecordedResult
from apportion.report.doubts import doubts, require_order, stale_rating
from apportion.workspace import Workspace


@dataclass(slots=True)
class Interruptible:
    """The connections that a request works on, to be interrupted when its time is over."""

    connections: list[duckdb.DuckDBPyConnection] = field(default_factory=list)
    is_over: bool = False

    def add(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Work on a connection. Raises ``duckdb.InterruptException`` where the time is over."""
        if self.is_over:
            raise duckdb.InterruptException("the time of the request is over")
        self.connections.append(connection)

    def interrupt(self) -> None:
        """Stop what the request still computes, and what it would begin."""
        self.is_over = True
        for connection in self.connections:
            connection.interrupt()


@dataclass(frozen=True, slots=True)
class Read:
    """A recorded result, a connection with its views, what is doubtful about it, and its proof.

    ``proof`` is of some dimensions, or of all where none is named. There is none where only some
    nodes are to be seen.
    """

    result: RecordedResult
    connection: duckdb.DuckDBPyConnection
    doubts: tuple[Finding, ...]
    proof: Callable[[tuple[str, ...]], Reconciliation | None]


def workspace_of(request: Request) -> Workspace:
    """The workspace as it was when the request came. Raises why it could not be opened."""
    current: Current | None = getattr(request.state, "current", None)
    if current is None:
        raise request.state.unreadable
    return current.workspace


def read_result(request: Request, asked: Period) -> Read:
    """The results that a question is about, as far as who asks may see them.

    Raises ``UsageError`` where the period ends before it begins, ``LedgerError``.
    """
    require_order(asked.start_date, asked.end_date)
    workspace = workspace_of(request)
    results: OpenedResults = request.state.current.results
    products = products_of(request)
    opened = results.get((asked, products), lambda: _open(workspace, asked, products))
    connection = watched(request, opened.connection.cursor())
    return Read(opened.result, connection, opened.doubts, opened.proof)


def _open(workspace: Workspace, asked: Period, products: Products | None) -> Opened:
    whole = workspace.result(
        asked.start_date, asked.end_date, run=asked.run, currency=asked.currency
    )
    require_order(whole.start, whole.end)
    result = narrowed_result(whole, products)
    proof = _unproven if products is not None else lru_cache(_PROOFS)(result.reconciliation)
    return Opened(result, result.connect_usage(), doubts(result), proof)


_PROOFS = 8
"""Proofs of an opened result that are kept, by the dimensions they are of."""


def _unproven(_: tuple[str, ...]) -> None:
    """No proof: what is only seen in part does not add up."""


def read_charges(request: Request, run: str = "") -> tuple[RecordedCharges, tuple[Finding, ...]]:
    """The charges of the latest rating, or of the one named, and what is doubtful about them.

    Their ``connection`` is open, and interrupted where the request takes longer than it may.
    Raises ``LedgerError`` (``no_run``, ``unknown_run``).
    """
    billing = workspace_of(request).billing
    charges = narrowed_charges(billing.charges(run), products_of(request))
    watched(request, charges.connection)
    current = bool(run) or billing.is_current(charges.rating)
    return charges, () if current else (stale_rating(charges.rating),)


def billing_model(request: Request) -> Model:
    """The model with the allowances that were set, as far as who asks may see it."""
    model, products = workspace_of(request).billing.model, products_of(request)
    return model if products is None else narrowed_model(model, products)


def watched(request: Request, connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """A connection that is interrupted where the request takes longer than it may."""
    working: Interruptible = request.state.working
    working.add(connection)
    return connection
