"""Ways through a graph of edges as arrays, each edge looked at once however deep the graph is."""

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


def longest_ways(nodes: int, source: Integers, receiver: Integers) -> Integers:
    """The number of edges on the longest way to each node.

    Nodes are taken off level by level, those first that nothing leads to any more, so that every
    edge is looked at once however deep the graph is. Raises ``ValueError`` where the edges form a
    circle.
    """
    order = np.argsort(source, kind="stable")
    receivers = receiver[order]
    bounds = np.searchsorted(source[order], np.arange(nodes + 1))
    first, count = bounds[:-1], np.diff(bounds)
    waiting = np.bincount(receiver, minlength=nodes)
    level = np.zeros(nodes, dtype=np.int64)
    free = np.flatnonzero(waiting == 0)
    taken, depth = 0, 0
    while free.size:
        level[free] = depth
        taken += free.size
        reached = receivers[runs(first[free], count[free])]
        np.subtract.at(waiting, reached, 1)
        free = np.unique(reached[waiting[reached] == 0])
        depth += 1
    if taken < nodes:
        raise ValueError("the edges form a circle")
    return level


def runs(starts: Integers, sizes: Integers) -> Integers:
    """The positions of several runs, one run after the other.

    >>> runs(np.array([5, 2]), np.array([2, 3])).tolist()
    [5, 6, 2, 3, 4]
    """
    before = np.cumsum(sizes) - sizes
    positions: Integers = np.arange(int(sizes.sum())) + np.repeat(starts - before, sizes)
    return positions
