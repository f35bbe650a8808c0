"""Counts in sentences."""


def count_of(number: int, noun: str) -> str:
    """A number with its noun in the right form.

    >>> count_of(1, "line"), count_of(1200, "line")
    ('1 line', '1,200 lines')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
