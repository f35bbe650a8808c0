"""The audit log: who wrote what, and who was denied, as one line of JSON each.

The file is opened for every line. Rotation by renaming takes effect with the next line, and so
does truncating a copied file, since every line goes to the end that the file has then.
"""

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from filelock import FileLock

from apportion.access.principal import Principal
from apportion.access.secrets_in_text import without_secrets

LONGEST, LONGEST_OF_STRANGERS = 1_000, 200
"""Characters of a value that are kept; less of what strangers choose, who could fill the disk."""


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

    ``count`` is of denials that have no lines of their own: from ``first`` to ``at``, the last.
    ``path`` is without the query. None of it is a secret, and what has the form of one is taken
    out.
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
    count: int = 0
    first: datetime | None = None


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
        "time": _time(entry.at),
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
        "count": entry.count or None,
        "first": _time(entry.first) if entry.first else None,
    }
    # What is not known says nothing; only who asked is always told, if but as unknown.
    kept = {
        key: _short(value, longest) if isinstance(value, str) else value
        for key, value in data.items()
        if value not in ("", None)
    }
    return json.dumps({"principal": None, **kept} if principal is None else kept) + "\n"


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _short(text: str, longest: int) -> str:
    safe = without_secrets(text)
    cut = len(safe) > longest
    safe = safe[:longest]
    while len(json.dumps(safe)) - 2 > longest:
        # One character can take twelve bytes: what counts is what is written.
        over = len(json.dumps(safe)) - 2 - longest
        safe, cut = safe[: -max(over // 12, 1)], True
    return f"{safe}..." if cut else safe
