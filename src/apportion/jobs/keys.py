"""Requests that are repeated under an Idempotency-Key are answered as they were the first time.

The first answer is kept once something was begun, whatever became of it; a request that was
refused before that keeps nothing. Who answers first holds a claim, so that a request whose server
was killed is taken over by whoever repeats it.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from apportion.findings import QUESTION, Finding, JobError, UsageError
from apportion.jobs.claims import claimed
from apportion.jobs.table import State, find_job, jobs_database, settle_alone
from apportion.ledger.store import as_json
from apportion.sqlite_file import transaction

LONGEST = 255
KEPT = timedelta(days=7)
"""How long an answer is repeated."""


@dataclass(frozen=True, slots=True)
class Keyed:
    """A request with a key. ``fingerprint`` is ``fingerprint_of`` what it asks for.

    ``promised_run`` is the id of the run that the answer will promise, if any.
    """

    principal: str
    method: str
    path: str
    key: str
    fingerprint: str
    promised_run: str = ""

    @property
    def scope(self) -> str:
        """A digest of who asks where under which key."""
        told = [self.principal, self.method, self.path, self.key]
        return sha256(as_json(told).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to be repeated."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Claim:
    """The right to answer a request, or, in ``first``, the answer that it had before.

    ``begun_run`` is the run that was begun for it by a server that was killed before it answered.
    """

    first: Answer | None
    begun_run: str = ""
    kept: list[Answer] = field(default_factory=list)

    def keep(self, answer: Answer) -> None:
        """Let this be the answer for everybody who repeats the request."""
        self.kept[:] = [answer]


def require_key(key: str) -> str:
    """A key as a client may choose it. Raises ``UsageError`` (``invalid_argument``)."""
    if 1 <= len(key) <= LONGEST and key.isascii() and key.isprintable():
        return key
    message = f"The Idempotency-Key has {len(key):,} characters or strange ones."
    remedy = f"Give 1 to {LONGEST} plain characters, chosen by chance for each new request."
    raise UsageError([Finding("invalid_argument", message, QUESTION, remedy)])


def fingerprint_of(query: str, body_digest: str) -> str:
    """A digest of what a request asks for: its query as sent, and the SHA-256 of its body."""
    return sha256(as_json([query, body_digest]).encode()).hexdigest()


@contextmanager
def answered_once(folder: Path, asked: Keyed, at: datetime) -> Iterator[Claim]:
    """Claim the right to answer a request, or give its first answer.

    Unless ``keep`` is called, nothing is kept. Raises ``JobError``: ``key_reused`` where the key
    came with another request, ``key_in_use`` while the first is still being answered.
    """
    with jobs_database(folder) as connection, ExitStack() as held:
        with transaction(connection):
            _forget(connection, at - KEPT)
            first, begun_run = _before(connection, folder, asked)
            if first is None:
                run_id = begun_run or asked.promised_run
                _take(connection, folder, asked, at, run_id, held)
        claim = Claim(first, begun_run)
        if first is not None:
            yield claim
            return
        try:
            yield claim
        finally:
            with transaction(connection):
                _put(connection, asked, claim)


def _forget(connection: sqlite3.Connection, before: datetime) -> None:
    connection.execute("DELETE FROM keys WHERE at < ?", [before.isoformat()])


def _before(
    connection: sqlite3.Connection, folder: Path, asked: Keyed
) -> tuple[Answer | None, str]:
    """The answer that is to be repeated, if there is one, or the run that was begun for it."""
    row = connection.execute(
        "SELECT fingerprint, status, headers, body, run_id FROM keys WHERE scope = ?",
        [asked.scope],
    ).fetchone()
    if row is None:
        return None, ""
    if row["fingerprint"] != asked.fingerprint:
        message = "The Idempotency-Key came before with another query or body."
        remedy = "Choose a new key for a new request."
        raise JobError([Finding("key_reused", message, QUESTION, remedy)])
    run_id: str = row["run_id"]
    if run_id:
        settle_alone(connection, folder)
        job = find_job(connection, run_id)
        if job is None or job.state is State.ABANDONED:
            # What was promised will not come, so asking again must not be in vain.
            return None, ""
    if not row["status"]:
        return None, run_id
    return Answer(row["status"], json.loads(row["headers"]), row["body"]), run_id


def _take(
    connection: sqlite3.Connection,
    folder: Path,
    asked: Keyed,
    at: datetime,
    run_id: str,
    held: ExitStack,
) -> None:
    claims = folder / "server" / "keys"
    claims.mkdir(mode=0o700, exist_ok=True)
    if not held.enter_context(claimed(claims / f"{asked.scope}.lock")):
        message = "The first request with this Idempotency-Key is still being answered."
        remedy = "Wait for its answer, or ask again later."
        raise JobError([Finding("key_in_use", message, QUESTION, remedy)])
    connection.execute(
        "INSERT INTO keys (scope, fingerprint, at, run_id) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (scope) DO UPDATE SET at = excluded.at, status = 0, run_id = excluded.run_id",
        [asked.scope, asked.fingerprint, at.isoformat(), run_id],
    )


def _put(connection: sqlite3.Connection, asked: Keyed, claim: Claim) -> None:
    if not claim.kept:
        connection.execute("DELETE FROM keys WHERE scope = ?", [asked.scope])
        return
    answer = claim.kept[0]
    connection.execute(
        "UPDATE keys SET status = ?, headers = ?, body = ? WHERE scope = ?",
        [answer.status, as_json(dict(answer.headers)), answer.body, asked.scope],
    )
