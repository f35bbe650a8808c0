"""Every sibling gets the same.

>>> import numpy as np
>>> one = np.array([1, 1, 1, 1])
>>> STRATEGY.weights(Siblings(count=4 * one, usage=one, total=one, ratios=()))
(array([1, 1, 1, 1]), array([4, 4, 4, 4]))
"""

from apportion.attribution.strategy import Array, Parameters, Siblings, Strategy


def weights(siblings: Siblings) -> tuple[Array, Array]:
    """One over the number of siblings."""
    return siblings.count * 0 + 1, siblings.count


STRATEGY = Strategy(
    name="equal",
    summary="Every receiver of the source gets the same share.",
    formula="1 / N",
    sentence="{source} is shared equally among its receivers, so {receiver} gets {share}.",
    parameters=Parameters,
    weights=weights,
)
