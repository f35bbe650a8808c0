"""A real server on a port of its own that answers as a script says, however strange that is."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Answer = bytes | None
"""What is sent for a request; None closes the connection without a word."""


@dataclass
class Scripted:
    """A server with what it was asked: the first line, the headers and the body of each request."""

    url: str
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


def answer(
    status: int, body: bytes = b"{}", media: str = "application/json", *more: str, length: int = -1
) -> bytes:
    """An answer; ``length`` is the one it claims to have."""
    said = len(body) if length < 0 else length
    lines = [f"HTTP/1.1 {status} X", f"Content-Type: {media}", f"Content-Length: {said}", *more]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body


@contextmanager
def scripted(script: list[Answer] | Callable[[int], Answer]) -> Iterator[Scripted]:
    """Serve a script, whose last answer is repeated."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = Scripted(f"http://127.0.0.1:{listening.getsockname()[1]}")

    def serve() -> None:
        number = 0
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                request = _request(connection)
                if request is None:
                    continue
                server.asked.append(request)
                said = script(number) if callable(script) else script[min(number, len(script) - 1)]
                number += 1
                if said is not None:
                    connection.sendall(said)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(10)


def _request(connection: socket.socket) -> tuple[str, dict[str, str], bytes] | None:
    with connection.makefile("rb") as lines:
        first = lines.readline().decode().strip()
        if not first:
            return None
        headers: dict[str, str] = {}
        while line := lines.readline().decode().strip():
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(lines.readline(), 16):
                body += lines.read(size)
                lines.readline()
            lines.readline()
            return first, headers, body
        return first, headers, lines.read(int(headers.get("content-length", 0)))
