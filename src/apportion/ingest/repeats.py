"""The same file named twice, under one name or two: its lines would count twice.

Parts of an export that have no lines are all the same, and count nothing twice.
"""

import gzip
import hashlib
import zlib
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

import pyarrow as pa

from apportion.findings import Finding, IngestError, Place

_LONGEST = 2**20
"""Bytes of a header, and of what follows it, that are looked at."""


def refuse_repeats(files: Sequence[Path]) -> None:
    """Raise ``IngestError`` (``duplicate_key``) for files that hold what another does."""
    sized = sorted((path.stat().st_size, place) for place, path in _regular(files))
    repeats: dict[int, int] = {}
    for _, same in groupby(sized, key=lambda each: each[0]):
        places = [place for _, place in same]
        if len(places) > 1:
            repeats |= _repeats(files, places)
    if repeats:
        raise IngestError(
            [
                Finding(
                    "duplicate_key",
                    f"The file holds the same as {str(files[first])!r}, so every line would count "
                    "twice.",
                    Place(str(files[place])),
                    "Name it once.",
                )
                for place, first in sorted(repeats.items())
            ]
        )


def _regular(files: Sequence[Path]) -> Iterable[tuple[int, Path]]:
    """Those that can be read at all; what is wrong with others is told when they are opened."""
    return (
        (place, path)
        for place, path in enumerate(files)
        if "\0" not in str(path) and path.is_file()
    )


def _repeats(files: Sequence[Path], places: Sequence[int]) -> dict[int, int]:
    first: dict[str, int] = {}
    repeats: dict[int, int] = {}
    for place in places:
        digest = _digest(files[place])
        if digest is None or first.setdefault(digest, place) == place:
            continue
        if _has_lines(files[place]):
            repeats[place] = first[digest]
    return repeats


def _digest(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _has_lines(path: Path) -> bool:
    """Whether there is more than a header, as far as can be told before it is looked at closely."""
    with path.open("rb") as file:
        begin = file.read(4)
    if begin == b"PAR1":
        # Imported here because it takes a tenth of a second that CSV files need not pay.
        import pyarrow.parquet as pq  # noqa: PLC0415

        try:
            return bool(pq.read_metadata(path).num_rows)
        except (pa.ArrowException, OSError):
            return True
    opened = gzip.open if begin[:2] == b"\x1f\x8b" else open
    try:
        with opened(path, "rb") as file:
            return bool(file.readline(_LONGEST) and file.read(_LONGEST).strip())
    except (OSError, EOFError, zlib.error):
        return True
