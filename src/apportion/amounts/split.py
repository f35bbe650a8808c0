"""The conserving split, for a few figures at a time (`A2`).

Rows are split by the same rule in `attribution/kernel.py` (64 bits) and `attribution/exact.py`
(any size), days of a charge in `derive/spread.py`, the rounding of a bill in `derive/rounding.py`.
"""

from collections.abc import Sequence


def round_half_away(numerator: int, denominator: int) -> int:
    """Round a quotient to the nearest integer, a tie away from zero. ``denominator`` > 0.

    >>> round_half_away(5, 2), round_half_away(-5, 2)
    (3, -3)
    """
    quotient = (2 * abs(numerator) + denominator) // (2 * denominator)
    return quotient if numerator >= 0 else -quotient


def split(amount: int, weights: Sequence[int], retained: int = 0) -> list[int]:
    """Divide ``amount`` units by integer weights; the last part answers to ``retained``.

    The parts are the differences of the rounded cumulative quotients, so they sum to the amount
    to the last unit, each is less than one unit from its exact value, a weight of 0 gives 0, and
    ``split(-x) == -split(x)``. The caller gives the weights in the order of the receivers' ids:
    order is part of the result.

    >>> split(100, [1, 1, 1])
    [33, 34, 33, 0]
    >>> split(-100, [25, 25], retained=50)
    [-25, -25, -50]

    Raises ``ValueError`` where a weight is negative, or all are zero.
    """
    whole = sum(weights) + retained
    if retained < 0 or any(weight < 0 for weight in weights):
        raise ValueError("a weight is negative")
    if whole == 0:
        raise ValueError("all weights are zero, so there is nothing to divide by")
    parts, cumulative, given = [], 0, 0
    for weight in weights:
        cumulative += weight
        reached = round_half_away(amount * cumulative, whole)
        parts.append(reached - given)
        given = reached
    return [*parts, amount - given]
