"""A run on a server: begun once, followed by its events to its end."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import httpx2 as httpx

from apportion.client.connection import TRIES, Connection, wait_before
from apportion.client.problems import error_of, unreachable
from apportion.client.reconciliation import Reconciliation
from apportion.client.records import Run
from apportion.client.result import Result, result
from apportion.findings import Finding, Place, Severity

Progress = Callable[[int, int], None]
"""Is told how many days are done, and of how many."""

_COMPLETED = "completed"
_FAILED_STATUS = 422


@dataclass(frozen=True)
class RunOutcome:
    """A completed run, and what it assumed."""

    connection: Connection
    run: Run
    findings: tuple[Finding, ...]

    @cached_property
    def result(self) -> Result:
        """Its results."""
        return result(self.connection, None, None, self.run.run_id, "")

    @cached_property
    def reconciliation(self) -> Reconciliation:
        """The proof that the server makes anew of its rows."""
        return self.result.reconciliation()


def follow(connection: Connection, run_id: str, on_progress: Progress | None) -> RunOutcome:
    """Follow a run to its end, also over lost connections and servers that start anew.

    Raises ``RunError``, ``ModelError``, ``LedgerError``, ``JobError`` as the run ended.
    """
    told = _end(connection, run_id, on_progress)
    if told["state"] != _COMPLETED:
        problem = {"detail": f"The run was {told['state']}.", **told}
        raise error_of(_FAILED_STATUS, problem, run_id)
    run, rows = Run.of(told["run"]), told["warnings"]
    if told["warnings_total"] > len(rows):
        rows = result(connection, None, None, run.run_id, "").warnings.to_pylist()
    return RunOutcome(connection, run, tuple(map(_warning, rows)))


def _end(connection: Connection, run_id: str, on_progress: Progress | None) -> dict[str, Any]:
    """What the run's last event tells."""
    path, lost, known = f"/runs/{run_id}/events", 0, (-1, -1)
    while True:
        reason = "the stream of events ended"
        try:
            with connection.lines(path) as lines:
                for name, told in _events(lines):
                    if name == "end":
                        return told
                    if name == "stopping":
                        reason = "it stops"
                        break
                    days = told["days_done"], told["days_total"]
                    if days != known:
                        known, lost = days, 0
                        if on_progress is not None:
                            on_progress(*days)
        except httpx.TransportError as error:
            reason = str(error) or type(error).__name__
        lost += 1
        if lost >= TRIES:
            raise unreachable(str(connection.http.base_url), reason)
        connection.sleep(wait_before(lost))


def _events(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The events of a stream: their names and data."""
    name, data = "", ""
    for line in lines:
        field, _, value = line.partition(":")
        if field == "event":
            name = value.strip()
        elif field == "data":
            data += value
        elif not line and data:
            yield name, json.loads(data)
            name, data = "", ""


def _warning(row: Mapping[str, Any]) -> Finding:
    details = {name: row[name] for name in row if name not in ("code", "message")}
    return Finding(
        row["code"], row["message"], Place("<run>"), severity=Severity.WARNING, details=details
    )


def wanted(
    start: date, end: date, dimensions: list[str] | None, currency: str, if_busy: str
) -> bytes:
    """The body that asks for a run."""
    asked = {
        "start_date": start.isoformat(),
        "end_date": end.isoformat(),
        "dimensions": dimensions,
        "currency": currency,
        "if_busy": if_busy,
    }
    return json.dumps(asked).encode()
