"""Days of a stretch of time, and how busy each is, in whole numbers.

A pattern gives each day a weight, about 10,000 on an ordinary day. Weeks, seasons, growth, known
days and chance are whole percentages of one another, never floats, so that the same seed gives
the same bytes on every machine.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from zlib import crc32

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]

ORDINARY = 10_000


@dataclass(frozen=True, slots=True)
class Span:
    """The days from ``first`` to ``last``, both included; a day's place counts from 0."""

    first: date
    last: date

    @property
    def count(self) -> int:
        """How many days there are."""
        return (self.last - self.first).days + 1

    def place(self, day: date | str) -> int:
        """The place of a day, or of one written ``2024-01-31``; negative before the first."""
        found = date.fromisoformat(day) if isinstance(day, str) else day
        return (found - self.first).days

    def places(self) -> Integers:
        """The place of every day."""
        return np.arange(self.count, dtype=np.int64)

    def dates(self) -> npt.NDArray[np.datetime64]:
        """Every day."""
        return np.datetime64(self.first, "D") + self.places()

    def months(self) -> Iterator[date]:
        """The first day of every month that has days here."""
        month = self.first.replace(day=1)
        while month <= self.last:
            yield month
            month = following_month(month)


@dataclass(frozen=True, slots=True)
class Profile:
    """Percentages of an ordinary day: Monday to Sunday, January to December, and known days.

    ``chance`` is how far a day may stray, in parts of 10,000.
    """

    week: tuple[int, ...]
    months: tuple[int, ...]
    known: tuple[tuple[str, int], ...] = ()
    chance: int = 300


@dataclass(frozen=True, slots=True)
class Window:
    """The days on which something exists, both ends included; empty where an end is open.

    It takes ``ramp_days`` to reach its level, and as many to leave it.
    """

    first: str = ""
    last: str = ""
    ramp_days: int = 1

    def applied(self, weights: Integers, span: Span) -> Integers:
        """The weights within the window, rising and falling at its ends."""
        if self.first:
            weights = weights * np.clip(
                span.places() - span.place(self.first) + 1, 0, self.ramp_days
            )
            weights = weights // self.ramp_days
        if self.last:
            weights = weights * np.clip(
                span.place(self.last) - span.places() + 1, 0, self.ramp_days
            )
            weights = weights // self.ramp_days
        return weights


def window(figure: dict[str, str]) -> Window:
    """The window that a record of figures gives."""
    return Window(figure["first"], figure["last"], int(figure["ramp_days"] or 1))


def stream(seed: int, *name: str) -> np.random.Generator:
    """Randomness of its own for each named thing, so that one more thing changes no other."""
    return np.random.default_rng([seed, *(crc32(part.encode()) for part in name)])


def pattern(
    span: Span,
    profile: Profile,
    growth_percent: int,
    random: np.random.Generator,
    exists: Window,
) -> Integers:
    """A weight for each day of the span, 0 outside the window; none is negative.

    ``growth_percent`` is how much more there is on the last day of the span than on the first.
    """
    places = span.places()
    weekday = (places + span.first.weekday()) % 7
    weights = np.array(profile.week, dtype=np.int64)[weekday] * _season(span, profile.months)
    weights = weights * (span.count * 100 + growth_percent * places) // (span.count * 100)
    for known, percent in profile.known:
        if 0 <= (place := span.place(known)) < span.count:
            weights[place] = weights[place] * percent // 100
    stray = random.integers(-profile.chance, profile.chance, span.count, endpoint=True)
    weights = weights * (ORDINARY + stray) // ORDINARY
    return exists.applied(weights, span)


def _season(span: Span, months: tuple[int, ...]) -> Integers:
    """Percentages from the middle of one month to the middle of the next, in straight lines."""
    before = (span.first.replace(day=1) - timedelta(days=1)).replace(day=1)
    all_months = [before, *span.months(), following_month(span.last)]
    middles = np.array([span.place(month.replace(day=15)) for month in all_months], dtype=np.int64)
    levels = np.array([months[month.month - 1] for month in all_months], dtype=np.int64)
    places = span.places()
    right = np.searchsorted(middles, places, side="right")
    width = middles[right] - middles[right - 1]
    passed = places - middles[right - 1]
    return (levels[right - 1] * (width - passed) + levels[right] * passed) * 100 // width // 100


def about(amount: int, random: np.random.Generator) -> int:
    """A whole number within three percent of another, so that no year's bill is a round one."""
    return amount * int(random.integers(97_000, 103_000)) // 100_000


def following_month(day: date) -> date:
    """The first day of the month after that of a day.

    >>> following_month(date(2024, 12, 31))
    datetime.date(2025, 1, 1)
    """
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)
