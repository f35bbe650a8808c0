"""A process that claims a key, says so, and waits to be killed or to be told to keep an answer.

Its arguments are the workspace, the key, the fingerprint and the run that is promised, if any.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

from apportion.jobs.keys import Answer, Keyed, answered_once

NOW = datetime(2024, 2, 1, 12, tzinfo=UTC)
FIRST = Answer(201, {"content-type": "application/json"}, b'{"rows": 3}')


def keyed(key: str = "k", fingerprint: str = "f", **other: str) -> Keyed:
    """A request with a key."""
    told = {"principal": "ada", "method": "POST", "path": "/api/v1/runs", **other}
    return Keyed(key=key, fingerprint=fingerprint, **told)


def main(folder: str, key: str, fingerprint: str, promised_run: str = "") -> None:
    """Claim a key."""
    asked = keyed(key, fingerprint, promised_run=promised_run)
    with answered_once(Path(folder), asked, NOW) as claim:
        sys.stdout.write("claimed\n")
        sys.stdout.flush()
        if sys.stdin.readline():
            claim.keep(FIRST)


if __name__ == "__main__":
    main(*sys.argv[1:])
