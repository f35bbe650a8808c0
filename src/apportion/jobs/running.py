"""A run in a child process, which owns it: the run goes on when the server that began it is killed.

The child holds a claim for as long as it lives and writes itself how far the run is and how it
ended. Runs of one workspace take turns, whichever server began them.
"""

import json
import os
import shutil
import signal
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from types import FrameType
from typing import Any, Never

from apportion.findings import QUESTION, Finding, JobError
from apportion.jobs.claims import claimed
from apportion.jobs.outcomes import failed, stopped, too_much_time, without_folders
from apportion.jobs.table import (
    Job,
    State,
    claim_of,
    end,
    is_recorded,
    jobs_database,
    scratch_of,
    settle,
    settle_alone,
    sweep,
    under_way,
)
from apportion.sqlite_file import transaction

WAITERS = 8
"""How many runs may wait for the one under way."""

ACCEPTED: Mapping[str, Any] = {"accepted": True}
"""What the child says first, once the run has its place in the queue."""

BETWEEN_REPORTS = 0.2
"""Seconds between two reports of progress: each is a write to the disk."""

_BETWEEN_LOOKS = 0.1


class _ToldToEndError(BaseException):
    """The server is stopping. It passes whatever catches ordinary errors."""


def work(request: Mapping[str, Any], tell: Callable[[Mapping[str, Any]], None]) -> dict[str, Any]:
    """Take a place in the queue, wait for the turn, run, and write down what came of it.

    Raises ``JobError`` (``run_under_way``, ``too_many_waiting``) before a place is taken; after
    it nothing: the table of jobs says how it ended.
    """
    folder, run_id = Path(request["folder"]), str(request["run_id"])
    scratch = scratch_of(folder, run_id)
    scratch.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # First, or others take what is made here for what a dead process left.
    with claimed(claim_of(folder, run_id)) as mine, jobs_database(folder) as connection:
        if not mine:
            raise RuntimeError(f"The run {run_id!r} has a process already.")
        scratch.mkdir(mode=0o700)
        tempfile.tempdir = str(scratch)
        os.chdir(scratch)
        try:
            sweep(folder)
            _take_place(connection, folder, request)
            try:
                tell(ACCEPTED)
            except BrokenPipeError:
                # Nobody was told of the run, so whoever asked will ask again.
                end(connection, run_id, State.ABANDONED, {})
                raise
            _to_the_end(connection, folder, request)
        finally:
            os.chdir(folder)
            shutil.rmtree(scratch, ignore_errors=True)
    return {}


def _take_place(connection: sqlite3.Connection, folder: Path, request: Mapping[str, Any]) -> None:
    with transaction(connection):
        settle_alone(connection, folder)
        before = under_way(connection)
        if before and request["if_busy"] == "refuse":
            raise JobError([_busy(before[0])])
        if len(before) > WAITERS:
            message = f"{len(before) - 1} runs wait for their turn, and no more are taken."
            raise JobError([Finding("too_many_waiting", message, QUESTION, "Ask again later.")])
        connection.execute("DELETE FROM jobs WHERE at < ?", [request["forget_before"]])
        connection.execute(
            "INSERT INTO jobs (run_id, state, request, asked_by, at) VALUES (?, ?, ?, ?, ?)",
            [
                request["run_id"],
                State.QUEUED,
                json.dumps(request["asked"]),
                request["asked_by"],
                request["at"],
            ],
        )


def _busy(job: Job) -> Finding:
    return Finding(
        "run_under_way",
        f"The run {job.run_id!r} is under way in this workspace.",
        QUESTION,
        "Wait for its end, or ask to wait for the turn.",
        details={"run_id": job.run_id},
    )


def _to_the_end(connection: sqlite3.Connection, folder: Path, request: Mapping[str, Any]) -> None:
    run_id = str(request["run_id"])
    signal.signal(signal.SIGTERM, _told_to_end)
    try:
        _wait_for_turn(connection, folder, run_id)
        _bound_time(folder, run_id, int(request["seconds"]))
        state, outcome = State.COMPLETED, _run(connection, folder, request)
    except _ToldToEndError:
        done = is_recorded(folder, run_id)
        state = State.COMPLETED if done else State.ABANDONED
        outcome = {} if done else stopped(QUESTION).to_dict()
    except Exception as error:  # noqa: BLE001 - whoever asks for the run is told what it is
        state, outcome = State.FAILED, failed(error, QUESTION, folder).to_dict()
    end(connection, run_id, state, without_folders(outcome, [folder]))


def _told_to_end(_signal: int, _frame: FrameType | None) -> Never:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _ToldToEndError


def _wait_for_turn(connection: sqlite3.Connection, folder: Path, run_id: str) -> None:
    """Wait until every run that was asked for earlier has ended."""
    while (first := under_way(connection)[0]).run_id != run_id:
        settle(connection, folder)
        if under_way(connection)[0].run_id == first.run_id:
            time.sleep(_BETWEEN_LOOKS)
    connection.execute("UPDATE jobs SET state = ? WHERE run_id = ?", [State.RUNNING, run_id])


def _bound_time(folder: Path, run_id: str, seconds: int) -> None:
    """End this process after so many seconds: nobody else may be there to do it."""
    if not seconds:
        return

    def give_up() -> None:
        with jobs_database(folder) as connection:
            if is_recorded(folder, run_id):
                return
            end(connection, run_id, State.FAILED, too_much_time(QUESTION, seconds).to_dict())
        os._exit(1)

    timer = threading.Timer(seconds, give_up)
    timer.daemon = True
    timer.start()


def _run(
    connection: sqlite3.Connection, folder: Path, request: Mapping[str, Any]
) -> dict[str, Any]:
    from apportion.workspace import Workspace

    asked, run_id = request["asked"], str(request["run_id"])
    reported = 0.0

    def progress(done: int, total: int) -> None:
        nonlocal reported
        now = time.monotonic()
        if done < total and now - reported < BETWEEN_REPORTS:
            return
        reported = now
        connection.execute(
            "UPDATE jobs SET days_done = ?, days_total = ? WHERE run_id = ?",
            [done, total, run_id],
        )

    outcome = Workspace(folder).run(
        date.fromisoformat(asked["start_date"]),
        date.fromisoformat(asked["end_date"]),
        dimensions=asked["dimensions"],
        currency=asked["currency"],
        on_progress=progress,
        run_id=run_id,
    )
    return {"warnings": len(outcome.findings)}
