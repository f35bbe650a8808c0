"""The edges that are active in one epoch, in the order in which the kernel takes them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from apportion.ways import longest_ways

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Graph:
    """Edges sorted by the level of their source, then source, then receiver.

    Nodes are integers in the order of their ids, so the order of receivers is that of their ids
    (`A2`). A **segment** is the run of edges of one source: its siblings (`A9`).

    ``edge`` gives each edge's position in the model; ``segment`` each edge's segment;
    ``starts`` has one more entry than there are segments. ``levels`` bound the segments of each
    level. ``inflow`` lists the edges again by level of the receiver, then receiver;
    ``inflow_starts`` bounds the runs of each receiver in ``inflow_nodes``, and ``inflow_levels``
    bounds those receivers by level.
    """

    nodes: int
    edge: Integers
    source: Integers
    receiver: Integers
    segment: Integers
    starts: Integers
    segment_source: Integers
    levels: Integers
    inflow: Integers
    inflow_starts: Integers
    inflow_nodes: Integers
    inflow_levels: Integers

    @property
    def sizes(self) -> Integers:
        """The number of siblings of each segment."""
        return np.diff(self.starts)

    @property
    def depth(self) -> int:
        """The number of levels that nodes stand on."""
        return int(self.levels.size - 1)


def build_graph(nodes: int, edge: Integers, source: Integers, receiver: Integers) -> Graph:
    """Arrange the active edges. The edges must not form a circle (`A7`)."""
    level = longest_ways(nodes, source, receiver)
    depth = int(level.max(initial=0)) + 1
    order = np.lexsort((receiver, source, level[source]))
    edge, source, receiver = edge[order], source[order], receiver[order]
    starts = _run_starts(source)
    segment_source = source[starts[:-1]]
    inflow = np.lexsort((source, receiver, level[receiver]))
    inflow_starts = _run_starts(receiver[inflow])
    inflow_nodes = receiver[inflow][inflow_starts[:-1]]
    return Graph(
        nodes,
        edge,
        source,
        receiver,
        np.repeat(np.arange(starts.size - 1), np.diff(starts)),
        starts,
        segment_source,
        np.searchsorted(level[segment_source], np.arange(depth + 1)),
        inflow,
        inflow_starts,
        inflow_nodes,
        np.searchsorted(level[inflow_nodes], np.arange(depth + 1)),
    )


def _run_starts(values: Integers) -> Integers:
    if values.size == 0:
        return np.zeros(1, dtype=np.int64)
    changes = np.flatnonzero(np.diff(values)) + 1
    return np.concatenate([[0], changes, [values.size]]).astype(np.int64)
