"""The one DuckDB database that a process keeps in memory, and connections to parts of it.

To make a database takes 15 milliseconds and starts threads; a part of one takes hardly anything.
Whoever connects has a part alone: tables, views and variables are seen by nobody else.
"""

import os
from collections.abc import MutableMapping
from contextlib import suppress
from functools import cache
from itertools import count
from threading import Lock
from weakref import WeakKeyDictionary, finalize

import duckdb

_making = Lock()
_numbers = count()
_part_of: MutableMapping[duckdb.DuckDBPyConnection, str] = WeakKeyDictionary()


def connect() -> duckdb.DuckDBPyConnection:
    """A connection to a new part, which goes with it."""
    database, left = _database()
    connection = database.cursor()
    with suppress(IndexError):
        while True:
            connection.execute(f"detach {left.pop()}")
    part = f"part_{next(_numbers)}"
    connection.execute(f"attach ':memory:' as {part}; use {part}")
    _part_of[connection] = part
    # While objects are collected nothing can be asked of a database.
    finalize(connection, left.append, part)
    return connection


def beside(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Another connection to the same part, to be used at the same time."""
    another = _database()[0].cursor()
    another.execute(f"use {_part_of[connection]}")
    # The part stays as long as either of them.
    finalize(another, lambda _: None, connection)
    return another


def _database() -> tuple[duckdb.DuckDBPyConnection, list[str]]:
    """The database, and the parts in it whose connection is gone."""
    # Two threads that come first at once would make one each.
    with _making:
        return _made()


@cache
def _made() -> tuple[duckdb.DuckDBPyConnection, list[str]]:
    database = duckdb.connect()
    # A moment's day is that of UTC, wherever the machine stands.
    database.execute("SET GLOBAL TimeZone = 'UTC'")
    return database, []


def _anew() -> None:
    """Forget the database in a fork, into which its threads and who holds the lock do not come."""
    global _making  # noqa: PLW0603
    _making = Lock()
    _made.cache_clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_anew)
