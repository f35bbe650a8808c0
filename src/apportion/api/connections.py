"""Connections as uvicorn reads them, with bounds on what comes before and between bodies.

The parser itself takes a head of any length, for as long as anybody likes to send it, and keeps all
of it in memory before the application hears of the request. And an answer that nobody takes is kept
for ever, with all that is open behind it.
"""

import resource
from asyncio import TimerHandle, Transport
from collections import Counter

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from apportion.access.failures import client_of

MOST_BYTES = 64 * 1024
"""Bytes that may come without an end of a head or a part of a body among them."""

HEAD_SECONDS = 20.0
"""Seconds within which the head of a request has to come, or at least its first byte at all."""

TAKE_SECONDS = 30.0
"""Seconds within which some of an answer has to be taken that waits to be."""

_SPARE = 2
"""One connection for so many descriptors: files and children need some of them too."""

_MOST_CONNECTIONS = 4096
"""More are of no use to one worker, however many descriptors it may have."""

_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"connection: close\r\ncontent-length: 0\r\n\r\n"
)


_open: set["Connection"] = set()
_awaited: dict["Connection", None] = {}
"""Connections whose head has not come whole, the oldest first."""


def most_connections() -> int:
    """Connections that a process holds at once: well below the limit of its descriptors."""
    descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if descriptors == resource.RLIM_INFINITY:
        return _MOST_CONNECTIONS
    return min(max(descriptors // _SPARE, 1), _MOST_CONNECTIONS)


class Connection(HttpToolsProtocol):
    """A connection that is closed where a head is too long or too slow, or no answer is taken.

    What follows a body that comes in chunks is bounded likewise and not taken for a header.
    """

    address = ""
    """The address that it counts for."""

    _progressed = False
    _without_progress = 0
    _in_head = True
    _head_limit: TimerHandle | None = None
    _take_limit: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self.address = client_of(self.client[0]) if self.client else ""
        self._await_head()
        _open.add(self)
        if len(_open) > most_connections():
            # Of the address that keeps most heads waiting, the oldest is least likely to come.
            waiting = Counter(each.address for each in _awaited)
            most = max(waiting.values())
            oldest = next(each for each in _awaited if waiting[each.address] == most)
            _open.discard(oldest)
            oldest.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        _open.discard(self)
        self._stop_waiting()
        self._stop_watching()
        super().connection_lost(exc)

    def abort(self) -> None:
        """Close the connection at once, since others need its descriptor."""
        self._stop_waiting()
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Read on, as far as what came leads anywhere."""
        self._progressed = False
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._progressed:
            self._without_progress = 0
        else:
            self._without_progress += len(data)
            if self._without_progress > MOST_BYTES:
                self._refuse()
                return
        if self._head_limit is None and self._is_idle():
            # What came let uvicorn forget how long a quiet connection may stay.
            self._await_head()

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._in_head = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header, unless it comes after the body."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._progressed, self._in_head = True, False
        self._stop_waiting()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of the body came."""
        self._progressed = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._progressed, self._in_head = True, True
        super().on_message_complete()

    def pause_writing(self) -> None:
        """More waits to be taken than should."""
        super().pause_writing()
        self._watch(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """What waited was taken."""
        self._stop_watching()
        super().resume_writing()

    def _watch(self, waiting: int) -> None:
        self._take_limit = self.loop.call_later(TAKE_SECONDS, self._look_again, waiting)

    def _look_again(self, before: int) -> None:
        self._take_limit = None
        waiting = self.transport.get_write_buffer_size()
        if waiting < before:
            self._watch(waiting)
        else:
            # To close it would be to wait until the rest is taken.
            self.transport.abort()

    def _stop_watching(self) -> None:
        if self._take_limit is not None:
            self._take_limit.cancel()
            self._take_limit = None

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _await_head(self) -> None:
        self._head_limit = self.loop.call_later(HEAD_SECONDS, self._give_up)
        _awaited[self] = None

    def _stop_waiting(self) -> None:
        _awaited.pop(self, None)
        if self._head_limit is not None:
            self._head_limit.cancel()
            self._head_limit = None

    def _give_up(self) -> None:
        self._head_limit = None
        _awaited.pop(self, None)
        if self._is_idle() and not self.transport.is_closing():
            self.transport.close()

    def _refuse(self) -> None:
        if self._is_idle():
            self.transport.write(_TOO_LARGE)
        self.transport.close()
