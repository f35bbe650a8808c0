"""What anybody can do to a connection before the application hears of a request."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uvicorn
from serving import Served, free_port
from waiting import until

from apportion.api import connections
from apportion.api.connections import Connection

ENDLESS = 64
"""Parts of a megabyte; far more than a head may have."""

PART = b"a" * 2**20
GET, POST = b"GET /seen HTTP/1.1\r\nHost: localhost\r\n", b"POST /seen HTTP/1.1\r\n"
CHUNKED = POST + b"Host: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"


async def app(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
    """Answer with the names of the headers, once the body is there."""
    if scope["type"] != "http":
        return
    more = scope["path"] == "/seen"
    while more:
        more = (await receive()).get("more_body", False)
    names = b",".join(sorted(name for name, _ in scope["headers"]))
    names += PART * (ENDLESS if scope["path"] == "/large" else 0)
    headers = [(b"content-length", b"%d" % len(names))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": names})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[uvicorn.Server]:
    """A server that waits a second for a head, and for an answer to be taken."""
    monkeypatch.setattr(connections, "HEAD_SECONDS", 1.0)
    monkeypatch.setattr(connections, "TAKE_SECONDS", 1.0)
    found = free_port()
    config = uvicorn.Config(app, port=found, http=Connection, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started)
    yield server
    server.should_exit = True
    thread.join()


@pytest.fixture
def port(server: uvicorn.Server) -> int:
    return server.config.port


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=1800)


def is_cut_off(connection: socket.socket, part: bytes) -> bool:
    """Whether the other side ends it before everything is sent."""
    try:
        for _ in range(ENDLESS):
            connection.sendall(part)
    except OSError:
        return True
    return False


@pytest.mark.parametrize(
    ("begin", "part"),
    [
        (b"GET /", PART),
        (GET + b"X-Long: ", PART),
        (GET, b"X-Many: y\r\n" * 2**16),
        (b"", b"\r\n" * 2**19),
        (CHUNKED + b"2;", PART),
        (CHUNKED + b"2\r\n{}\r\n0\r\nX-Trailer: ", PART),
        (CHUNKED + b"2\r\n{}\r\n0\r\n", b"X-Trailer: y\r\n" * 2**16),
    ],
    ids=["address", "header", "headers", "nothing", "chunk", "trailer", "trailers"],
)
def test_what_has_no_end_is_cut_off(port: int, begin: bytes, part: bytes) -> None:
    with connect(port) as connection:
        connection.sendall(begin)
        assert is_cut_off(connection, part)


@pytest.mark.parametrize(
    "begin", [b"", b"\r\n", b"GET", GET], ids=["nothing", "line", "method", "header"]
)
def test_who_does_not_go_on_to_ask_is_not_waited_for(port: int, begin: bytes) -> None:
    with connect(port) as connection:
        connection.sendall(begin)
        while connection.recv(2**16):
            pass


def test_who_goes_on_with_a_body_that_nobody_wants_is_not_waited_for(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
        assert connection.recv(2**16).startswith(b"HTTP/1.1 200 ")
        connection.sendall(b"1")
        assert connection.recv(2**16) == b""


def test_an_answer_that_nobody_takes_is_not_kept(port: int, server: uvicorn.Server) -> None:
    with connect(port) as connection:
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(1)
        until(lambda: not server.server_state.connections)


def test_an_answer_that_is_taken_slowly_comes_whole(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        taken = 0
        while part := connection.recv(2**20):
            taken += len(part)
            time.sleep(0.03)
        assert taken > ENDLESS * len(PART)


def test_what_comes_after_a_body_is_no_header(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(CHUNKED + b"2\r\n{}\r\n0\r\nAuthorization: Bearer me\r\n\r\n")
        answer = connection.recv(2**16)
        assert answer.endswith(b"\r\n\r\nhost,transfer-encoding")
        # The connection goes on with the next request.
        connection.sendall(GET + b"\r\n")
        assert connection.recv(2**16).endswith(b"\r\n\r\nhost")


def test_a_body_may_be_longer_than_a_head(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(POST + b"Host: x\r\nContent-Length: %d\r\n\r\n" % (2 * len(PART)))
        connection.sendall(PART + PART + GET + b"\r\n")
        answers = b""
        while answers.count(b"HTTP/1.1 200 ") < 2:
            answers += connection.recv(2**16)


def test_the_server_has_such_connections(
    small: Path, serve: Callable[..., AbstractContextManager[Served]]
) -> None:
    with serve(small) as running, connect(urlsplit(running.url).port or 0) as connection:
        connection.sendall(GET + b"X-Long: ")
        assert is_cut_off(connection, PART)


def test_half_sent_heads_leave_room_for_others(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 600.0)
    monkeypatch.setattr(connections, "most_connections", lambda: 5)
    with ExitStack() as held:
        for _ in range(20):
            held.enter_context(connect(port)).sendall(b"GET / HTTP/1.1\r\nhost:")
        asking = held.enter_context(connect(port))
        asking.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        assert asking.recv(100).startswith(b"HTTP/1.1 200")
        assert len(connections._open) <= 5


def test_of_two_addresses_the_one_with_most_half_sent_heads_gives_way(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 600.0)
    monkeypatch.setattr(connections, "most_connections", lambda: 5)
    with ExitStack() as held:
        slow = held.enter_context(
            socket.create_connection(("127.0.0.1", port), 60, source_address=("127.0.0.2", 0))
        )
        slow.sendall(b"GET / HTTP/1.1\r\nhost:")
        for _ in range(20):
            held.enter_context(connect(port)).sendall(b"GET / HTTP/1.1\r\nhost:")
        slow.sendall(b" x\r\n\r\n")
        assert slow.recv(100).startswith(b"HTTP/1.1 200")
