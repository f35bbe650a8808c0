"""By usage cut down to the unit, and whatever is left to the greatest user.

>>> import numpy as np
>>> usage = np.array([1, 2])
>>> STRATEGY.weights(Siblings(count=usage, usage=usage, total=np.array([3, 3]), ratios=()))
(array([1, 2]), array([3, 3]))
"""

from apportion.attribution.strategy import (
    Array,
    Rest,
    Rounding,
    Siblings,
    Strategy,
    UsageParameters,
)


def weights(siblings: Siblings) -> tuple[Array, Array]:
    """The receiver's usage over that of all siblings."""
    return siblings.usage, siblings.total


STRATEGY = Strategy(
    name="residual_to_max",
    summary="By usage, rounded down to the unit; the greatest user takes all that is left.",
    formula="u / sum(u) rounded down; greatest u: 1 - all other shares",
    sentence="{receiver} gets {share} of {source} by {metric}; the greatest user takes the rest.",
    parameters=UsageParameters,
    weights=weights,
    rounding=Rounding.DOWN,
    rest=Rest.GREATEST_USER,
)
