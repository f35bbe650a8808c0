"""Runs that a server begins, and how far each is, for every process that asks."""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path

from apportion.findings import QUESTION
from apportion.jobs.outcomes import Outcome, died, outcome_of
from apportion.jobs.processes import Allowed, Children
from apportion.jobs.running import ACCEPTED
from apportion.jobs.table import (
    Job,
    State,
    database_file,
    find_job,
    jobs_database,
    scratch_of,
    settle,
    unrecorded,
)

KEPT = timedelta(days=90)
"""How long it is known who asked for a run, and why it failed; the ledger forgets no run."""

_PLACE_SECONDS = 60.0
"""How long a child may take to find its place in the queue."""


class IfBusy(StrEnum):
    """What is wanted while another run of the workspace is under way."""

    REFUSE = "refuse"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class RunAsked:
    """A run that somebody asks for. ``run_id`` is one of ``Workspace.new_run_id``."""

    run_id: str
    start: date
    end: date
    asked_by: str
    at: datetime
    dimensions: tuple[str, ...] | None = None
    currency: str = ""
    if_busy: IfBusy = IfBusy.REFUSE


def begin_run(children: Children, folder: Path, asked: RunAsked, allowed: Allowed) -> Outcome:
    """Begin a run in a child of its own, which goes on when this process is killed.

    ``done`` has ``run_id`` once the run has its place; ``job`` then tells how far it is. Refused
    with ``run_under_way``, whose details name that run, or ``too_many_waiting``. Raises
    ``JobError`` (``stopped_work``).
    """
    folder = folder.resolve()
    child = children.start(
        {
            "work": "run",
            "about": QUESTION.file,
            "folder": str(folder),
            "scratch": str(scratch_of(folder, asked.run_id)),
            "memory": allowed.memory,
            "seconds": allowed.seconds,
            "run_id": asked.run_id,
            "asked_by": asked.asked_by,
            "at": asked.at.isoformat(),
            "forget_before": (asked.at - KEPT).isoformat(),
            "if_busy": str(asked.if_busy),
            "asked": {
                "start_date": asked.start.isoformat(),
                "end_date": asked.end.isoformat(),
                "dimensions": None if asked.dimensions is None else list(asked.dimensions),
                "currency": asked.currency,
            },
        }
    )
    told = child.line(_PLACE_SECONDS)
    if told == ACCEPTED:
        children.follow(child, partial(_after, folder, asked.run_id))
        return Outcome({"run_id": asked.run_id})
    status, words = children.gone(child)
    return died(QUESTION, status, words) if told is None else outcome_of(told)


def _after(folder: Path, run_id: str, status: int, words: str) -> None:
    """Say why a run was abandoned, where its process could not say it."""
    with jobs_database(folder) as connection:
        settle(connection, folder)
        told = died(QUESTION, status, words).to_dict()
        connection.execute(
            "UPDATE jobs SET outcome = ? WHERE run_id = ? AND state = ? AND outcome = '{}'",
            [json.dumps(told), run_id, State.ABANDONED],
        )


def jobs(folder: Path, most: int = 1_000) -> list[Job]:
    """The runs that were asked for and are not recorded, or not yet: the latest, latest first.

    Raises ``LedgerError`` (``storage_failed``).
    """
    if not database_file(folder).exists():
        return []
    with jobs_database(folder) as connection:
        settle(connection, folder)
        return unrecorded(connection, most)


def job(folder: Path, run_id: str) -> Job | None:
    """How far a run is, by its whole id. Raises ``LedgerError`` (``storage_failed``)."""
    if not database_file(folder).exists():
        return None
    with jobs_database(folder) as connection:
        settle(connection, folder)
        return find_job(connection, run_id)
