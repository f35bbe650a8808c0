"""Locks that say who is alive: the system lets them go when their holder dies."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout


@contextmanager
def claimed(path: Path) -> Iterator[bool]:
    """Hold the lock of a path unless somebody does. Gives whether it is held here now.

    Nobody waits for such a lock, so its file can go while it is held.
    """
    lock = FileLock(path, thread_local=False)
    with suppress(Timeout):
        lock.acquire(timeout=0)
    mine = lock.is_locked
    try:
        yield mine
    finally:
        if mine:
            with suppress(OSError):
                path.unlink()
            lock.release()
