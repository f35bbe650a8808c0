"""The health check of the container, asked as the container's engine asks it."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socket import create_server

import pytest

PROGRAM = Path(__file__).resolve().parents[2] / "deploy" / "healthy.py"


def ask(port: int) -> int:
    """The status with which the health check ends. A proxy of the environment is not its way."""
    proxy = {"http_proxy": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    words = [sys.executable, str(PROGRAM), str(port)]
    return subprocess.run(words, env=proxy, capture_output=True, check=False).returncode


@contextmanager
def server(answer: Callable[[str], int]) -> Iterator[int]:
    """Something that answers every path with a status; gives its port."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(answer(self.path))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Answer) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        try:
            yield running.server_address[1]
        finally:
            running.shutdown()
            thread.join()


@pytest.mark.parametrize(("status", "ending"), [(200, 0), (503, 1), (404, 1), (500, 1)])
def test_only_an_answer_that_all_is_well_counts(status: int, ending: int) -> None:
    with server(lambda _: status) as port:
        assert ask(port) == ending


def test_the_question_is_for_the_health_of_the_server() -> None:
    with server(lambda path: 200 if path == "/api/v1/health" else 404) as port:
        assert ask(port) == 0


def test_nobody_is_there() -> None:
    with closing(create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    assert ask(port) == 1
