"""By usage of a metric.

>>> import numpy as np
>>> usage = np.array([30, 70])
>>> STRATEGY.weights(Siblings(count=usage, usage=usage, total=np.array([100, 100]), ratios=()))
(array([30, 70]), array([100, 100]))
"""

from apportion.attribution.strategy import Array, Siblings, Strategy, UsageParameters


def weights(siblings: Siblings) -> tuple[Array, Array]:
    """The receiver's usage over that of all siblings."""
    return siblings.usage, siblings.total


STRATEGY = Strategy(
    name="proportional_on",
    summary="Each receiver's share is its part of the siblings' usage of a metric.",
    formula="u / sum(u)",
    sentence="{receiver} has {share} of the {metric} of all receivers of {source}.",
    parameters=UsageParameters,
    weights=weights,
)
