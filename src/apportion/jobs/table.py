"""Which runs are queued, under way or ended, and the answers of requests with keys, in SQLite.

A row says what its owner last said. Whether the owner lives is said by its claim: a row that is
under way and that nobody holds is marked as abandoned by whoever sees it first.
"""

import json
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from apportion.findings import Finding, LedgerError, Place
from apportion.jobs.claims import claimed
from apportion.sqlite_file import database, transaction

SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    request TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    at TEXT NOT NULL,
    days_done INTEGER NOT NULL DEFAULT 0,
    days_total INTEGER NOT NULL DEFAULT 0,
    outcome TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX IF NOT EXISTS jobs_under_way ON jobs (sequence)
    WHERE state IN ('queued', 'running');
CREATE TABLE IF NOT EXISTS keys (
    scope TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    at TEXT NOT NULL,
    status INTEGER NOT NULL DEFAULT 0,
    headers TEXT NOT NULL DEFAULT '{}',
    body BLOB NOT NULL DEFAULT x'',
    run_id TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS keys_by_age ON keys (at);
"""

_UNRECORDED = """
    SELECT sequence, run_id, state, request, asked_by, at, days_done, days_total, outcome FROM jobs
    WHERE state <> 'completed' ORDER BY sequence DESC LIMIT ?
"""
_ONE = """
    SELECT sequence, run_id, state, request, asked_by, at, days_done, days_total, outcome FROM jobs
    WHERE run_id = ?
"""
_UNDER_WAY = """
    SELECT sequence, run_id, state, request, asked_by, at, days_done, days_total, outcome FROM jobs
    WHERE state IN ('queued', 'running') ORDER BY sequence
"""


class State(StrEnum):
    """How far a run is."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    ABANDONED = "abandoned"

    @property
    def is_end(self) -> bool:
        """Whether nothing comes after it."""
        return self not in (State.QUEUED, State.RUNNING)


@dataclass(frozen=True, slots=True)
class Job:
    """A run that was asked for. ``request`` and ``outcome`` are as JSON holds them.

    ``request`` has ``start_date``, ``end_date``, ``dimensions`` and ``currency``. ``outcome`` has
    ``warnings``, their number, of a completed run, ``error`` and ``findings`` of a failed one.
    ``at`` is when it was asked for, in ISO 8601.
    """

    sequence: int
    run_id: str
    state: State
    request: Mapping[str, Any]
    asked_by: str
    at: str
    days_done: int
    days_total: int
    outcome: Mapping[str, Any]


@contextmanager
def jobs_database(folder: Path) -> Iterator[sqlite3.Connection]:
    """The database of a workspace, closed at the end. Raises ``LedgerError`` (``storage_failed``).

    So does whatever is done with it meanwhile.
    """
    try:
        with database(database_file(folder), SCHEMA) as connection:
            yield connection
    except sqlite3.Error as error:
        message = f"The table of runs and keys cannot be read or written: {error}."
        place = Place(str(database_file(folder)))
        remedy = "Check space and permissions, then ask again."
        raise LedgerError([Finding("storage_failed", message, place, remedy)]) from error


def database_file(folder: Path) -> Path:
    """Where the database of a workspace lies."""
    return folder / "server" / "jobs.sqlite"


def unrecorded(connection: sqlite3.Connection, most: int) -> list[Job]:
    """What was asked for and is not recorded, or not yet: the latest, and the latest first."""
    return [_job(row) for row in connection.execute(_UNRECORDED, [most])]


def find_job(connection: sqlite3.Connection, run_id: str) -> Job | None:
    """A job by the id of its run."""
    row = connection.execute(_ONE, [run_id]).fetchone()
    return None if row is None else _job(row)


def under_way(connection: sqlite3.Connection) -> list[Job]:
    """What says that it is queued or running, in the order in which it was asked for."""
    return [_job(row) for row in connection.execute(_UNDER_WAY)]


def _job(row: sqlite3.Row) -> Job:
    parts = dict(row)
    parts["state"] = State(parts["state"])
    parts["request"] = json.loads(parts["request"])
    parts["outcome"] = json.loads(parts["outcome"])
    return Job(**parts)


def end(
    connection: sqlite3.Connection, run_id: str, state: State, outcome: Mapping[str, Any]
) -> None:
    """Write how a job ended, unless it ended before."""
    connection.execute(
        "UPDATE jobs SET state = ?, outcome = ? "
        "WHERE run_id = ? AND state IN ('queued', 'running')",
        [state, json.dumps(outcome), run_id],
    )


def claim_of(folder: Path, run_id: str) -> Path:
    """The lock that the process of a run holds for as long as it lives."""
    return folder / "server" / "runs" / f"{run_id}.lock"


def scratch_of(folder: Path, run_id: str) -> Path:
    """The folder in which the process of a run works."""
    return folder / "server" / "runs" / run_id


def settle(connection: sqlite3.Connection, folder: Path) -> None:
    """Mark as ended what says it is under way and is held by nobody."""
    if not under_way(connection):
        return
    # One at a time, so that nobody takes the other's look at a claim for a life.
    with transaction(connection):
        settle_alone(connection, folder)


def settle_alone(connection: sqlite3.Connection, folder: Path) -> None:
    """The same within a transaction."""
    for job in under_way(connection):
        with claimed(claim_of(folder, job.run_id)) as dead:
            if dead:
                done = is_recorded(folder, job.run_id)
                end(connection, job.run_id, State.COMPLETED if done else State.ABANDONED, {})


def is_recorded(folder: Path, run_id: str) -> bool:
    """Whether the ledger has a run: whoever is killed after the record leaves a complete one."""
    from apportion.workspace import Workspace

    return any(run.run_id == run_id for run in Workspace(folder).runs())


def sweep(folder: Path) -> None:
    """Remove the working folders of runs whose process was killed."""
    for scratch in (folder / "server" / "runs").iterdir():
        if scratch.is_dir():
            with claimed(claim_of(folder, scratch.name)) as dead:
                if dead:
                    shutil.rmtree(scratch, ignore_errors=True)
