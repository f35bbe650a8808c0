"""A floor for every sibling, and the rest by usage.

>>> import numpy as np
>>> usage, total, count = np.array([0, 10]), np.array([10, 10]), np.array([2, 2])
>>> floor = (np.array([1, 1]), np.array([10, 10]))
>>> STRATEGY.weights(Siblings(count=count, usage=usage, total=total, ratios=(floor,)))
(array([10, 90]), array([100, 100]))
"""

from fractions import Fraction
from typing import Self

import numpy as np
from pydantic import model_validator

from apportion.attribution.strategy import (
    Array,
    Part,
    Percent,
    Siblings,
    Strategy,
    UsageParameters,
    one_of,
    share_of,
)
from apportion.model.types import OnZeroUsage


class FloorParameters(UsageParameters):
    """A metric, and the floor as ``min_floor_percent`` (0 to 100) or ``min_floor`` (0 to 1)."""

    min_floor_percent: Percent | None = None
    min_floor: Part | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        one_of(("min_floor_percent", self.min_floor_percent), ("min_floor", self.min_floor))
        return self

    def ratios(self) -> tuple[Fraction, ...]:
        """The floor."""
        return (share_of(self.min_floor_percent, self.min_floor),)


def weights(siblings: Siblings) -> tuple[Array, Array]:
    """The floor plus the usage part of the rest; equal shares where floors leave no rest."""
    floor, whole = siblings.ratios[0]
    left = whole - siblings.count * floor
    enough = left > 0
    numerator = floor * siblings.total + left * siblings.usage
    return (
        np.where(enough, numerator, siblings.total),
        np.where(enough, whole, siblings.count) * siblings.total,
    )


STRATEGY = Strategy(
    name="min_floor_proportional",
    summary="At least a floor for every receiver, the rest by usage.",
    formula="N f >= 1: 1 / N; else f + (1 - N f) u / sum(u)",
    sentence="{receiver} gets {share} of {source}: at least the floor, the rest by {metric}.",
    parameters=FloorParameters,
    weights=weights,
    on_zero_usage=OnZeroUsage.RETAIN,
)
