"""A request that is denied: told to the client as a problem, and to the audit log with the reason.

The client is told what to do about it and no more; why a credential is none is for the log alone.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

from starlette.datastructures import Headers
from starlette.types import Scope, Send

from apportion.access import Principal
from apportion.access.audit import Entry, Event, append_entry, audit_file
from apportion.access.denials import WINDOW, Denials
from apportion.api.layers.threads import in_thread
from apportion.api.problems import MEDIA_TYPE, problem_body

READS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""

_LOGGER = logging.getLogger("apportion.access")


class DeniedError(Exception):
    """A request that is not let through, raised by a layer and answered by it."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        reason: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Keep what the client is told, and the reason for the log, where that says more."""
        super().__init__(detail)
        self.status, self.detail, self.reason = status, detail, reason or detail
        self.headers = dict(headers or {})


def now() -> datetime:
    """The moment, as the edge of the program knows it."""
    return datetime.now(UTC)


def entry(scope: Scope, event: Event, status: int = 0, reason: str = "") -> Entry:
    """A line for the audit log about a request."""
    principal: Principal | None = scope["state"].get("principal")
    client = scope.get("client")
    return Entry(
        now(),
        event,
        principal,
        scope["state"]["request_id"],
        scope["method"],
        scope["path"],
        status,
        client[0] if client else "",
        Headers(scope=scope).get("idempotency-key", ""),
        reason,
    )


async def log_entry(workspace: Path, told: Entry) -> None:
    """Append a line to the audit log. Raises ``OSError``."""
    await in_thread(lambda: append_entry(audit_file(workspace), told))


async def log_denials(workspace: Path, lines: Sequence[Entry]) -> None:
    """Append lines to the audit log as far as it can be written."""
    try:
        for each in lines:
            await log_entry(workspace, each)
    except OSError:
        _LOGGER.exception("The audit log cannot be written")


async def log_counts(workspace: Path, denials: Denials) -> None:
    """Write what was counted once its window is over, for as long as this is not cancelled."""
    try:
        while True:
            await asyncio.sleep(WINDOW.total_seconds())
            await log_denials(workspace, denials.due(now()))
    finally:
        await log_denials(workspace, denials.rest())


async def deny(scope: Scope, send: Send, workspace: Path, denied: DeniedError) -> None:
    """Log a request that is denied, or count it, and answer it."""
    told = entry(scope, Event.DENIED, int(denied.status), denied.reason)
    denials: Denials = scope["app"].state.denials
    # Where nothing can be written it is denied all the same.
    await log_denials(workspace, denials.take(told))
    await answer_problem(scope, send, denied.status, denied.detail, denied.headers)


async def answer_problem(
    scope: Scope,
    send: Send,
    status: HTTPStatus,
    detail: str,
    headers: Mapping[str, str] | None = None,
) -> None:
    """Answer with a problem, from a layer."""
    body = problem_body(status, detail, scope["state"]["request_id"])
    said = {
        "content-type": MEDIA_TYPE,
        "content-length": str(len(body)),
        "cache-control": "no-store",
        # What is still to come of a body is not read.
        **({} if scope["method"] in READS else {"connection": "close"}),
        **(headers or {}),
    }
    pairs = [(name.lower().encode(), value.encode("latin-1")) for name, value in said.items()]
    await send({"type": "http.response.start", "status": int(status), "headers": pairs})
    await send({"type": "http.response.body", "body": body})
