"""Whether who asks may: by the table of all paths, before anything of a request is read.

Every write of somebody who may is in the audit log before it begins.
"""

import logging
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apportion.access import Principal
from apportion.access.audit import Event
from apportion.api.layers.refusing import (
    READS,
    DeniedError,
    answer_problem,
    deny,
    entry,
    log_entry,
)
from apportion.api.who_may import ANYBODY, asked, why_not
from apportion.serve_settings import ServeSettings

_LOGGER = logging.getLogger("apportion.access")


class Authorisation:
    """Lets through who may; a path that does not stand in the table is not there."""

    def __init__(self, app: ASGIApp, settings: ServeSettings) -> None:
        """Stand before an application."""
        self.app, self.settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, deny it, or say that there is no such path."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            # There are no web sockets here, and none shall pass by the table.
            await send({"type": "websocket.close", "code": 1008})
            return
        found = asked(scope["method"], scope["path"])
        if found.need is None:
            await _answer_nothing(scope, send, found.methods)
            return
        if found.need != ANYBODY:
            principal: Principal = scope["state"]["principal"]
            reason = why_not(found.need, principal)
            if reason:
                denied = DeniedError(HTTPStatus.FORBIDDEN, reason)
                await deny(scope, send, self.settings.folder, denied)
                return
        if scope["method"] in READS:
            await self.app(scope, receive, send)
        else:
            await self._write(scope, receive, send)

    async def _write(self, scope: Scope, receive: Receive, send: Send) -> None:
        folder = self.settings.folder
        try:
            await log_entry(folder, entry(scope, Event.WRITE_BEGUN))
        except OSError:
            _LOGGER.exception("The audit log cannot be written, so nothing else is")
            said = "The audit log cannot be written, so nothing else is."
            await answer_problem(scope, send, HTTPStatus.SERVICE_UNAVAILABLE, said)
            return
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, sending)
        finally:
            reason = "" if status else "it ended without an answer"
            try:
                await log_entry(folder, entry(scope, Event.WRITE_ENDED, status, reason))
            except OSError:
                _LOGGER.exception("The audit log cannot be written")


async def _answer_nothing(scope: Scope, send: Send, methods: tuple[str, ...]) -> None:
    if not methods:
        await answer_problem(scope, send, HTTPStatus.NOT_FOUND, "There is no such path.")
        return
    status, allowed = HTTPStatus.METHOD_NOT_ALLOWED, ", ".join(methods)
    said = f"This path takes {allowed}."
    await answer_problem(scope, send, status, said, {"Allow": allowed})
