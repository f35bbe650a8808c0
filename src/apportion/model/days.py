"""Days as whole numbers, counted from 1970-01-01, so that windows are arithmetic on arrays.

An open end is the first or last day that a calendar can hold, which no bill ever reaches.
"""

from collections.abc import Iterable
from datetime import date

_EPOCH = date(1970, 1, 1).toordinal()

Span = tuple[int, int]
"""First and last day, both included."""


def day_number(day: date) -> int:
    """The number of a day.

    >>> day_number(date(1970, 1, 2))
    1
    """
    return day.toordinal() - _EPOCH


def day_of(number: int) -> date:
    """The day of a number.

    >>> day_of(1)
    datetime.date(1970, 1, 2)
    """
    return date.fromordinal(number + _EPOCH)


BEGINNING = day_number(date.min)
END = day_number(date.max)


def span_of(first: date | None, last: date | None) -> Span:
    """A window as numbers; ``None`` is an open end."""
    return (
        BEGINNING if first is None else day_number(first),
        END if last is None else day_number(last),
    )


def span_text(span: Span) -> str:
    """A window in words.

    >>> span_text(span_of(date(2024, 2, 1), date(2024, 3, 31)))
    'from 2024-02-01 to 2024-03-31'
    """
    first, last = span
    if first <= BEGINNING and last >= END:
        return "on every day"
    if first <= BEGINNING:
        return f"until {day_of(last)}"
    if last >= END:
        return f"from {day_of(first)} on"
    if first == last:
        return f"on {day_of(first)}"
    return f"from {day_of(first)} to {day_of(last)}"


def merge_spans(spans: Iterable[Span]) -> list[Span]:
    """The same days as the fewest windows, in order; windows that touch become one."""
    merged: list[Span] = []
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged


def intersect_spans(ours: Iterable[Span], theirs: Iterable[Span]) -> list[Span]:
    """The days that lie in a window of both."""
    others = list(theirs)
    both = ((max(first, begin), min(last, end)) for first, last in ours for begin, end in others)
    return [(first, last) for first, last in both if first <= last]
