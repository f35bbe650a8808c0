"""A server in processes of its own: started on a free port, awaited, measured, stopped."""

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from socket import create_server

START_SECONDS = 60
STOP_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs."""

    process: subprocess.Popen[bytes]
    port: int

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body of an answer, over a connection of its own."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def memory_mb(self) -> float:
        """What its processes hold, each page that several share counted once, in MB."""
        return sum(map(_memory_mb, [self.process.pid, *_below(self.process.pid)]))


def _below(process: int) -> Iterator[int]:
    for task in Path(f"/proc/{process}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            yield child
            yield from _below(child)


def _memory_mb(process: int) -> float:
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


@contextmanager
def serving(words: Sequence[str], ready: str, log: Path) -> Iterator[Server]:
    """Start a server with ``--port`` added, wait until ``ready`` answers with 200, and stop it."""
    with closing(create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    with log.open("wb") as file:
        process = subprocess.Popen([*words, "--port", str(port)], stdout=file, stderr=file)
    server = Server(process, port)
    try:
        _wait(server, ready, log)
        yield server
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def _wait(server: Server, ready: str, log: Path) -> None:
    for _ in range(START_SECONDS * 10):
        if server.process.poll() is not None:
            break
        try:
            if server.get(ready)[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit(f"the server did not start:\n{log.read_text()[-2000:]}")
