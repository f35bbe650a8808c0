"""By usage of a metric, counting only the rows whose label passes a filter.

>>> import numpy as np
>>> usage = np.array([5, 15])
>>> STRATEGY.weights(Siblings(count=usage, usage=usage, total=np.array([20, 20]), ratios=()))
(array([ 5, 15]), array([20, 20]))
"""

from apportion.attribution.strategy import (
    Array,
    SegmentFilter,
    Series,
    Siblings,
    Strategy,
    UsageParameters,
)


class SegmentParameters(UsageParameters):
    """A metric and the filter that its rows must pass."""

    segment_filter: SegmentFilter

    def series(self) -> Series | None:
        """The metric, under its filter."""
        return Series(self.metric, self.segment_filter)


def weights(siblings: Siblings) -> tuple[Array, Array]:
    """The receiver's filtered usage over that of all siblings."""
    return siblings.usage, siblings.total


STRATEGY = Strategy(
    name="segment_filtered_proportional",
    summary="Like proportional_on, over the usage rows that pass a label filter.",
    formula="u / sum(u), rows that pass the filter",
    sentence="{receiver} has {share} of the filtered {metric} of all receivers of {source}.",
    parameters=SegmentParameters,
    weights=weights,
)
