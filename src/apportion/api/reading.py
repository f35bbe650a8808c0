"""What a question is asked of: the workspace as the request found it, and its recorded results."""

from dataclasses import dataclass, field

import duckdb
from fastapi import Request

from apportion import database
from apportion.api.asking import Period
from apportion.api.current import Current
from apportion.api.opened import Opened, OpenedResults, Proofs
from apportion.api.visibility import (
    Products,
    narrowed_charges,
    narrowed_model,
    narrowed_result,
    products_of,
)
from apportion.findings import Finding
from apportion.model import Model
from apportion.reconcile.reconciliation import Reconciliation
from apportion.recorded_charges import RecordedCharges
from apportion.recorded_result import RecordedResult
from apportion.report.doubts import doubts, rating_doubts, require_order
from apportion.workspace import Workspace


@dataclass(slots=True)
class Interruptible:
    """The connections that a request works on, to be interrupted when its time is over."""

    connections: list[duckdb.DuckDBPyConnection] = field(default_factory=list)
    is_over: bool = False

    def add(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Work on a connection. Raises ``duckdb.InterruptException`` where the time is over."""
        self.require_time()
        self.connections.append(connection)

    def require_time(self) -> None:
        """Raise ``duckdb.InterruptException`` where the time is over."""
        if self.is_over:
            raise duckdb.InterruptException("the time of the request is over")

    def close(self) -> None:
        """Let go of the connections. The garbage collector would find them late."""
        for connection in self.connections:
            connection.close()

    def interrupt(self) -> None:
        """Stop what the request still computes, and what it would begin."""
        self.is_over = True
        for connection in self.connections:
            connection.interrupt()


@dataclass(frozen=True, slots=True)
class Read:
    """A recorded result, a connection with its views, and what is doubtful about it."""

    result: RecordedResult
    connection: duckdb.DuckDBPyConnection
    doubts: tuple[Finding, ...]
    proofs: Proofs | None
    working: Interruptible

    def proof(self, only: tuple[str, ...]) -> Reconciliation | None:
        """The proof of some dimensions, or of all where none is named.

        There is none where only some nodes are to be seen. Raises ``duckdb.InterruptException``
        where it takes longer than the request may.
        """

        def making() -> Reconciliation:
            self.working.require_time()
            return self.result.proved(self.connection, only)

        return None if self.proofs is None else self.proofs.get(only, making)


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
    connection = watched(request, database.beside(opened.connection))
    working: Interruptible = request.state.working
    return Read(opened.result, connection, opened.doubts, opened.proofs, working)


def _open(workspace: Workspace, asked: Period, products: Products | None) -> Opened:
    whole = workspace.result(
        asked.start_date, asked.end_date, run=asked.run, currency=asked.currency
    )
    require_order(whole.start, whole.end)
    result = narrowed_result(whole, products)
    proofs = None if products is not None else Proofs()
    return Opened(result, result.connect_usage(), doubts(result), proofs)


def read_charges(
    request: Request, run: str = "", account: str = ""
) -> tuple[RecordedCharges, tuple[Finding, ...]]:
    """The charges of the latest rating, or of the one named, and what is doubtful about them.

    An answer about one ``account`` tells nothing of the faults of others.

    Their ``connection`` is open, and interrupted where the request takes longer than it may.
    Raises ``LedgerError`` (``no_run``, ``unknown_run``).
    """
    billing = workspace_of(request).billing
    charges = narrowed_charges(billing.charges(run), products_of(request))
    watched(request, charges.connection)
    current = bool(run) or billing.is_current(charges.rating)
    return charges, rating_doubts(
        charges.rating, charges.not_rated, is_current=current, account=account
    )


def billing_model(request: Request) -> Model:
    """The model with the allowances that were set, as far as who asks may see it."""
    model, products = workspace_of(request).billing.model, products_of(request)
    return model if products is None else narrowed_model(model, products)


def watched(request: Request, connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """A connection that is interrupted where the request takes longer than it may."""
    working: Interruptible = request.state.working
    working.add(connection)
    return connection
