"""Bodies that come slowly, stop coming, or break off."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import anyio
import pytest
import uvicorn
from ledgers import FILES, seen, write_company
from serving import free_port
from waiting import until

from apportion.api.application import application
from apportion.api.working import UPLOADS_OF_ONE, Working, sending
from apportion.findings import JobError
from apportion.serve_settings import ServeSettings

BODY = "\n".join(FILES["bill.csv"]).encode()


@pytest.fixture
def company(tmp_path: Path) -> Path:
    return write_company(tmp_path / "company")


@pytest.fixture
def port(company: Path) -> Iterator[int]:
    """A server that waits a second for the next part of a body."""
    found = free_port()
    app = application(ServeSettings(os.fspath(company), idle_seconds=1.0))
    config = uvicorn.Config(app, port=found, log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started)
    yield found
    server.should_exit = True
    thread.join()


def begin(port: int) -> socket.socket:
    """Announce a body and send the first part of it."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=1800)
    head = (
        "POST /api/v1/ingest/costs?file=bill.csv HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Length: {len(BODY)}\r\n\r\n"
    )
    connection.sendall(head.encode() + BODY[:10])
    return connection


def uploads(company: Path) -> list[Path]:
    return list((company / "server" / "uploads").glob("*/"))


def test_a_body_that_stops_coming_is_given_up(company: Path, port: int) -> None:
    with begin(port) as connection:
        answer = connection.recv(2**16)
        assert answer.startswith(b"HTTP/1.1 408 ")
    until(lambda: uploads(company) == [])
    assert seen(company).ingests == ()


def test_a_body_that_breaks_off_leaves_nothing(company: Path, port: int) -> None:
    with begin(port):
        until(lambda: len(uploads(company)) == 1)
    until(lambda: uploads(company) == [])
    assert seen(company).ingests == ()


def test_a_body_that_comes_in_parts_is_taken(company: Path, port: int) -> None:
    with begin(port) as connection:
        until(lambda: len(uploads(company)) == 1)
        connection.sendall(BODY[10:])
        assert connection.recv(2**16).startswith(b"HTTP/1.1 201 ")
    assert len(seen(company).ingests) == 1


def test_who_sends_slowly_keeps_out_nobody_else() -> None:
    async def send() -> None:
        working = Working(ServeSettings("anywhere"))
        with ExitStack() as slow:
            for _ in range(UPLOADS_OF_ONE):
                slow.enter_context(sending(working, "slow"))
            with pytest.raises(JobError, match="of yours"), sending(working, "slow"):
                pass
            with sending(working, "other"):
                assert working.uploads.borrowed_tokens == UPLOADS_OF_ONE + 1
        with sending(working, "slow"):
            assert working.uploads.borrowed_tokens == 1
        assert not working.senders

    anyio.run(send)
