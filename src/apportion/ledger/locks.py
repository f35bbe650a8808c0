"""Who may write: one writer at a time, and the claims on runs that are being written.

The system lets a lock go when its holder dies.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from apportion.findings import Finding, LedgerError, Place
from apportion.ledger.disk import Store, touching

WAIT_SECONDS = 60.0
"""How long a writer waits for another before it gives up."""


@contextmanager
def writing(store: Store, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold the ledger's lock, which the system lets go when its holder dies.

    Raises ``LedgerError`` (``ledger_busy``).
    """
    with touching(store.root, "lock the ledger"):
        store.root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(store.root / ".lock")
        try:
            lock.acquire(timeout=wait_seconds)
        except Timeout:
            raise LedgerError(
                [
                    Finding(
                        "ledger_busy",
                        f"Another process has been writing to the ledger for {wait_seconds:.0f} "
                        "seconds.",
                        Place(str(store.root)),
                        remedy="Wait for it to end, then try again.",
                    )
                ]
            ) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def claimed(store: Store, run_id: str) -> Iterator[bool]:
    """Hold the claim on a run that is being written. Gives whether nobody else holds it.

    The system lets it go when its holder dies. Raises ``LedgerError`` (``storage_failed``).
    """
    path = _claims(store) / f"{run_id}.lock"
    lock = FileLock(path)
    # So that nobody finds the file of a claim that is not yet locked.
    with writing(store), touching(path, "claim a run"):
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(Timeout):
            lock.acquire(timeout=0)
    mine = lock.is_locked
    try:
        yield mine
    finally:
        if mine:
            # Nobody waits for a claim, so its file can go while it is held.
            with suppress(OSError):
                path.unlink()
            lock.release()


def _claims(store: Store) -> Path:
    return store.root / ".running"


def runs_claimed(store: Store) -> set[str]:
    """The runs that are being written, or whose writer was killed."""
    with touching(_claims(store), "list claims"):
        return {path.stem for path in _claims(store).glob("*.lock")}
