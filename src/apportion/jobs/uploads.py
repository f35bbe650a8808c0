"""Private folders under ``server/uploads``, one for a request, which go with whoever made them."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock

from apportion.findings import QUESTION, Finding, UsageError
from apportion.jobs.claims import claimed

UPLOAD, SCRATCH = "upload", "scratch"
"""What may lie in a private folder: a folder with the file alone, and one to work in."""

LONGEST_NAME = 200
"""In bytes; most file systems take 255."""

_PLAIN = re.compile(r"\w[\w .+@=,()-]*")
_WAIT_SECONDS = 30.0


def require_plain_name(name: str) -> str:
    """The name of a file as a client may give it. Raises ``UsageError`` (``invalid_argument``)."""
    if _PLAIN.fullmatch(name) and len(name.encode()) <= LONGEST_NAME:
        return name
    message = f"The file's name {name[:LONGEST_NAME]!r} is not a plain one."
    remedy = (
        f"Begin it with a letter or digit; after it also . - _ + @ = , ( ) and spaces; at most "
        f"{LONGEST_NAME} bytes."
    )
    raise UsageError([Finding("invalid_argument", message, QUESTION, remedy)])


@contextmanager
def private_folder(workspace: Path) -> Iterator[Path]:
    """A folder that only this user can enter, removed at the end.

    What others left who were killed goes first. Raises ``OSError``.
    """
    root = workspace / "server" / "uploads"
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as held:
        with FileLock(root / ".lock", timeout=_WAIT_SECONDS):
            # Whoever is between making a folder and claiming it must not be swept.
            _sweep(root)
            folder = Path(tempfile.mkdtemp(dir=root))
            held.enter_context(claimed(_claim_of(folder)))
        held.callback(shutil.rmtree, folder, ignore_errors=True)
        yield folder


def _sweep(root: Path) -> None:
    for folder in root.iterdir():
        if folder.is_dir():
            with claimed(_claim_of(folder)) as mine:
                if mine:
                    shutil.rmtree(folder, ignore_errors=True)


def _claim_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")
