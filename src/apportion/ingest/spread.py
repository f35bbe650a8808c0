"""Charges that span several days, divided over them (`A2`).

A charge's amount is split by the time it covers on each day, in the order of the days, by the
differences of the rounded cumulative quotients: the parts sum to the amount, none is a whole unit
off, and a credit is the mirror of its charge.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]

DAY = 86_400_000_000
"""Microseconds of a day, which is always that long in UTC."""

LONGEST = 30 * 366 * DAY
"""The longest charge that is divided."""

_BELOW_64_BITS = 2.0**63 - 1024


@dataclass(frozen=True, slots=True)
class Spread:
    """Parts of charges: which charge, on which day since 1970-01-01, how many units."""

    charge: Integers
    day: Integers
    units: Integers


def spread(units: Integers, start: Integers, end: Integers) -> Spread:
    """Divide each charge over the days from ``start`` up to, and without, ``end``.

    ``start`` and ``end`` are microseconds since 1970-01-01 in UTC; a charge that ends where it
    begins counts on that day. Any amount that fits in 64 bits and has a mirror is divided
    exactly, over up to ``LONGEST`` microseconds.
    """
    first = start // DAY
    last = np.maximum((end - 1) // DAY, first)
    days = last - first + 1
    charge = np.repeat(np.arange(units.size), days)
    place = np.arange(charge.size) - np.repeat(np.cumsum(days) - days, days)
    day = first[charge] + place
    whole = np.maximum(end - start, 1)[charge]
    covered = np.minimum((day + 1) * DAY, end[charge]) - start[charge]
    covered = np.where(place == days[charge] - 1, whole, covered)
    reached = _quotient(units[charge], covered, whole)
    before = np.where(place == 0, 0, np.roll(reached, 1))
    return Spread(charge, day, reached - before)


def _quotient(amount: Integers, part: Integers, whole: Integers) -> Integers:
    """``amount * part / whole``, a tie away from zero, for 0 <= part <= whole <= ``LONGEST``.

    The product does not fit in 64 bits. The quotient is estimated in floating point, which is a
    few thousand units off at most; what the estimate leaves over then fits, and since integers
    wrap around, it comes out right though the products it is the difference of do not.
    """
    size = np.abs(amount)
    # not an amount: an estimate, which the integers below correct
    near = np.floor(size.astype(np.float64) * (part / whole))
    estimate = np.minimum(near, _BELOW_64_BITS).astype(np.int64)
    left = size * part - estimate * whole
    result = estimate + (2 * left + whole) // (2 * whole)
    return np.where(amount < 0, -result, result)
