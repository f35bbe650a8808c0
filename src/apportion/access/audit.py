"""The audit log: who wrote what, and who was denied, as one line of JSON each.

The file is opened for every line. Rotation by renaming takes effect with the next line, and so
does truncating a copied file, since every line goes to the end that the file has then.
"""

import json
import os
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from filelock import FileLock

from apportion.access.failures import client_of
from apportion.access.principal import Principal
from apportion.access.secrets_in_text import without_secrets

LONGEST, LONGEST_OF_STRANGERS = 1_000, 200
"""Characters of a value that are kept; less of what strangers choose, who could fill the disk."""


MINUTE = timedelta(minutes=1)
TOLD_OF_ONE, TOLD = 100, 1_000
"""Denied requests that are told one by one in a minute: of a client, and of all."""


class Event(StrEnum):
    """What is told of."""

    WRITE_BEGUN = "write_begun"
    WRITE_ENDED = "write_ended"
    DENIED = "denied"
    TOKEN_CREATED = "token_created"  # noqa: S105
    TOKEN_REVOKED = "token_revoked"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. ``principal`` is None where nobody knows who asked; a status of 0 is none yet.

    ``path`` is without the query. None of it is a secret, and what has the form of one is taken
    out. With ``repeats`` it stands for so many requests of one client, from ``first`` on, of which
    it tells the last.
    """

    at: datetime
    event: Event
    principal: Principal | None
    request_id: str = ""
    method: str = ""
    path: str = ""
    status: int = 0
    client: str = ""
    idempotency_key: str = ""
    reason: str = ""
    repeats: int = 0
    first: datetime | None = None


class Denials:
    """Which denied requests are told one by one, and which are counted: nobody may fill the disk.

    In a minute the first few of a client are told, and no more than ``TOLD`` of all. The others
    are counted by client and told as one line each when the minute is over and another request is
    denied, or the server stops.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._began: datetime | None = None
        self._told: Counter[str] = Counter()
        self._counted: dict[str, Entry] = {}

    def due(self, entry: Entry) -> list[Entry]:
        """What is to be written now that a request was denied."""
        lines: list[Entry] = []
        if self._began is None or not timedelta(0) <= entry.at - self._began < MINUTE:
            lines = self.counted()
            self._began = entry.at
            self._told.clear()
        client = client_of(entry.client)
        if self._told[client] < TOLD_OF_ONE and self._told.total() < TOLD:
            self._told[client] += 1
            return [*lines, entry]
        if client not in self._counted and len(self._counted) >= TOLD:
            client = ""
        known = self._counted.get(client)
        first, repeats = (known.first, known.repeats) if known else (entry.at, 0)
        self._counted[client] = replace(entry, first=first, repeats=repeats + 1)
        return lines

    def counted(self) -> list[Entry]:
        """What was counted and not told yet, a line for each client."""
        lines = list(self._counted.values())
        self._counted.clear()
        return lines


def audit_file(workspace: Path) -> Path:
    """Where a workspace keeps its audit log."""
    return workspace / "server" / "audit.jsonl"


def append_entry(file: Path, entry: Entry) -> None:
    """Write a line to the end of the file, making it where it is missing, for this user alone.

    A line is one write, so that lines of several processes stay whole. One that a full disk broke
    off is left behind, and the next begins below it. Raises ``OSError``.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    line = line_of(entry).encode("ascii")
    # A line that another process is writing has no end yet either, and is not broken off.
    with FileLock(f"{file}.lock", mode=0o600):
        descriptor = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if _is_broken_off(descriptor):
                line = b"\n" + line
            written = os.write(descriptor, line)
        finally:
            os.close(descriptor)
    if written != len(line):
        said = f"only {written} of {len(line)} bytes were written"
        raise OSError(0, said, str(file))


def _is_broken_off(descriptor: int) -> bool:
    """Whether the last line has no end."""
    size = os.fstat(descriptor).st_size
    return size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"


def line_of(entry: Entry) -> str:
    """An entry as one line of pure ASCII: whatever stands in a name breaks no line."""
    principal = entry.principal
    longest = LONGEST_OF_STRANGERS if principal is None else LONGEST
    data: dict[str, str | int | None] = {
        "time": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "event": str(entry.event),
        "request_id": entry.request_id,
        "principal": principal.name if principal else None,
        "kind": str(principal.kind) if principal else None,
        "token_id": principal.token_id if principal else None,
        "role": str(principal.role) if principal else None,
        "method": entry.method,
        "path": entry.path,
        "status": entry.status or None,
        "client": entry.client,
        "idempotency_key": entry.idempotency_key,
        "reason": entry.reason,
        "repeats": entry.repeats or None,
        "first": entry.first.astimezone(UTC).isoformat() if entry.first else None,
    }
    # What is not known says nothing; only who asked is always told, if but as unknown.
    kept = {
        key: _short(value, longest) if isinstance(value, str) else value
        for key, value in data.items()
        if value not in ("", None)
    }
    return json.dumps({"principal": None, **kept} if principal is None else kept) + "\n"


def _short(text: str, longest: int) -> str:
    safe = without_secrets(text)
    cut = len(safe) > longest
    safe = safe[:longest]
    while len(json.dumps(safe)) - 2 > longest:
        # One character can take twelve bytes: what counts is what is written.
        over = len(json.dumps(safe)) - 2 - longest
        safe, cut = safe[: -max(over // 12, 1)], True
    return f"{safe}..." if cut else safe
