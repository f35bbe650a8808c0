"""What a worker process does beside answering: its children, and how many of them there may be."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import anyio
import anyio.to_thread
from fastapi import Request

from apportion.findings import QUESTION, Finding, JobError
from apportion.jobs.processes import Allowed, Children
from apportion.serve_settings import ServeSettings

T = TypeVar("T")

AT_ONCE = 2
"""Pieces of work that a worker process waits for at once; others wait for their turn."""

UPLOADS = 16
"""Files that a worker process takes in at once; more are refused."""

UPLOADS_OF_ONE = 8
"""Of these those that one caller may send: who sends slowly must not keep out all others."""

RUN_SHARE, FILE_SHARE = 2, 4
"""Which part of the machine's memory a run may take, and which a file; 4 is a quarter.

One run is computed at a time. A file of two megabytes can be made to need any memory that there is,
and several come in at once.
"""

WATCHERS = 200
"""Clients that a worker process tells of runs at once; more are refused."""

_SHORT = 4
_ADDRESSES = 4 * 2**30
"""What a process may take of addresses beside what it uses."""


@dataclass(frozen=True)
class Working:
    """The work of a worker process. The questions that people ask have threads of their own."""

    settings: ServeSettings
    children: Children = field(default_factory=Children)
    long: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(AT_ONCE))
    short: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(_SHORT))
    uploads: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(UPLOADS))
    watchers: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(WATCHERS))
    senders: Counter[str] = field(default_factory=Counter)

    def allowed(self, share: int) -> Allowed:
        """What a child may take: what the settings say, or a share of the machine's memory."""
        return Allowed(self.settings.work_seconds, self.settings.work_bytes or _part_of(share))

    async def do(self, work: Callable[[], T]) -> T:
        """What a piece of work gives that waits for a child. Raises what it raises."""
        return await anyio.to_thread.run_sync(work, limiter=self.long)

    async def look(self, work: Callable[[], T]) -> T:
        """What something gives that is soon done, and reads or writes files."""
        return await anyio.to_thread.run_sync(work, limiter=self.short)


def working_of(request: Request) -> Working:
    """The work of the process that answers a request."""
    found: Working = request.app.state.working
    return found


def take_place(limiter: anyio.CapacityLimiter, what: str) -> Callable[[], None]:
    """Take one of so many places; gives how to leave it. Raises ``JobError``."""
    holder = object()
    try:
        limiter.acquire_on_behalf_of_nowait(holder)
    except anyio.WouldBlock:
        message = f"{what} are under way already, and no more are taken."
        raise JobError(
            [Finding("too_many_waiting", message, QUESTION, "Ask again soon.")]
        ) from None
    return lambda: limiter.release_on_behalf_of(holder)


@contextmanager
def sending(working: Working, who: str) -> Iterator[None]:
    """Hold a place for a file that somebody sends. Raises ``JobError``."""
    if working.senders[who] >= UPLOADS_OF_ONE:
        message = f"{UPLOADS_OF_ONE} uploads of yours are under way already."
        raise JobError([Finding("too_many_waiting", message, QUESTION, "Let some end first.")])
    leave = take_place(working.uploads, "So many uploads")
    working.senders[who] += 1
    try:
        yield
    finally:
        working.senders[who] -= 1
        if not working.senders[who]:
            del working.senders[who]
        leave()


@asynccontextmanager
async def at_work(working: Working, stopping: asyncio.Event) -> AsyncIterator[None]:
    """Let the children end as soon as the server is told to stop, and before it does."""

    async def end() -> None:
        await stopping.wait()
        await asyncio.to_thread(working.children.stop, working.settings.grace_seconds)

    ending = asyncio.create_task(end())
    try:
        yield
    finally:
        stopping.set()
        await ending


def _part_of(share: int) -> int:
    """The addresses of a child that may use a part of this machine's memory; 0 where unknown."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError):
        return 0
    return memory // share + _ADDRESSES
