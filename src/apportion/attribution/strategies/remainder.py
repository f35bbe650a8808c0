"""What the other siblings leave, in equal parts.

>>> import numpy as np
>>> one = np.array([1, 1])
>>> STRATEGY.weights(Siblings(count=one, usage=one, total=one, ratios=()))
(array([0, 0]), array([1, 1]))
"""

from apportion.attribution.strategy import Array, Parameters, Rest, Siblings, Strategy


def weights(siblings: Siblings) -> tuple[Array, Array]:
    """Nothing of its own: the rest is known only when all other siblings are."""
    return siblings.count * 0, siblings.count * 0 + 1


STRATEGY = Strategy(
    name="remainder",
    summary="Whatever the other receivers leave, split equally among the remainder edges.",
    formula="(1 - all other shares) / number of remainder edges",
    sentence="{receiver} gets {share}, its part of what the others leave on {source}.",
    parameters=Parameters,
    weights=weights,
    rest=Rest.EQUALLY,
)
