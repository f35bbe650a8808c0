"""By what one knows, at the cost of a glance, that a table has not changed."""

from dataclasses import dataclass
from pathlib import Path

from apportion.ledger.disk import Store, touching
from apportion.ledger.schemas import Table
from apportion.ledger.store import (
    version,
)


@dataclass(frozen=True, slots=True)
class VersionMark:
    """A table's newest version, and which file holds it; -1 where the table was not made yet."""

    version: int
    file: tuple[int, int]


_UNMADE = VersionMark(-1, (0, 0))


def version_mark(store: Store, table: Table, known: VersionMark | None = None) -> VersionMark:
    """The mark of a table's newest version, found from one that was the newest before.

    A server asks this with every question, so it looks only for the files that can have come.
    Raises ``LedgerError`` (``storage_failed``).
    """
    log = store.folder(table) / "_delta_log"
    with touching(store.folder(table), "read a table's version"):
        if known is None or known == _UNMADE or _file_mark(log, known.version) != known.file:
            if not any(log.glob("*[0-9].json")):
                return _UNMADE
            newest = version(store, table)
        else:
            newest = known.version
        while _entry(log, newest + 1).exists():
            newest += 1
        return VersionMark(newest, _file_mark(log, newest))


def _entry(log: Path, number: int) -> Path:
    return log / f"{number:020}.json"


def _file_mark(log: Path, number: int) -> tuple[int, int]:
    try:
        found = _entry(log, number).stat()
    except FileNotFoundError:
        return (0, 0)
    return (found.st_ino, found.st_mtime_ns)
