"""Ways through a graph, against the plainest definition of each."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from apportion.model.paths import (
    Neighbours,
    circular_parts,
    neighbours,
    reachable,
    shortest_circle,
)
from effort import effort

SIZE = 9
graphs = st.sets(st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1)), max_size=25)


def ways_of(pairs: set[tuple[int, int]], size: int = SIZE) -> Neighbours:
    source = np.array([pair[0] for pair in pairs], dtype=np.int64)
    receiver = np.array([pair[1] for pair in pairs], dtype=np.int64)
    return neighbours(size, source, receiver)


def closure(pairs: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """All pairs of which the first leads to the second over one edge or more."""
    known = set(pairs)
    while True:
        more = {(a, d) for a, b in known for c, d in known if b == c} - known
        if not more:
            return known
        known |= more


@given(graphs)
def test_neighbours_are_sorted_and_complete(pairs: set[tuple[int, int]]) -> None:
    ways = ways_of(pairs)
    assert {(node, other) for node in range(SIZE) for other in ways[node]} == pairs
    assert all(part == sorted(part) for part in ways)


@given(graphs, st.sets(st.integers(0, SIZE - 1)))
def test_reachable(pairs: set[tuple[int, int]], starts: set[int]) -> None:
    ways = closure(pairs)
    expected = [
        node in starts or any((start, node) in ways for start in starts) for node in range(SIZE)
    ]
    assert reachable(sorted(starts), ways_of(pairs)) == expected


@given(graphs)
@effort(300)
def test_circular_parts(pairs: set[tuple[int, int]]) -> None:
    ways = closure(pairs)
    expected = set()
    for node in range(SIZE):
        part = {other for other in range(SIZE) if (node, other) in ways and (other, node) in ways}
        if len(part) > 1:
            expected.add(tuple(sorted(part)))
    assert [tuple(part) for part in circular_parts(ways_of(pairs))] == sorted(expected)


@given(graphs)
def test_shortest_circle(pairs: set[tuple[int, int]]) -> None:
    ways = ways_of(pairs)
    for part in circular_parts(ways):
        for start in part:
            circle = shortest_circle(start, ways)
            assert circle[0] == start
            assert len(set(circle)) == len(circle)
            steps = set(zip(circle, [*circle[1:], start], strict=True))
            assert steps <= pairs
            assert len(circle) == _distance_back(start, pairs)


def _distance_back(start: int, pairs: set[tuple[int, int]]) -> int:
    reached, steps = {start}, 0
    while True:
        reached = {other for node, other in pairs if node in reached}
        steps += 1
        if start in reached:
            return steps


def test_depth_does_not_exhaust_the_stack() -> None:
    size = 50_000
    ring = {(node, (node + 1) % size) for node in range(size)}
    ways = ways_of(ring, size)
    assert len(circular_parts(ways)[0]) == size
    assert len(shortest_circle(0, ways)) == size
    assert all(reachable([7], ways))
