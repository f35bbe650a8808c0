"""Ways that cost may take, on a model that may still have errors.

Advice such as "nothing leads to this product" would mislead where an edge to it exists but holds
a mistake. So edges whose records or windows are wrong count here as ways too.
"""

import numpy as np

from apportion.model.declared import Declared
from apportion.model.graph import Integers


def possible_ways(model: Declared) -> tuple[Integers, Integers]:
    """Positions of sources and receivers, -1 for names that no sound node has."""
    graph = model.graph
    inverted = graph.first > graph.declared_last
    kept = np.flatnonzero((graph.first <= graph.last) | inverted)
    doubtful = sorted(model.doubtful_edges)
    sources = [model.index.get(source, -1) for source, _ in doubtful]
    receivers = [model.index.get(receiver, -1) for _, receiver in doubtful]
    return (
        np.concatenate([graph.source[kept], np.array(sources, dtype=np.int64)]),
        np.concatenate([graph.receiver[kept], np.array(receivers, dtype=np.int64)]),
    )
