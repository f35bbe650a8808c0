"""Names in sentences: lists of them, ways along them, and which one was probably meant."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

_WAY = 40


_CLOSE = 0.65
TYPING_ERROR = 0.9
"""How near a name must come that can only have been mistyped."""


def did_you_mean(word: object, known: Iterable[str], nearness: float = _CLOSE) -> str:
    """Ask "Did you mean 'x'?", or say nothing where no known name comes close."""
    close = nearest(word, known, nearness)
    return "" if close is None else f"Did you mean {close!r}?"


def nearest(word: object, known: Iterable[str], nearness: float = _CLOSE) -> str | None:
    """The known name that comes closest, or none where none comes close."""
    close = get_close_matches(str(word)[:200], list(known), n=1, cutoff=nearness)
    return close[0] if close else None


def one_of(names: Iterable[str]) -> str:
    """Join names for a sentence: ``a, b or c``."""
    listed = list(names)
    return " or ".join([", ".join(listed[:-1]), listed[-1]] if len(listed) > 1 else listed)


def way(names: Sequence[str]) -> str:
    """Join names with arrows; of a way too long to be read, the beginning and the end."""
    if len(names) > _WAY:
        left_out = f"({len(names) - _WAY} more)"
        names = [*names[: _WAY // 2], left_out, *names[-_WAY // 2 :]]
    return " -> ".join(names)
