"""What becomes of a failure of the disk: a ``LedgerError`` that says what was tried, and where."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from deltalake.exceptions import DeltaError

from apportion.findings import Finding, LedgerError, Place
from apportion.ledger.schemas import Table

_LONGEST_REASON = 300
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
