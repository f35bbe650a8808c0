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


_REACHED = """
    cast(sign({units}) as hugeint) * (
        abs({units}) // {whole} * {part}
        + (2 * (abs({units}) % {whole}) * {part} + {whole}) // (2 * {whole})
    )
"""
_WITHIN = """
    select *, case
        when day >= {start} and last_day <= {end} then cost
        else cast(concat(
            case when units < 0 then '-' end,
            left(lpad(cast(abs(units) as varchar), 40, '0'), 40 - {decimals}),
            '.', right(lpad(cast(abs(units) as varchar), 40, '0'), {decimals})
        ) as decimal(38, {decimals})) end as cost_within
    from (
        select * exclude (units, whole, upto, before), {upto} - {before} as units
        from (
            select *,
                cast(replace(cast(cost as varchar), '.', '') as hugeint) as units,
                cast(greatest(epoch_us(ended) - epoch_us(began), 1) as hugeint) as whole,
                case when last_day <= {end} then whole
                     else cast(epoch_us({end} + interval 1 day) - epoch_us(began) as hugeint)
                     end as upto,
                case when day >= {start} then cast(0 as hugeint)
                     else cast(epoch_us(cast({start} as timestamp)) - epoch_us(began) as hugeint)
                     end as before
            from {lines}
        )
    )
"""


def parts_within(lines: str, start: str, end: str, decimals: int) -> str:
    """A query for lines with ``cost_within``: what of ``cost`` falls on the days asked for.

    ``lines`` has ``cost`` with so many ``decimals``, ``began``, ``ended``, ``day`` and ``last_day``
    (the days of the charge), of which some are asked for. It is the same rule with amounts of up to
    38 digits: parts of neighbouring stretches of days sum to the amount.
    """
    reached = {
        part: _REACHED.format(units="units", whole="whole", part=part)
        for part in ("upto", "before")
    }
    return _WITHIN.format(lines=lines, start=start, end=end, decimals=decimals, **reached)
