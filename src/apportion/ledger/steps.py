"""The steps of a write, of which whoever watches is told."""

from collections.abc import Callable

Step = Callable[[str], None]
"""Told the name of each step before it is taken."""


def no_step(_: str) -> None:
    """What happens between the steps of a write in daily life: nothing."""
