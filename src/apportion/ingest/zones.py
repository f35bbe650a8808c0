"""Which day it is in a time zone at a moment, as arithmetic (`B6`).

A zone's offset from UTC changes a few times a year. Between two changes the day of a moment is a
sum and a division, which an engine does for millions of rows where asking a calendar for each
would take minutes.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

_MICROSECONDS = 10**6
_STEP = timedelta(hours=12)
_SECOND = timedelta(seconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2199, 12, 31, tzinfo=UTC)

Stretch = tuple[int, int]
"""The first microsecond since 1970 of a stretch of one offset, and that offset in seconds."""


def stretches(zone: str, first: datetime, last: datetime) -> list[Stretch]:
    """The offsets of a zone from one moment to another, both included, in order.

    >>> [offset for _, offset in stretches("Europe/London", FIRST.replace(year=2023),
    ...                                    FIRST.replace(year=2024))]
    [0, 3600, 0]
    """
    place = ZoneInfo(zone)
    first = max(first, FIRST)
    moments = (first, *_changes(place, first, min(last, LAST)))
    return [(_since_epoch(moment), _offset(place, moment)) for moment in moments]


def day_of(microseconds: str, found: list[Stretch]) -> str:
    """The day of a moment as a query expression; ``microseconds`` is one, counted from 1970.

    ``found`` holds every offset that is valid at some moment of the rows.
    """
    offset = f"{found[0][1] * _MICROSECONDS}::bigint"
    if len(found) > 1:
        cases = " ".join(
            f"when {microseconds} < {later[0]} then {earlier[1] * _MICROSECONDS}::bigint"
            for earlier, later in pairwise(found)
        )
        offset = f"case {cases} else {found[-1][1] * _MICROSECONDS}::bigint end"
    return f"cast(make_timestamp({microseconds} + ({offset})) as date)"


def _changes(place: ZoneInfo, first: datetime, last: datetime) -> Iterator[datetime]:
    """The first moments of new offsets."""
    at = first
    while at < last:
        following = min(at + _STEP, last)
        if _offset(place, at) != _offset(place, following):
            yield _between(place, at, following)
        at = following


def _between(place: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The moment at which the offset changes, by halving."""
    old = _offset(place, before)
    low, high = 0, int((after - before) / _SECOND) + 1
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(place, before + middle * _SECOND) == old:
            low = middle
        else:
            high = middle
    # Zones change on whole seconds, whatever the fraction at which the search began.
    return (before + high * _SECOND).replace(microsecond=0)


def _offset(place: ZoneInfo, moment: datetime) -> int:
    offset = moment.astimezone(place).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def _since_epoch(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
