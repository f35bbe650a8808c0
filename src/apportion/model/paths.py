"""Ways through a graph: what can be reached, what runs in a circle, and along which nodes.

Plain loops over adjacency lists: each function takes time in proportion to nodes and edges, and
none is recursive, so that neither depth nor size can exhaust the stack.
"""

from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np

from apportion.model.graph import Integers

Neighbours = list[list[int]]


def neighbours(nodes: int, source: Integers, receiver: Integers) -> Neighbours:
    """For each node the nodes that it leads to, in ascending order."""
    order = np.lexsort((receiver, source))
    ends = receiver[order].tolist()
    bounds = np.searchsorted(source[order], np.arange(nodes + 1)).tolist()
    return [ends[bounds[node] : bounds[node + 1]] for node in range(nodes)]


def reachable(starts: Iterable[int], ways: Neighbours) -> list[bool]:
    """For each node whether some start leads to it, the starts included."""
    seen = [False] * len(ways)
    waiting = list(starts)
    for node in waiting:
        seen[node] = True
    while waiting:
        for receiver in ways[waiting.pop()]:
            if not seen[receiver]:
                seen[receiver] = True
                waiting.append(receiver)
    return seen


def circular_parts(ways: Neighbours) -> list[list[int]]:
    """The largest sets of nodes that all lead to one another, each sorted, in order.

    Nodes on no circle appear in no set; an edge from a node to itself makes none.
    """
    search = _Search(ways)
    for root in range(len(ways)):
        if not search.order[root]:
            search.explore(root)
    return sorted(search.parts)


class _Search:
    """Tarjan's search for strongly connected parts, with a stack of its own."""

    def __init__(self, ways: Neighbours) -> None:
        self.ways = ways
        self.order = [0] * len(ways)
        self.lowest = [0] * len(ways)
        self.visited = 0
        self.pending: list[int] = []
        self.is_pending = [False] * len(ways)
        self.parts: list[list[int]] = []

    def explore(self, root: int) -> None:
        """Visit all that a node leads to, and close the parts that are complete."""
        order, lowest, is_pending = self.order, self.lowest, self.is_pending
        work = [self._enter(root)]
        while work:
            node, onward = work[-1]
            for receiver in onward:
                if not order[receiver]:
                    work.append(self._enter(receiver))
                    break
                if is_pending[receiver]:
                    lowest[node] = min(lowest[node], order[receiver])
            else:
                work.pop()
                if work:
                    before = work[-1][0]
                    lowest[before] = min(lowest[before], lowest[node])
                if lowest[node] == order[node]:
                    self._close(node)

    def _enter(self, node: int) -> tuple[int, Iterator[int]]:
        self.visited += 1
        self.order[node] = self.lowest[node] = self.visited
        self.pending.append(node)
        self.is_pending[node] = True
        return node, iter(self.ways[node])

    def _close(self, root: int) -> None:
        """Take the nodes of a finished part off the stack."""
        cut = len(self.pending) - 1
        while self.pending[cut] != root:
            cut -= 1
        part = self.pending[cut:]
        del self.pending[cut:]
        for node in part:
            self.is_pending[node] = False
        if len(part) > 1:
            self.parts.append(sorted(part))


def shortest_circle(start: int, ways: Neighbours) -> list[int]:
    """The shortest way from a node back to itself; the end is not repeated.

    The node must lie on a circle.
    """
    came_from: dict[int, int] = {}
    waiting = deque([start])
    while start not in came_from:
        node = waiting.popleft()
        for receiver in ways[node]:
            if receiver not in came_from:
                came_from[receiver] = node
                waiting.append(receiver)
    circle = [start]
    while came_from[circle[-1]] != start:
        circle.append(came_from[circle[-1]])
    return [start, *reversed(circle[1:])]
