"""A share that people agreed on.

>>> import numpy as np
>>> one = np.array([1])
>>> quarter = (np.array([1]), np.array([4]))
>>> STRATEGY.weights(Siblings(count=one, usage=one, total=one, ratios=(quarter,)))
(array([1]), array([4]))
"""

from fractions import Fraction
from typing import Self

from pydantic import model_validator

from apportion.attribution.strategy import (
    Array,
    Parameters,
    Part,
    Percent,
    Siblings,
    Strategy,
    one_of,
    share_of,
)


class FixedPercentParameters(Parameters):
    """The share, as ``percent`` (0 to 100) or as ``fraction`` (0 to 1)."""

    percent: Percent | None = None
    fraction: Part | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        one_of(("percent", self.percent), ("fraction", self.fraction))
        return self

    def ratios(self) -> tuple[Fraction, ...]:
        """The share."""
        return (share_of(self.percent, self.fraction),)


def weights(siblings: Siblings) -> tuple[Array, Array]:
    """The share itself."""
    numerator, denominator = siblings.ratios[0]
    return siblings.count * 0 + numerator, siblings.count * 0 + denominator


STRATEGY = Strategy(
    name="fixed_percent",
    summary="A fixed share of the source, whatever was used.",
    formula="percent / 100",
    sentence="{receiver} takes an agreed {share} of {source}.",
    parameters=FixedPercentParameters,
    weights=weights,
)
