"""The edges as arrays, so that the days of 100,000 edges are looked at together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from apportion.model.days import END, day_number, span_of
from apportion.model.types import Edge, Node

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Graph:
    """One entry per edge, in the order of the model's edges.

    ``source`` and ``receiver`` are positions in the model's nodes, -1 where there is no such
    node. ``first`` and ``last`` are the days on which the edge is active, both included and
    counted from 1970-01-01: its window, cut off the day before either end is archived (`A5`).
    An edge with ``first > last`` is never active. ``declared_last`` is the window's end without
    regard to archives.
    """

    nodes: int
    source: Integers
    receiver: Integers
    first: Integers
    last: Integers
    declared_last: Integers

    def live(self) -> Integers:
        """The edges between known nodes, from one to another, that are active on some day."""
        known = (self.source >= 0) & (self.receiver >= 0) & (self.source != self.receiver)
        return np.flatnonzero(known & (self.first <= self.last))


def build_graph(nodes: Sequence[Node], index: Mapping[str, int], edges: Sequence[Edge]) -> Graph:
    """Turn edges into arrays. ``index`` gives each id's position in ``nodes``."""
    count = len(edges)
    source = np.fromiter((index.get(edge.source, -1) for edge in edges), np.int64, count)
    receiver = np.fromiter((index.get(edge.receiver, -1) for edge in edges), np.int64, count)
    spans = [span_of(edge.active_from, edge.active_to) for edge in edges]
    windows = np.array(spans, dtype=np.int64).reshape(-1, 2)
    first, declared_last = windows[:, 0], windows[:, 1]
    # One entry more than nodes: position -1, an unknown node, is never archived.
    alive = np.full(len(nodes) + 1, END, dtype=np.int64)
    for position, node in enumerate(nodes):
        if node.archived_on is not None:
            alive[position] = day_number(node.archived_on) - 1
    last = np.minimum(declared_last, np.minimum(alive[source], alive[receiver]))
    return Graph(len(nodes), source, receiver, first, last, declared_last)
