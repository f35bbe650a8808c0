"""Servers as users start them: real processes that answer on a port of their own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2 as httpx

COMMAND = str(Path(sys.executable).with_name("apportion"))
LONGEST_START = LONGEST_STOP = 1800.0
"""Seconds after which only a hang is left to explain it, on whatever machine."""


@dataclass(frozen=True)
class Served:
    """A running server: its address, its first process, and the file that has its log."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def workers(self) -> list[int]:
        """The processes that answer: the server's children, or itself where it has none."""
        listed = subprocess.run(
            ["pgrep", "-P", str(self.process.pid), "-f", "multiprocessing.spawn"],
            check=False,
            capture_output=True,
            text=True,
        )
        return [int(line) for line in listed.stdout.split()] or [self.process.pid]

    def log_text(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def stop(self) -> int:
        """Ask it to stop, as a system does, and give its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(LONGEST_STOP)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def served(
    folder: Path, log: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> Iterator[Served]:
    """Start ``apportion serve`` on a workspace and wait until it is ready."""
    port = free_port()
    words = [COMMAND, "--workspace", str(folder), "serve", "--port", str(port), *arguments]
    with log.open("wb") as out:
        process = subprocess.Popen(
            words,
            stdout=out,
            stderr=out,
            start_new_session=True,
            env={**os.environ, **(environment or {})},
        )
    running = Served(f"http://127.0.0.1:{port}", process, log)
    try:
        _await_ready(running)
        yield running
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(LONGEST_STOP)


def _await_ready(running: Served) -> None:
    until = time.monotonic() + LONGEST_START
    while time.monotonic() < until:
        assert running.process.poll() is None, running.log_text()
        with suppress(httpx.TransportError):
            if httpx.get(f"{running.url}/api/v1/health", timeout=5).status_code == 200:
                return
        time.sleep(0.05)
    raise AssertionError(f"the server did not start: {running.log_text()}")


def run_command(folder: Path, *lines: str) -> None:
    """Run command lines of ``apportion`` in a folder, each of which must succeed."""
    for line in lines:
        done = subprocess.run(
            [COMMAND, *line.split()], cwd=folder, check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
