"""A base fee shared equally, and the rest by usage.

>>> import numpy as np
>>> usage, total, count = np.array([0, 10]), np.array([10, 10]), np.array([2, 2])
>>> fixed = (np.array([2, 2]), np.array([5, 5]))
>>> STRATEGY.weights(Siblings(count=count, usage=usage, total=total, ratios=(fixed,)))
(array([20, 80]), array([100, 100]))
"""

from fractions import Fraction
from typing import Self

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


class HybridParameters(UsageParameters):
    """A metric, and the fixed part as ``fixed_percent`` (0 to 100) or ``fixed_fraction``."""

    fixed_percent: Percent | None = None
    fixed_fraction: Part | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        one_of(("fixed_percent", self.fixed_percent), ("fixed_fraction", self.fixed_fraction))
        return self

    def ratios(self) -> tuple[Fraction, ...]:
        """The fixed part."""
        return (share_of(self.fixed_percent, self.fixed_fraction),)


def weights(siblings: Siblings) -> tuple[Array, Array]:
    """The fixed part over the number of siblings, plus the variable part by usage."""
    fixed, whole = siblings.ratios[0]
    variable = (whole - fixed) * siblings.count * siblings.usage
    return fixed * siblings.total + variable, whole * siblings.count * siblings.total


STRATEGY = Strategy(
    name="hybrid_fixed_proportional",
    summary="A fixed part shared equally, the rest by usage.",
    formula="f / N + (1 - f) u / sum(u)",
    sentence="{receiver} gets {share} of {source}: a base fee, and its part of the {metric}.",
    parameters=HybridParameters,
    weights=weights,
    on_zero_usage=OnZeroUsage.RETAIN,
)
