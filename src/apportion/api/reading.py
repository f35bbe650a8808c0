"""What a question is asked of: the workspace as the request found it, and its recorded results."""

from dataclasses import dataclass, field

import duckdb
from fastapi import Request

from apportion.api.asking import Period
from apportion.findings import Finding
from apportion.recorded_charges import RecordedCharges
from apportion.recorded_result import RecordedResult
from apportion.report.doubts import doubts, require_order, stale_rating
from apportion.workspace import Workspace


@dataclass(slots=True)
class Interruptible:
    """The connections that a request works on, to be interrupted when its time is over."""

    connections: list[duckdb.DuckDBPyConnection] = field(default_factory=list)

    def interrupt(self) -> None:
        """Stop what the request still computes."""
        for connection in self.connections:
            connection.interrupt()


@dataclass(frozen=True, slots=True)
class Read:
    """A recorded result, a connection with its views, and what is doubtful about it."""

    result: RecordedResult
    connection: duckdb.DuckDBPyConnection
    doubts: tuple[Finding, ...]


def workspace_of(request: Request) -> Workspace:
    """The workspace as it was when the request came."""
    workspace: Workspace = request.state.current.workspace
    return workspace


def read_result(request: Request, asked: Period) -> Read:
    """The results that a question is about.

    Raises ``UsageError`` where the period ends before it begins, ``LedgerError``.
    """
    require_order(asked.start_date, asked.end_date)
    result = workspace_of(request).result(
        asked.start_date, asked.end_date, run=asked.run, currency=asked.currency
    )
    require_order(result.start, result.end)
    return Read(result, watched(request, result), doubts(result))


def read_charges(request: Request, run: str = "") -> tuple[RecordedCharges, tuple[Finding, ...]]:
    """The charges of the latest rating, or of the one named, and what is doubtful about them.

    Raises ``LedgerError`` (``no_run``, ``unknown_run``).
    """
    billing = workspace_of(request).billing
    charges = billing.charges(run)
    current = bool(run) or billing.is_current(charges.rating)
    return charges, () if current else (stale_rating(charges.rating),)


def watched(
    request: Request, source: RecordedResult | RecordedCharges
) -> duckdb.DuckDBPyConnection:
    """A connection with the views of results or charges, for as long as the request may take."""
    connection = source.connect()
    working: Interruptible = request.state.working
    working.connections.append(connection)
    return connection
