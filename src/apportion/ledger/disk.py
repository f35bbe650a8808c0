"""What becomes of a failure of the disk: a ``LedgerError`` that says what was tried, and where."""

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from deltalake.exceptions import DeltaError

from apportion.findings import Finding, LedgerError, Place
from apportion.ledger.schemas import Table

_LONGEST_REASON = 300
_PASSED_ON_SECONDS = 1.0
_PANIC = re.compile(
    rb"\n?thread '[^\n]*panicked at [^\n]*\n[^\n]*\n"
    rb"(?:(?:note: [^\n]*|stack backtrace:|\s+\d+: [^\n]*|\s+at [^\n]*)\n)*"
)
"""What the Delta library's runtime says on standard error where it gives up: place and reason."""
_ANSI = re.compile("\x1b\\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class Store:
    """A ledger's folder."""

    root: Path

    def folder(self, table: Table) -> Path:
        """Where a table lies."""
        return self.root / table.name


@contextmanager
def touching(where: Path, attempt: str) -> Iterator[None]:
    """Let a failure of the disk become a ``LedgerError`` that says what was tried, and where."""
    try:
        yield
    except LedgerError:
        raise
    except (OSError, DeltaError, pa.ArrowException) as error:
        raise failed(where, f"Could not {attempt}: {reason_of(error)}") from error
    except BaseException as error:
        # The Delta library's own panics are no ordinary exceptions, and are not importable.
        if type(error).__name__ != "PanicException":
            raise
        raise failed(where, f"Could not {attempt}: {reason_of(error)}") from error


@contextmanager
def changing(where: Path, attempt: str) -> Iterator[None]:
    """As ``touching``, where the Delta library writes.

    It tells of a failure twice: by what it raises, and on standard error by the panic of one of its
    threads, which no setting of it prevents. The second is left out; the ``LedgerError`` says it.
    """
    with touching(where, attempt):
        _without_panics.begin()
        try:
            yield
        finally:
            _without_panics.end()


class _WithoutPanics:
    """Standard error of this process, passed on without panics while anybody writes.

    All threads have one standard error, so the first writer leads it through a pipe and the last
    one leads it back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._writers = 0
        self._passing: threading.Thread | None = None
        self._real = -1

    def begin(self) -> None:
        """Somebody writes."""
        with self._lock:
            self._writers += 1
            # A process without a standard error, or without a descriptor or a thread left, writes
            # all the same.
            if self._writers == 1:
                with suppress(OSError, RuntimeError):
                    self._lead_through_pipe()

    def end(self) -> None:
        """Somebody writes no more."""
        with self._lock:
            self._writers -= 1
            if self._writers or self._passing is None:
                return
            os.dup2(self._real, 2)
            # A program that was started meanwhile has the pipe too, and may go on for long.
            self._passing.join(_PASSED_ON_SECONDS)
            self._passing = None

    def _lead_through_pipe(self) -> None:
        self._real = os.dup(2)
        try:
            reading, into = os.pipe()
        except OSError:
            os.close(self._real)
            raise
        try:
            passing = threading.Thread(target=_pass_on, args=(reading, self._real), daemon=True)
            passing.start()
            os.dup2(into, 2)
            self._passing = passing
        finally:
            os.close(into)


def _pass_on(reading: int, to: int) -> None:
    """Pass on what comes; from the first panic on at the end, without panics."""
    held = b""
    with open(to, "wb") as real, suppress(OSError):
        while chunk := os.read(reading, 2**16):
            held += chunk
            if b"panicked at" not in held:
                real.write(held)
                real.flush()
                held = b""
        real.write(_PANIC.sub(b"", held))
    os.close(reading)


_without_panics = _WithoutPanics()


def reason_of(error: BaseException) -> str:
    """What was tried and what the system said of it, in one line."""
    lines = _ANSI.sub("", str(error)).split("\n")
    told = [line.strip().removeprefix("↳").strip() for line in lines]
    told = [line for line in told if line] or [type(error).__name__]
    reason = ": ".join(dict.fromkeys([told[0], told[-1]]))
    # The system's own word stands at the end, behind long paths.
    return reason if len(reason) <= _LONGEST_REASON else f"... {reason[-_LONGEST_REASON:]}"


def failed(where: Path, problem: str, remedy: str = "") -> LedgerError:
    """What is raised where the disk would not do something."""
    return LedgerError(
        [
            Finding(
                "storage_failed",
                f"{problem}.",
                Place(str(where)),
                remedy=remedy or "Nothing was recorded. Check space and permissions, then retry.",
            )
        ]
    )


def damaged(message: str, where: Path) -> LedgerError:
    """What is raised where the ledger is not what its records say."""
    return LedgerError([damaged_finding(message, where)])


def damaged_finding(message: str, where: Path) -> Finding:
    """That the ledger is not what its records say."""
    return Finding("damaged_ledger", message, Place(str(where)), "Bring it back from a backup.")


def sync_path(path: Path) -> None:
    """Wait until the disk holds a file, or a folder's names. Raises ``OSError``."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
