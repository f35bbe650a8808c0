"""Tokens: made once, kept as hashes, looked up in every request, taken back at once.

A token reads ``apportion_ID_SECRET``. The id finds its row; the secret is 256 random bits, of which
the file holds the SHA-256 alone. The beginning lets scanners find tokens that leaked.
"""

import hmac
import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from threading import Lock
from types import MappingProxyType

from apportion.access.principal import Kind, Principal, RefusedError
from apportion.access.roles import Role
from apportion.findings import QUESTION, AccessError, Finding, Place, UsageError
from apportion.sqlite_file import database, open_database, transaction

BEGINNING = "apportion_"
NAME_LENGTH = 100

_SCHEMA = """
CREATE TABLE IF NOT EXISTS tokens (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    products TEXT,
    created_at TEXT NOT NULL,
    expires_at TEXT,
    revoked_at TEXT,
    secret_hash BLOB NOT NULL
) STRICT;
"""
_TEXT = re.compile(rf"{BEGINNING}([0-9a-f]{{12}})_([A-Za-z0-9_-]{{43}})")
_NOBODY = bytes(32)
"""What the secret of an unknown token is compared with: no text is known to have this hash."""


def token_file(workspace: Path) -> Path:
    """Where a workspace keeps its tokens."""
    return workspace / "server" / "access.sqlite"


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token, which is all but its secret.

    ``products`` are the ids it is limited to, or None for all. It counts up to the moment
    ``expires_at``, exclusive, or for ever. Moments have a zone.
    """

    token_id: str
    name: str
    role: Role
    products: frozenset[str] | None
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None


def create_token(file: Path, token: Token, secret: str) -> str:
    """Keep a new token, and give its text, which nobody can find out again.

    The id is 12 hexadecimal digits, the secret 256 random bits in 43 characters safe in URLs.

    Raises ``UsageError`` as ``check_token`` does, ``AccessError``.
    """
    check_token(token)
    text = f"{BEGINNING}{token.token_id}_{secret}"
    if not _TEXT.fullmatch(text):
        raise ValueError("the id or the secret of a token is of another form")
    products = None if token.products is None else json.dumps(sorted(token.products))
    row = (
        token.token_id,
        token.name,
        str(token.role),
        products,
        token.created_at.isoformat(),
        None if token.expires_at is None else token.expires_at.isoformat(),
        _hash(secret),
    )
    with _opened(file) as connection:
        connection.execute(
            "INSERT INTO tokens (id, name, role, products, created_at, expires_at, secret_hash)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            row,
        )
    return text


def check_token(token: Token) -> None:
    """Refuse what would be no use as a token, or more than it says.

    Raises ``UsageError`` where the name says nothing, where a limit leaves no product or is that
    of somebody who is more than a viewer, and where the token would have expired from the start.
    """
    if not token.name.strip() or len(token.name) > NAME_LENGTH or not token.name.isprintable():
        said = f"A token's name has 1 to {NAME_LENGTH} characters that can be printed."
        raise UsageError([Finding("invalid_argument", said, QUESTION)])
    if token.products is not None and not token.products:
        said = "A token that is limited to no products at all would show nothing."
        raise UsageError([Finding("invalid_argument", said, QUESTION)])
    if token.products is not None and token.role is not Role.VIEWER:
        said = f"Only a viewer can be limited to products, and this token is for an {token.role}."
        raise UsageError(
            [
                Finding(
                    "invalid_argument",
                    said,
                    QUESTION,
                    "Leave out the products, or make it a viewer's.",
                )
            ]
        )
    if token.expires_at is not None and token.expires_at <= token.created_at:
        said = f"The token would have expired at {token.expires_at:%Y-%m-%d %H:%M} UTC."
        raise UsageError([Finding("invalid_argument", said, QUESTION, "Choose a later day.")])


def list_tokens(file: Path) -> list[Token]:
    """All tokens, the latest first. Raises ``AccessError``."""
    if not file.is_file():
        return []
    with _opened(file) as connection:
        return _read(connection)


def find_token(file: Path, token_id: str) -> Token:
    """A token by its id. Raises ``UsageError`` (``unknown_token``), ``AccessError``."""
    found = next((each for each in list_tokens(file) if each.token_id == token_id), None)
    if found is None:
        remedy = "See those there are with: apportion token list"
        raise UsageError(
            [Finding("unknown_token", f"No token has the id {token_id!r}.", QUESTION, remedy)]
        )
    return found


def revoke_token(file: Path, token_id: str, at: datetime) -> None:
    """Let a token count no longer; one that was revoked before stays as it is.

    Every process that verifies tokens knows with its next request. Raises ``UsageError``
    (``unknown_token``), ``AccessError``.
    """
    find_token(file, token_id)
    with _opened(file) as connection, transaction(connection):
        connection.execute(
            "UPDATE tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL",
            (at.isoformat(), token_id),
        )


@dataclass(frozen=True, slots=True)
class _Kept:
    secret_hash: bytes
    expires_at: datetime | None
    is_revoked: bool
    principal: Principal


class TokenVerifier:
    """Tells whose a token is, for all threads of a process.

    Rows are held in memory. SQLite counts the changes that other connections make to the file, and
    asking it for that count is all that a request costs while nothing changes.
    """

    def __init__(self, file: Path) -> None:
        """Take the file, which need not be there yet."""
        self._file = file
        self._lock = Lock()
        self._connection: sqlite3.Connection | None = None
        self._seen: tuple[int, ...] = ()
        self._rows: Mapping[str, _Kept] = MappingProxyType({})

    def verify(self, text: str, now: datetime) -> Principal:
        """Whose token this is. Raises ``RefusedError``, ``AccessError``."""
        match = _TEXT.fullmatch(text)
        token_id, secret = match.groups() if match else ("", "")
        kept = self._current().get(token_id)
        # An id that nobody has costs as much time as a wrong secret, so that time tells nothing.
        is_right = hmac.compare_digest(kept.secret_hash if kept else _NOBODY, _hash(secret))
        if kept is None or not is_right:
            raise RefusedError(
                "the token has another form"
                if match is None
                else "no token has this id"
                if kept is None
                else f"the secret of token {token_id} is another"
            )
        if kept.is_revoked:
            raise RefusedError(f"token {token_id} was revoked")
        if kept.expires_at is not None and now >= kept.expires_at:
            raise RefusedError(f"token {token_id} has expired")
        return kept.principal

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection, self._seen = None, ()

    def _current(self) -> Mapping[str, _Kept]:
        """The rows as the file has them now."""
        with self._lock, _told(self._file):
            if self._connection is None or self._place() != self._seen[:2]:
                # Nothing is read of a file that was removed or put in place of another.
                self._close()
                place = self._place()
                self._connection = open_database(self._file, _SCHEMA)
                self._seen = (*place, -1)
            # Asked for before the rows are read: what changes in between is read once more.
            (version,) = self._connection.execute("PRAGMA data_version").fetchone()
            if version != self._seen[2]:
                self._rows = _kept(self._connection)
                self._seen = (*self._seen[:2], version)
            return self._rows

    def _place(self) -> tuple[int, int]:
        try:
            found = self._file.stat()
        except FileNotFoundError:
            return (-1, -1)
        return (found.st_dev, found.st_ino)


def _kept(connection: sqlite3.Connection) -> Mapping[str, _Kept]:
    hashes = dict(connection.execute("SELECT id, secret_hash FROM tokens").fetchall())
    return {
        each.token_id: _Kept(
            hashes[each.token_id],
            each.expires_at,
            each.revoked_at is not None,
            Principal(each.name, each.role, each.products, Kind.TOKEN, each.token_id),
        )
        for each in _read(connection)
        if each.token_id in hashes
    }


def _read(connection: sqlite3.Connection) -> list[Token]:
    rows = connection.execute(
        "SELECT id, name, role, products, created_at, expires_at, revoked_at FROM tokens"
        " ORDER BY rowid DESC"
    )
    return [
        Token(
            row["id"],
            row["name"],
            Role(row["role"]),
            None if row["products"] is None else frozenset(json.loads(row["products"])),
            datetime.fromisoformat(row["created_at"]),
            _moment(row["expires_at"]),
            _moment(row["revoked_at"]),
        )
        for row in rows
    ]


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _hash(secret: str) -> bytes:
    return sha256(secret.encode()).digest()


@contextmanager
def _opened(file: Path) -> Iterator[sqlite3.Connection]:
    with _told(file), database(file, _SCHEMA) as connection:
        yield connection


@contextmanager
def _told(file: Path) -> Iterator[None]:
    """What SQLite cannot do is said as a finding."""
    try:
        yield
    except (sqlite3.Error, ValueError, TypeError) as error:
        said = f"The tokens cannot be read or kept: {error}."
        place = Place(str(file))
        remedy = "Check space and permissions, then retry."
        raise AccessError([Finding("storage_failed", said, place, remedy)]) from error
