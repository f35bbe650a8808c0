"""How large a body may be, and how long its next part may take to come."""

import asyncio
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apportion.api.problems import MEDIA_TYPE, problem_body
from apportion.serve_settings import ServeSettings

_UPLOADS = "/api/v1/ingest/"
_LONGEST_URL = 16 * 1024


class _RefusedError(Exception):
    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


class Limits:
    """Refuses bodies that are too large, too slow, or broken off."""

    def __init__(self, app: ASGIApp, settings: ServeSettings) -> None:
        """Stand before an application."""
        self.app, self.settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on while its body keeps within the limits."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False
        most = self._most(scope)
        taken = 0

        async def receiving() -> Message:
            nonlocal taken
            try:
                async with asyncio.timeout(None if done else self.settings.idle_seconds):
                    message = await receive()
            except TimeoutError:
                said = f"Nothing came for {self.settings.idle_seconds:.0f} seconds."
                raise _RefusedError(HTTPStatus.REQUEST_TIMEOUT, said) from None
            if message["type"] == "http.request":
                taken += len(message.get("body", b""))
                _require_within(taken, most)
                if not message.get("more_body"):
                    finished()
            return message

        done = False

        def finished() -> None:
            nonlocal done
            done = True

        async def sending(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            _require_short(scope)
            _require_within(_announced(scope), most)
            await self.app(scope, receiving, sending)
        except _RefusedError as refused:
            if started:
                raise
            await _refuse(scope, refused, send)

    def _most(self, scope: Scope) -> int:
        uploads = scope["path"].startswith(_UPLOADS)
        return self.settings.upload_bytes if uploads else self.settings.body_bytes


def _announced(scope: Scope) -> int:
    text = Headers(scope=scope).get("content-length", "0")
    return int(text) if text.isdecimal() else 0


def _require_within(size: int, most: int) -> None:
    if size > most:
        said = f"The body is larger than {most:,} bytes."
        raise _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, said)


def _require_short(scope: Scope) -> None:
    if len(scope["path"]) + len(scope["query_string"]) > _LONGEST_URL:
        said = f"The address is longer than {_LONGEST_URL:,} characters."
        raise _RefusedError(HTTPStatus.REQUEST_URI_TOO_LONG, said)


async def _refuse(scope: Scope, refused: _RefusedError, send: Send) -> None:
    body = problem_body(refused.status, refused.detail, scope["state"]["request_id"])
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", b"%d" % len(body)),
        # What is still to come of the body is not read.
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": int(refused.status), "headers": headers})
    await send({"type": "http.response.body", "body": body})
