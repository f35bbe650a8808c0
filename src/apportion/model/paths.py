"""Ways through a graph: what can be reached, what runs in a circle, and along which nodes.

Plain loops over adjacency lists: each function takes time in proportion to nodes and edges, and
none is recursive, so that neither depth nor size can exhaust the stack.
"""

from collections import deque
from collections.abc import Iterable

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

    Tarjan's algorithm with a stack of its own. Nodes on no circle appear in no set; an edge from
    a node to itself makes none.
    """
    parts: list[list[int]] = []
    order = [0] * len(ways)
    lowest = [0] * len(ways)
    pending: list[int] = []
    is_pending = [False] * len(ways)
    visited = 0
    for root in range(len(ways)):
        if order[root]:
            continue
        work = [(root, 0)]
        while work:
            node, position = work.pop()
            if position == 0:
                visited += 1
                order[node] = lowest[node] = visited
                pending.append(node)
                is_pending[node] = True
            elif is_pending[ways[node][position - 1]]:
                lowest[node] = min(lowest[node], lowest[ways[node][position - 1]])
            onward = ways[node]
            while position < len(onward) and order[onward[position]]:
                if is_pending[onward[position]]:
                    lowest[node] = min(lowest[node], order[onward[position]])
                position += 1
            if position < len(onward):
                work.append((node, position + 1))
                work.append((onward[position], 0))
            elif lowest[node] == order[node]:
                part = _taken(pending, is_pending, node)
                if len(part) > 1:
                    parts.append(sorted(part))
    return sorted(parts)


def _taken(pending: list[int], is_pending: list[bool], root: int) -> list[int]:
    """Take the nodes of a finished part off the stack."""
    cut = len(pending) - 1
    while pending[cut] != root:
        cut -= 1
    part = pending[cut:]
    del pending[cut:]
    for node in part:
        is_pending[node] = False
    return part


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
