"""By usage, but never more than a cap; what the cap cuts off stays on the source.

The cap holds without usage too: the equal share of that day is at most the cap.

>>> import numpy as np
>>> usage, total = np.array([10, 90]), np.array([100, 100])
>>> cap = (np.array([3, 3]), np.array([5, 5]))
>>> STRATEGY.weights(Siblings(count=usage, usage=usage, total=total, ratios=(cap,)))
(array([ 50, 300]), array([500, 500]))
"""

from dataclasses import replace
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


class CappedParameters(UsageParameters):
    """A metric, and the cap as ``cap_percent`` (0 to 100) or as ``cap`` (0 to 1)."""

    cap_percent: Percent | None = None
    cap: Part | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        one_of(("cap_percent", self.cap_percent), ("cap", self.cap))
        return self

    def ratios(self) -> tuple[Fraction, ...]:
        """The cap."""
        return (share_of(self.cap_percent, self.cap),)


def weights(siblings: Siblings) -> tuple[Array, Array]:
    """The lesser of the proportional share and the cap."""
    cap, whole = siblings.ratios[0]
    return np.minimum(siblings.usage * whole, siblings.total * cap), siblings.total * whole


def equal_weights(siblings: Siblings) -> tuple[Array, Array]:
    """The lesser of an equal share and the cap, as if each had used the same (`A14`)."""
    return weights(replace(siblings, usage=siblings.count * 0 + 1, total=siblings.count))


STRATEGY = Strategy(
    name="capped_proportional",
    summary="By usage, at most a cap; the excess stays on the source.",
    formula="min(u / sum(u), cap)",
    sentence="{receiver} gets {share} of {source}: its part of the {metric}, at most the cap.",
    parameters=CappedParameters,
    weights=weights,
    equal_weights=equal_weights,
)
