"""Answers to the same question of the same ledger and model are the same, so they are kept.

What is kept is the finished body, compressed as the client likes it, with a hash of it as its ETag;
a client that has it already is told so. Questions that are being answered are not worked on twice.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apportion.api import metrics
from apportion.api.current import current
from apportion.api.layers.compressed import Compressor, compressor_for, encoding_wanted
from apportion.api.layers.places import Places, TooManyError, caller_of
from apportion.api.layers.refusing import answer_problem
from apportion.api.layers.request_log import route_of
from apportion.api.reading import Interruptible
from apportion.findings import ApportionError
from apportion.serve_settings import ServeSettings

QUESTIONS = ("/api/v1/", "/service/")
"""The paths that ask something of the workspace."""

_WATCHED = "/events"
"""How the paths end that go on as long as a run does; watchers have places of their own."""

NEVER_KEPT = b"no-store"
_FRESH = b"private, no-cache"
_VARY = b"Accept, Accept-Encoding, Authorization"
PIECE = 2**18
"""Bytes of an answer that are handed to a connection at once."""
_PART = 4
"""One answer may take this part of the memory for all; larger ones are passed on as they come."""

_BESIDES = 2048
_AGAIN_SECONDS = 0.1

Pairs = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Kept:
    """A finished answer. ``route`` is the path of its resource."""

    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    etag: bytes
    route: str

    @property
    def size(self) -> int:
        """What it takes of the memory: the body, and beside it the question and the headers."""
        return len(self.body) + _BESIDES


class RememberedAnswers:
    """Gives each request the workspace as it is now, and remembers what was answered."""

    def __init__(self, app: ASGIApp, settings: ServeSettings) -> None:
        """Stand before an application, with nothing remembered."""
        self.app, self.settings = app, settings
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self._bytes = 0
        self._places = Places(settings.readers)
        self._under_way: dict[Hashable, asyncio.Future[Kept | None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from memory, or pass the question on and remember the answer."""
        if scope["type"] != "http" or not scope["path"].startswith(QUESTIONS):
            await self.app(scope, receive, send)
            return
        send = _in_pieces(send)
        working = scope["state"]["working"] = Interruptible()
        loop = asyncio.get_running_loop()
        limit: asyncio.TimerHandle

        def interrupt() -> None:
            nonlocal limit
            working.interrupt()
            # Between two statements of a question there was nothing to interrupt.
            limit = loop.call_later(_AGAIN_SECONDS, interrupt)

        async def sent(message: Message) -> None:
            # What has begun to be sent is made no faster than it is taken.
            limit.cancel()
            await send(message)

        limit = loop.call_later(self.settings.read_seconds, interrupt)
        try:
            await self._answer(scope, receive, sent)
        finally:
            limit.cancel()
            working.close()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            state = scope["app"].state
            state.known = scope["state"]["current"] = current(self.settings.folder, state.known)
        except ApportionError as error:
            # Some resources answer all the same; the others say what is wrong.
            scope["state"]["unreadable"] = error
            await self.app(scope, receive, send)
            return
        if scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        encoding = encoding_wanted(headers.get("accept-encoding", ""))
        question = self._question(scope, headers, encoding)
        kept = self._kept.get(question) or await self._from_another(question)
        metrics.count_remembered(hit=kept is not None)
        if kept is None:
            await self._ask_in_turn(question, encoding, scope, receive, send)
            return
        if question in self._kept:
            self._kept.move_to_end(question)
        scope["state"]["route"] = kept.route
        await _give(kept, headers, send)

    def _question(self, scope: Scope, headers: Headers, encoding: str) -> Hashable:
        principal = scope["state"].get("principal")
        sees = (principal.role, principal.products) if principal else None
        marks = scope["state"]["current"].marks
        asked = (scope["path"], scope["query_string"], headers.get("accept", ""))
        return (marks, sees, asked, encoding)

    async def _from_another(self, question: Hashable) -> Kept | None:
        other = self._under_way.get(question)
        return None if other is None else await asyncio.shield(other)

    async def _ask_in_turn(
        self, question: Hashable, encoding: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if "principal" not in scope["state"] or scope["path"].endswith(_WATCHED):
            await self._ask(question, encoding, scope, receive, send)
            return
        try:
            async with self._places.hold(caller_of(scope)):
                await self._ask(question, encoding, scope, receive, send)
        except TooManyError:
            said = "Too many questions of yours wait already. Let some be answered first."
            status, headers = HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": "5"}
            await answer_problem(scope, send, status, said, headers)

    async def _ask(
        self, question: Hashable, encoding: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        mine: asyncio.Future[Kept | None] = asyncio.get_running_loop().create_future()
        self._under_way.setdefault(question, mine)

        def alone() -> None:
            # Whoever asks the same meanwhile must not wait for what will not be kept.
            if self._under_way.get(question) is mine:
                del self._under_way[question]
            if not mine.done():
                mine.set_result(None)

        most = self.settings.remembered_bytes // _PART
        passing = _Passing(send, most, encoding, scope, alone)
        try:
            await self.app(scope, receive, passing)
            kept = passing.kept
            if kept is not None:
                self._keep(question, kept)
                await _give(kept, Headers(scope=scope), send)
        finally:
            if not mine.done():
                mine.set_result(passing.kept)
            alone()

    def _keep(self, question: Hashable, kept: Kept) -> None:
        before = self._kept.pop(question, None)
        self._bytes += kept.size - (before.size if before else 0)
        self._kept[question] = kept
        while self._bytes > self.settings.remembered_bytes:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= oldest.size


class _Passing:
    """Holds an answer back until it is whole, or too large or of a kind that is not kept."""

    def __init__(
        self, send: Send, most: int, encoding: str, scope: Scope, alone: Callable[[], None]
    ) -> None:
        self._send, self._most, self._encoding, self._scope = send, most, encoding, scope
        self._alone = alone
        self._start: Message = {}
        self._parts: list[bytes] = []
        self._size = 0
        self._compressor: Compressor | None = None
        self._passes_on = False
        self.kept: Kept | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            headers = dict(message["headers"])
            never = NEVER_KEPT in headers.get(b"cache-control", b"")
            if message["status"] != 200 or never:
                self._passes_on = True
                self._alone()
                await self._send(message)
            return
        if self._passes_on:
            await self._pass(message)
            return
        self._parts.append(message.get("body", b""))
        self._size += len(self._parts[-1])
        if self._size > self._most:
            await self._begin_passing(message)
        elif not message.get("more_body"):
            self.kept = self._finished()

    def _finished(self) -> Kept:
        body = b"".join(self._parts)
        compressor = compressor_for(self._encoding, self._start["headers"], len(body))
        if compressor:
            body = compressor.add(body) + compressor.end()
        etag = _etag(dict(self._start["headers"]).get(b"etag", b""), body)
        headers = _headers(self._start["headers"], compressor, len(body))
        headers.append((b"etag", etag))
        return Kept(tuple(headers), body, etag, route_of(self._scope))

    async def _begin_passing(self, latest: Message) -> None:
        self._passes_on = True
        self._alone()
        headers = self._start["headers"]
        self._compressor = compressor_for(self._encoding, headers, self._size)
        known = [each for each in headers if each[0] == b"etag"]
        begin = {**self._start, "headers": [*_headers(headers, self._compressor, None), *known]}
        await self._send(begin)
        held, self._parts = b"".join(self._parts), []
        await self._pass({**latest, "body": held})

    async def _pass(self, message: Message) -> None:
        if self._compressor:
            body = self._compressor.add(message.get("body", b""))
            if not message.get("more_body"):
                body += self._compressor.end()
            message = {**message, "body": body}
        await self._send(message)


def _etag(given: bytes, body: bytes) -> bytes:
    """A hash of the body, behind what the resource itself knows its state by."""
    mark = hashlib.blake2b(body, digest_size=16).hexdigest().encode()
    known = given.strip(b'"')
    return b'"%s"' % (b"-".join((known, mark)) if known else mark)


def _headers(given: Pairs, compressor: Compressor | None, length: int | None) -> Pairs:
    headers = [each for each in given if each[0] not in (b"content-length", b"etag")]
    headers += [(b"cache-control", _FRESH), (b"vary", _VARY)]
    if compressor:
        headers.append((b"content-encoding", compressor.name))
    if length is not None:
        headers.append((b"content-length", b"%d" % length))
    return headers


def _in_pieces(send: Send) -> Send:
    """The same, a piece at a time: the next is handed over when the one before has been taken.

    An answer that is sent whole is held by the connection until it is taken, however slowly, and
    counts as given meanwhile.
    """

    async def pieces(message: Message) -> None:
        body = message.get("body", b"")
        if len(body) <= PIECE:
            await send(message)
            return
        for start in range(0, len(body), PIECE):
            more = start + PIECE < len(body) or message.get("more_body", False)
            await send({**message, "body": body[start : start + PIECE], "more_body": more})

    return pieces


async def _give(kept: Kept, headers: Headers, send: Send) -> None:
    """Send a kept answer, or that the client has it already."""
    held = headers.get("if-none-match", "")
    if held and _names(held, kept.etag.decode()):
        said = [each for each in kept.headers if each[0] in _OF_UNCHANGED]
        await send({"type": "http.response.start", "status": 304, "headers": said})
        await send({"type": "http.response.body"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": list(kept.headers)})
    await send({"type": "http.response.body", "body": kept.body})


_OF_UNCHANGED = frozenset({b"cache-control", b"etag", b"vary"})


def _names(held: str, etag: str) -> bool:
    marks = [each.strip().removeprefix("W/") for each in held.split(",")]
    return etag in marks or marks == ["*"]
