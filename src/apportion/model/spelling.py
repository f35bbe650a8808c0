"""What somebody probably meant by a name that is not known."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """Ask "Did you mean 'x'?", or say nothing where no known name comes close."""
    close = get_close_matches(str(word)[:200], list(known), n=1, cutoff=0.7)
    return f"Did you mean {close[0]!r}?" if close else ""


def one_of(names: Iterable[str]) -> str:
    """Join names for a sentence: ``a, b or c``."""
    listed = list(names)
    return " or ".join([", ".join(listed[:-1]), listed[-1]] if len(listed) > 1 else listed)
