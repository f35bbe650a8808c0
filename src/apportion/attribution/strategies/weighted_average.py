"""By a metric's average over the last days, so that one odd day does not decide.

>>> import numpy as np
>>> usage = np.array([30, 70])
>>> STRATEGY.weights(Siblings(count=usage, usage=usage, total=np.array([100, 100]), ratios=()))
(array([30, 70]), array([100, 100]))
"""

from decimal import Decimal
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from apportion.attribution.strategy import (
    Array,
    Series,
    Siblings,
    Strategy,
    UsageParameters,
)


class WindowParameters(UsageParameters):
    """A metric, how many days count (the day itself included), and how past days fade."""

    window_days: Annotated[int, Field(ge=1, le=366)] = 7
    decay: Annotated[Decimal, Field(gt=0, le=1, allow_inf_nan=False)] = Decimal(1)

    def series(self) -> Series | None:
        """The metric over the window. The mean's own divisor is the same for all siblings."""
        return Series(self.metric, self.segment_filter, self.window_days, Fraction(self.decay))


def weights(siblings: Siblings) -> tuple[Array, Array]:
    """The receiver's averaged usage over that of all siblings."""
    return siblings.usage, siblings.total


STRATEGY = Strategy(
    name="weighted_average",
    summary="By usage averaged over the last days, older days weighing less.",
    formula="w / sum(w), w = mean of u over window_days with weights decay^age",
    sentence="{receiver} has {share} of the averaged {metric} of all receivers of {source}.",
    parameters=WindowParameters,
    weights=weights,
)
