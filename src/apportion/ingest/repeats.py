"""The same file named twice, under one name or two: its lines would count twice."""

import hashlib
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from apportion.findings import Finding, IngestError, Place


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
        if digest is not None and first.setdefault(digest, place) != place:
            repeats[place] = first[digest]
    return repeats


def _digest(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
