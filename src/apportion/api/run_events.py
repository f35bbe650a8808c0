"""What becomes of a run, told as it comes: server-sent events, from whichever worker is asked.

``progress`` tells how far it is, ``end`` how it ended, ``stopping`` that the server stops and can
be asked again when it is back. Lines that begin with a colon keep the connection open.
"""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

import anyio
from fastapi import Request

from apportion.api.working import take_place, working_of
from apportion.jobs.table import Job, find_job, jobs_database, settle
from apportion.report.json_text import plain

BETWEEN_LOOKS = 0.25
"""Seconds between two looks at how far a run is."""

QUIET_LOOKS = 40
"""After so many looks without news a line is sent that says nothing."""

_BEGIN = "retry: 2000\n\n"
_NOTHING = ": still here\n\n"


def event(name: str, data: Mapping[str, Any]) -> str:
    """One event; its data is one line of JSON."""
    return f"event: {name}\ndata: {json.dumps(data, default=plain)}\n\n"


def events_of(
    request: Request,
    run_id: str,
    far: Callable[[Job], Mapping[str, Any]],
    whole: Callable[[Job | None], Mapping[str, Any]],
) -> AsyncIterator[str]:
    """The events of a run until its end, the client's, or the server's.

    ``far`` says how far it is, and ``whole``, which may read files, all that is known at its end,
    from its job or, where there is none, from the ledger. Raises ``JobError`` where too many
    clients are being told.
    """
    held = ExitStack()
    held.callback(take_place(working_of(request).watchers, "So many streams of events"))
    return _events(request, run_id, far, whole, held)


async def _events(
    request: Request,
    run_id: str,
    far: Callable[[Job], Mapping[str, Any]],
    whole: Callable[[Job | None], Mapping[str, Any]],
    held: ExitStack,
) -> AsyncIterator[str]:
    working, stopping = working_of(request), request.app.state.stopping
    folder, before, quiet = working.settings.folder, "", 0
    try:
        opened = jobs_database(folder)
        connection = await working.look(lambda: held.enter_context(opened))
        yield _BEGIN
        while True:
            job = await working.look(partial(_look, connection, folder, run_id))
            if job is None or job.state.is_end:
                yield event("end", await working.look(partial(whole, job)))
                return
            told = event("progress", far(job))
            quiet = quiet + 1 if told == before else 0
            if told != before:
                yield told
            elif quiet % QUIET_LOOKS == 0:
                yield _NOTHING
            before = told
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), BETWEEN_LOOKS)
            if stopping.is_set():
                yield event("stopping", {"run_id": run_id})
                return
            if await request.is_disconnected():
                return
    finally:
        with anyio.CancelScope(shield=True):
            await working.look(held.close)


def _look(connection: sqlite3.Connection, folder: Path, run_id: str) -> Job | None:
    settle(connection, folder)
    return find_job(connection, run_id)
