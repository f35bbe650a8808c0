"""Work in child processes: whatever breaks there, the server answers with a finding."""

import json
import logging
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO, Any

from apportion.findings import QUESTION, Finding, JobError, Place
from apportion.jobs.outcomes import Outcome, died, outcome_of, stopped, too_much_time

_LOGGER = logging.getLogger("apportion.jobs")

CHILD = "apportion.jobs.child"
LAST_WORDS = 4_000
"""How many characters of a child's stderr are logged, the last ones."""
UNWINDING_SECONDS = 5.0
"""How long a child that is told to end may clean up."""
_LEAVING_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a piece of work may take: seconds, and bytes of address space; 0 is no bound.

    A process takes about two gigabytes of addresses before it does anything.
    """

    seconds: int
    memory: int = 0


class Child:
    """A child process that was given its request. ``said`` is its stderr."""

    def __init__(self, request: Mapping[str, Any]) -> None:
        """Start it in a session of its own: who interrupts the server means the server."""
        self.said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in ``end``
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            # Safe path: a client's file must not be found where a module is looked for.
            [sys.executable, "-P", "-m", CHILD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.said,
            start_new_session=True,
        )
        self._write(json.dumps(request))

    def _write(self, line: str) -> None:
        assert self.process.stdin
        try:
            self.process.stdin.write(f"{line}\n".encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            # Its death is told where its answer is missed.
            return

    def line(self, seconds: float) -> Mapping[str, Any] | None:
        """The next thing it says, or nothing where it died or was killed after so many seconds."""
        assert self.process.stdout
        timer = threading.Timer(seconds, self.process.kill) if seconds else None
        if timer:
            timer.start()
        try:
            told = self.process.stdout.readline()
        finally:
            if timer:
                timer.cancel()
        if not told.endswith(b"\n"):
            return None
        found: Mapping[str, Any] = json.loads(told)
        return found

    def end(self) -> tuple[int, str]:
        """Wait for its end; gives its exit status and its last words."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        status = self.process.wait()
        self.process.stdout.close()
        self.said.seek(0)
        words = self.said.read().decode(errors="replace")[-LAST_WORDS:]
        self.said.close()
        return status, words


class Children:
    """The living children of one server process. Every method may be called from any thread."""

    def __init__(self) -> None:
        """Begin without any."""
        self._living: set[Child] = set()
        self._turn = threading.Lock()
        self._stopping = False

    def start(self, request: Mapping[str, Any]) -> Child:
        """Start a child. Raises ``JobError`` (``stopped_work``) once the server is stopping."""
        with self._turn:
            if self._stopping:
                message = "The server is stopping and takes no more work."
                raise JobError([Finding("stopped_work", message, QUESTION, "Ask again soon.")])
            child = Child(request)
            self._living.add(child)
        return child

    def gone(self, child: Child) -> tuple[int, str]:
        """Wait for a child's end; gives its exit status and its last words, which are logged."""
        try:
            status, words = child.end()
        finally:
            with self._turn:
                self._living.discard(child)
        if words.strip():
            _LOGGER.warning("A child process said: %s", words.strip())
        return status, words

    def do(self, request: Mapping[str, Any], allowed: Allowed, place: Place) -> Outcome:
        """Let a child do a piece of work and wait for it. The child ends when this process does.

        ``place`` is what the work is about. Whatever becomes of the child is an outcome. Raises
        ``JobError`` (``stopped_work``).
        """
        began = time.monotonic()
        child = self.start({**request, "memory": allowed.memory})
        told = child.line(allowed.seconds)
        if told is None:
            child.process.kill()
        status, words = self.gone(child)
        if told is not None:
            return outcome_of(told)
        if self._stopping:
            return stopped(place)
        if allowed.seconds and time.monotonic() - began >= allowed.seconds:
            return too_much_time(place, allowed.seconds)
        return died(place, status, words)

    def follow(self, child: Child, then: Callable[[int, str], None]) -> None:
        """Wait for a child in a thread of its own, and tell ``then`` its status and last words."""

        def wait() -> None:
            then(*self.gone(child))

        threading.Thread(target=wait, daemon=True).start()

    def stop(self, seconds: float) -> None:
        """Take no more work, let what is under way end for so long, then end it."""
        with self._turn:
            self._stopping = True
        if self._wait(seconds):
            return
        for child in self._now():
            child.process.terminate()
        if not self._wait(UNWINDING_SECONDS):
            for child in self._now():
                child.process.kill()
            self._wait(_LEAVING_SECONDS)

    def _now(self) -> list[Child]:
        with self._turn:
            return list(self._living)

    def _wait(self, seconds: float) -> bool:
        """Wait until no child is left, at most so long; gives whether none is."""
        deadline = time.monotonic() + seconds
        while self._now() and time.monotonic() < deadline:
            time.sleep(0.05)
        return not self._now()
