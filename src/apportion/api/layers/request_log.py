"""Every request gets an id, a line in the log, a place in the metrics, and always an answer."""

import logging
import re
import secrets
import time
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apportion.access.secrets_in_text import without_secrets
from apportion.api import metrics
from apportion.api.problems import FAULT, MEDIA_TYPE, problem_body

_LOGGER = logging.getLogger("apportion.requests")
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
HEADER = "X-Request-Id"


class RequestLog:
    """The outermost layer."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before an application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and tell what came of it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        request_id = given if _ID.fullmatch(given) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        began = time.perf_counter()
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        try:
            await self.app(scope, receive, sending)
        except Exception:
            _LOGGER.exception("The request failed", extra={"request_id": request_id})
            if status:
                raise
            await _answer_fault(request_id, sending)
        finally:
            _tell(scope, request_id, status, time.perf_counter() - began)


async def _answer_fault(request_id: str, send: Send) -> None:
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    body = problem_body(status, FAULT, request_id)
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _tell(scope: Scope, request_id: str, status: int, seconds: float) -> None:
    route = route_of(scope)
    metrics.count_request(scope["method"], route, status, seconds)
    principal = scope["state"].get("principal")
    client = scope.get("client")
    # Nobody should put a token into an address; some do all the same.
    path = without_secrets(scope["path"])
    _LOGGER.info(
        "%s %s %s",
        scope["method"],
        path,
        status,
        extra={
            "request_id": request_id,
            "method": scope["method"],
            "path": path,
            "route": route,
            "status": status,
            "milliseconds": round(seconds * 1000, 2),
            "client": client[0] if client else "",
            "principal": principal.name if principal else "",
        },
    )


def route_of(scope: Scope) -> str:
    """The path of the resource with the names of its parameters; empty where there is none."""
    kept: str | None = scope["state"].get("route")
    if kept is not None:
        return kept
    return getattr(scope.get("route"), "path", "")
