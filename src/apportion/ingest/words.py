"""Counts and amounts in sentences."""

from decimal import Decimal


def count_of(number: int, noun: str) -> str:
    """A number with its noun in the right form.

    >>> count_of(1, "line"), count_of(1200, "line")
    ('1 line', '1,200 lines')
    """
    return f"{number:,} {noun}{'' if number == 1 or noun.endswith('s') else 's'}"


def readable(amount: str) -> str:
    """A decimal text with separators, and every digit it has.

    >>> readable("13442.42")
    '13,442.42'
    """
    return f"{Decimal(amount):,f}"
