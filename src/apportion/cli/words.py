"""Counts and names in sentences."""

from collections.abc import Sequence

NAMED = 5
"""How many names a sentence holds; the others are counted."""


def several(count: int, noun: str) -> str:
    """A count and what is counted.

    >>> several(1, "row"), several(1200, "row")
    ('1 row', '1,200 rows')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def few(names: Sequence[str]) -> str:
    """Names in a sentence.

    >>> few(["a"]), few(["a", "b"]), few(list("abcdefg"))
    ('a', 'a and b', 'a, b, c, d, e and 2 more')
    """
    shown = list(names[:NAMED])
    if len(names) > NAMED:
        shown.append(f"{len(names) - NAMED:,} more")
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
