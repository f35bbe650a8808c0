"""How often a client's address failed to say who it is, counted by all processes together.

The count slows only those who fail: whoever shows a valid credential never gets here.
"""

import sqlite3
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from pathlib import Path
from threading import Lock

from apportion.findings import AccessError, Finding, Place
from apportion.sqlite_file import open_database, transaction

LIMIT = 10
WINDOW = timedelta(minutes=1)
KEPT = 10_000
"""How many failures are kept, whoever made them; the oldest go first."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS failures (address TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS failures_of_address ON failures (address, at);
CREATE INDEX IF NOT EXISTS failures_by_time ON failures (at);
"""
_SECOND = 1_000_000
_WINDOW = int(WINDOW.total_seconds()) * _SECOND


def failures_file(workspace: Path) -> Path:
    """Where a workspace counts failures.

    Not where the tokens are: every change there lets all processes read their tokens anew.
    """
    return workspace / "server" / "failures.sqlite"


class Failures:
    """Counts failures, for all threads of a process and all processes of a workspace."""

    def __init__(self, file: Path) -> None:
        """Take the file, which need not be there yet."""
        self._file = file
        self._lock = Lock()
        self._connection: sqlite3.Connection | None = None

    def count(self, address: str, now: datetime) -> int:
        """Count a failure; give the seconds to wait, or 0 where there were not too many before.

        After ``LIMIT`` failures within ``WINDOW`` further ones are not kept, so that the wait ends
        although somebody goes on trying. Raises ``AccessError``.
        """
        at = int(now.timestamp() * _SECOND)
        client = client_of(address)
        with self._lock:
            try:
                return self._count(client, at)
            except sqlite3.Error as error:
                said = f"Failed attempts cannot be counted: {error}."
                remedy = "Check space and permissions, then retry."
                raise AccessError(
                    [Finding("storage_failed", said, Place(str(self._file)), remedy)]
                ) from error

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def _count(self, client: str, at: int) -> int:
        if self._connection is None:
            self._connection = open_database(self._file, _SCHEMA)
            # What a power cut forgets here is a minute's count.
            self._connection.execute("PRAGMA synchronous = NORMAL")
        connection = self._connection
        # Looked at first: whoever is stopped already makes nobody wait for the right to write.
        wait = _wait(connection, client, at)
        if wait:
            return wait
        with transaction(connection):
            # A row from the future is that of a clock which has been set back since.
            connection.execute(
                "DELETE FROM failures WHERE at <= ? OR at > ?", (at - _WINDOW, at + _WINDOW)
            )
            wait = _wait(connection, client, at)
            if wait:
                return wait
            connection.execute("INSERT INTO failures (address, at) VALUES (?, ?)", (client, at))
            connection.execute(
                "DELETE FROM failures WHERE rowid IN"
                " (SELECT rowid FROM failures ORDER BY at DESC, rowid DESC LIMIT -1 OFFSET ?)",
                (KEPT,),
            )
        return 0


def _wait(connection: sqlite3.Connection, client: str, at: int) -> int:
    """Whole seconds until fewer than ``LIMIT`` failures lie in the window; 0 if that is so now."""
    rows = connection.execute(
        "SELECT at FROM failures WHERE address = ? AND at > ? ORDER BY at DESC LIMIT ?",
        (client, at - _WINDOW, LIMIT),
    ).fetchall()
    if len(rows) < LIMIT:
        return 0
    oldest: int = rows[-1]["at"]
    return max(-((at - _WINDOW - oldest) // _SECOND), 1)


def client_of(address: str) -> str:
    """Whom an address counts for: an IPv4 address, or the /64 that an IPv6 customer is given.

    >>> client_of("192.0.2.1"), client_of("::ffff:192.0.2.1"), client_of("2001:db8:1:2:3::4")
    ('192.0.2.1', '192.0.2.1', '2001:db8:1:2::/64')
    """
    try:
        found: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return address[:100]
    if isinstance(found, IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(IPv6Network((int(found) >> 64 << 64, 64)))
