"""The days of the example year, and how busy each is, in whole numbers.

A pattern gives each day a weight, about 10,000 on an ordinary day. Weeks, seasons, growth, known
days and chance are whole percentages of one another, never floats, so that the same seed gives
the same bytes on every machine.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from zlib import crc32

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]

START = date(2024, 1, 1)
END = date(2024, 12, 31)
DAYS = (END - START).days + 1
ORDINARY = 10_000

_YEAR = np.arange(DAYS, dtype=np.int64)


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

    def applied(self, weights: Integers) -> Integers:
        """The weights within the window, rising and falling at its ends."""
        if self.first:
            weights = weights * np.clip(_YEAR - day(self.first) + 1, 0, self.ramp_days)
            weights = weights // self.ramp_days
        if self.last:
            weights = weights * np.clip(day(self.last) - _YEAR + 1, 0, self.ramp_days)
            weights = weights // self.ramp_days
        return weights


_EVEN = (100,) * 12
_TRAVEL = (
    ("2024-01-01", 58),
    ("2024-03-28", 131),
    ("2024-04-01", 117),
    ("2024-05-07", 71),  # a strike
    ("2024-05-08", 64),
    ("2024-08-21", 74),  # three hours without checkout
    ("2024-11-29", 158),  # the sale of the year
    ("2024-12-02", 129),
    ("2024-12-20", 134),
    ("2024-12-24", 73),
    ("2024-12-25", 31),
    ("2024-12-26", 62),
)
_OFFICE = (
    ("2024-01-01", 12),
    ("2024-03-29", 18),
    ("2024-04-01", 15),
    ("2024-05-06", 20),
    ("2024-05-27", 19),
    ("2024-08-26", 22),
    ("2024-12-24", 31),
    ("2024-12-25", 8),
    ("2024-12-26", 14),
    ("2024-12-31", 37),
)

PROFILES: dict[str, Profile] = {
    "level": Profile((100,) * 7, _EVEN, chance=60),
    "steady": Profile((104, 104, 104, 104, 104, 91, 89), _EVEN, chance=250),
    "leisure": Profile(
        (97, 94, 95, 102, 121, 93, 98),
        (86, 91, 97, 101, 100, 105, 113, 112, 99, 101, 98, 97),
        _TRAVEL,
    ),
    # In March a wrong route sent four days of traffic through the gateways.
    "gateway": Profile(
        (97, 94, 95, 102, 121, 93, 98),
        (86, 91, 97, 101, 100, 105, 113, 112, 99, 101, 98, 97),
        (("2024-03-12", 290), ("2024-03-13", 380), ("2024-03-14", 365), ("2024-03-15", 240)),
    ),
    "coach": Profile(
        (90, 84, 87, 98, 132, 101, 108),
        (82, 88, 98, 104, 101, 106, 118, 115, 98, 97, 95, 98),
        _TRAVEL,
    ),
    "commuter": Profile(
        (113, 114, 115, 113, 109, 71, 65),
        (99, 103, 104, 99, 101, 101, 92, 86, 104, 107, 107, 97),
        (("2024-05-07", 168), ("2024-05-08", 175), ("2024-11-22", 141), *_OFFICE),
    ),
    "summer": Profile(
        (101, 95, 93, 96, 108, 104, 103),
        (52, 61, 76, 94, 109, 130, 168, 172, 112, 84, 67, 75),
        (("2024-08-21", 74), ("2024-12-25", 20)),
    ),
    "autumn": Profile(
        (98, 97, 96, 98, 106, 101, 104),
        (92, 90, 92, 95, 93, 92, 95, 121, 148, 101, 91, 90),
    ),
    "office": Profile(
        (123, 128, 129, 124, 103, 45, 48),
        (98, 105, 106, 101, 103, 103, 92, 81, 106, 110, 109, 86),
        _OFFICE,
    ),
    "engineering": Profile(
        (131, 136, 137, 132, 118, 24, 22),
        (101, 104, 104, 98, 102, 103, 95, 86, 104, 106, 105, 92),
        _OFFICE,
        chance=700,
    ),
    "training": Profile(
        (118, 121, 124, 119, 128, 90, 0),
        (95, 98, 101, 100, 99, 100, 99, 96, 103, 104, 104, 101),
        chance=900,
    ),
    "nightly": Profile((108, 107, 107, 107, 109, 82, 80), _EVEN, chance=400),
    # Machines follow demand at a third of its swing, because a part of them always runs.
    "elastic": Profile(
        (99, 98, 98, 101, 107, 98, 99),
        (96, 97, 99, 100, 100, 102, 104, 104, 100, 100, 99, 99),
        (("2024-11-29", 119), ("2024-12-25", 82)),
        chance=120,
    ),
}
"""Every profile by the name that the figures use."""


def day(text: str) -> int:
    """The place of a day in the year, counted from 0. 366 is the day after the last."""
    return (date.fromisoformat(text) - START).days


def dates() -> npt.NDArray[np.datetime64]:
    """Every day of the year."""
    return np.datetime64(START, "D") + _YEAR


def stream(seed: int, *name: str) -> np.random.Generator:
    """Randomness of its own for each named thing, so that one more thing changes no other."""
    return np.random.default_rng([seed, *(crc32(part.encode()) for part in name)])


def pattern(
    profile: str,
    growth_percent: int,
    random: np.random.Generator,
    window: Window,
) -> Integers:
    """A weight for each day of the year, 0 outside the window; none is negative.

    ``growth_percent`` is how much more there is on the last day of the year than on the first.
    """
    shape = PROFILES[profile]
    weekday = (_YEAR + START.weekday()) % 7
    weights = np.array(shape.week, dtype=np.int64)[weekday] * _season(shape.months)
    weights = weights * (DAYS * 100 + growth_percent * _YEAR) // (DAYS * 100)
    for known, percent in shape.known:
        weights[day(known)] = weights[day(known)] * percent // 100
    stray = random.integers(-shape.chance, shape.chance, DAYS, endpoint=True)
    weights = weights * (ORDINARY + stray) // ORDINARY
    return window.applied(weights)


def _season(months: tuple[int, ...]) -> Integers:
    """Percentages from the middle of one month to the middle of the next, in straight lines."""
    middles = [(date(2024, month, 15) - START).days for month in range(1, 13)]
    places = np.array([middles[-1] - 366, *middles, middles[0] + 366], dtype=np.int64)
    levels = np.array([months[-1], *months, months[0]], dtype=np.int64)
    right = np.searchsorted(places, _YEAR, side="right")
    width = places[right] - places[right - 1]
    passed = _YEAR - places[right - 1]
    return (levels[right - 1] * (width - passed) + levels[right] * passed) * 100 // width // 100


def about(amount: int, random: np.random.Generator) -> int:
    """A whole number within three percent of another, so that no year's bill is a round one."""
    return amount * int(random.integers(97_000, 103_000)) // 100_000


def month_of_day() -> Integers:
    """The month of each day, 1 to 12."""
    months: Integers = dates().astype("datetime64[M]").astype(np.int64) % 12 + 1
    return months


def next_day(value: date) -> date:
    """The day after."""
    return value + timedelta(days=1)
