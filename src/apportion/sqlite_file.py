"""A small database file that several processes read and write at once: SQLite in WAL mode.

What a server has to know beside the ledger (tokens, keys of requests, runs on their way) is rows
that change one by one, for which tables of files are the wrong shape.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

WAIT_SECONDS = 10.0
"""How long a writer waits for another before SQLite says that the database is locked."""


def open_database(path: Path, schema: str) -> sqlite3.Connection:
    """Open the file, making it, its folder and its tables where they are missing.

    ``schema`` is a script of ``CREATE ... IF NOT EXISTS``. The file and its folder are for this
    user alone. The connection commits by itself; several statements are one in ``transaction``.
    Raises ``sqlite3.Error``, ``OSError``.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    connection = sqlite3.connect(
        path, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False
    )
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.executescript(schema)
    return connection


@contextmanager
def database(path: Path, schema: str) -> Iterator[sqlite3.Connection]:
    """The same, closed at the end."""
    with closing(open_database(path, schema)) as connection:
        yield connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Several statements as one: all of them or, where anything is raised, none.

    It holds the right to write from the start, so that what is read in it stays true.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
