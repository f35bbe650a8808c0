"""The kernel: arrays in, arrays out. Cost flows level by level, and every split conserves (`A2`).

It knows no names, tables or strategies. Amounts are int64 units in arrays of days x dimensions x
nodes (or edges); weights are days x edges. A part is the difference of two rounded cumulative
quotients ``amount x cumulative weight / denominator``. Each quotient is estimated in floating
point and corrected by one exact remainder: the estimate is off by less than 2^62 divided by the
denominator, so the remainder fits in 64 bits even though the products may wrap on the way.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from apportion.attribution.graph import Graph, Integers

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

SMALL = 2**50
"""Below this an estimated quotient is at most one off, so a comparison corrects it."""

LARGEST_REMAINDER = 2.0**62
"""Remainders below this fit in 64 bits, and so do their doubles once they are reduced."""

SlowSplit = Callable[[int, int, int, int], list[int]]
"""Splits an amount exactly: (day of the slice, dimension, segment, amount) to siblings' parts."""


@dataclass(frozen=True, slots=True)
class EdgeWeights:
    """Integer weights of all edges on all days of the slice.

    ``cumulative`` has days x edges, ``denominator`` days x segments. The columns ``down`` are cut
    to the unit: ``down_weight`` are their numerators, and where ``claims`` holds the edge's part
    is lessened by what the cut siblings get. ``slow`` marks days x segments for ``slow_split``.
    """

    cumulative: Integers
    denominator: Integers
    down: Integers
    down_weight: Integers
    claims: Booleans
    slow: Booleans


@dataclass(frozen=True, slots=True)
class Flow:
    """What came of a slice: ``holistic`` and ``given`` per node, ``parts`` per edge.

    ``slow`` is the number of sources and days that took the slow path.
    """

    holistic: Integers
    given: Integers
    parts: Integers
    slow: int


def propagate(graph: Graph, weights: EdgeWeights, direct: Integers, slow_split: SlowSplit) -> Flow:
    """Let direct cost flow along the graph.

    ``direct`` has days x dimensions x nodes, and no sum of it over nodes may exceed 2^62 in
    absolute value, so that nothing downstream can overflow.
    """
    holistic = direct.copy()
    given = np.zeros_like(direct)
    parts = np.zeros((*direct.shape[:2], graph.edge.size), dtype=np.int64)
    slow_seen = 0
    for level in range(graph.depth):
        _receive(graph, level, parts, holistic)
        first, last = graph.levels[level], graph.levels[level + 1]
        if first == last:
            continue
        columns = slice(int(graph.starts[first]), int(graph.starts[last]))
        segments = slice(int(first), int(last))
        source = graph.segment_source[segments]
        amounts = holistic[:, :, source]
        level_parts = parts[:, :, columns]
        slow = weights.slow[:, segments] | _too_large(amounts, weights.denominator[:, segments])
        _split_level(graph, weights, segments, columns, amounts, level_parts)
        _cut(graph, weights, segments, columns, amounts, level_parts)
        if slow.any():
            slow_seen += _take_slow_path(graph, slow, first, amounts, parts, slow_split)
        starts = graph.starts[segments] - columns.start
        given[:, :, source] = np.add.reduceat(level_parts, starts, axis=2)
    return Flow(holistic, given, parts, slow_seen)


def _receive(graph: Graph, level: int, parts: Integers, holistic: Integers) -> None:
    """Add to the nodes of a level what all their sources have given them."""
    first, last = graph.inflow_levels[level], graph.inflow_levels[level + 1]
    if first == last:
        return
    bounds = graph.inflow_starts[first : last + 1]
    incoming = parts[:, :, graph.inflow[bounds[0] : bounds[-1]]]
    sums = np.add.reduceat(incoming, bounds[:-1] - bounds[0], axis=2)
    holistic[:, :, graph.inflow_nodes[first:last]] += sums


def _too_large(amounts: Integers, denominator: Integers) -> Booleans:
    """Days x segments whose remainders 64 bits might not hold."""
    largest = np.abs(amounts).max(axis=1).astype(np.float64)
    too_large: Booleans = (largest * 2.0**-50 + 2) * denominator > LARGEST_REMAINDER
    return too_large


def _split_level(
    graph: Graph,
    weights: EdgeWeights,
    segments: slice,
    columns: slice,
    amounts: Integers,
    parts: Integers,
) -> None:
    """Fill the parts of all edges of a level."""
    local = graph.segment[columns] - segments.start
    cumulative = weights.cumulative[:, None, columns]
    denominator = weights.denominator[:, None, segments][:, :, local]
    ratio = cumulative / denominator
    quotient = small_quotients if np.abs(amounts).max(initial=0) < SMALL else large_quotients
    reached = quotient(amounts[:, :, local], cumulative, denominator, ratio)
    parts[:, :, 0] = reached[:, :, 0]
    np.subtract(reached[:, :, 1:], reached[:, :, :-1], out=parts[:, :, 1:])
    starts = graph.starts[segments] - columns.start
    parts[:, :, starts] = reached[:, :, starts]


def small_quotients(
    amounts: Integers, weights: Integers, denominators: Integers, ratio: Floats
) -> Integers:
    """``amounts x weights / denominators``, rounded half away from zero, amounts below ``SMALL``.

    The estimate is at most one off, so the remainder tells by comparison which way. With r the
    remainder, the quotient is right when -d <= 2r < d; for a negative amount the tie belongs to
    the other side, which the sign (-1) added to 2r brings about.
    """
    estimate = amounts * ratio
    np.rint(estimate, out=estimate)
    quotient = estimate.astype(np.int64)
    remainder = amounts * weights
    remainder -= quotient * denominators
    remainder += remainder
    remainder += amounts >> 63
    quotient += remainder >= denominators
    quotient -= remainder < -denominators
    return quotient


def large_quotients(
    amounts: Integers, weights: Integers, denominators: Integers, ratio: Floats
) -> Integers:
    """The same for amounts up to 2^62, whose estimate may be many units off."""
    quotient = np.rint(amounts * ratio).astype(np.int64)
    remainder: Integers = amounts * weights - quotient * denominators
    step = remainder // denominators
    remainder -= step * denominators
    quotient += step
    quotient += 2 * remainder + (amounts >> 63) >= denominators
    return quotient


def _cut(
    graph: Graph,
    weights: EdgeWeights,
    segments: slice,
    columns: slice,
    amounts: Integers,
    parts: Integers,
) -> None:
    """Give the edges that are cut to the unit their parts, and take these off the claimants."""
    first, last = np.searchsorted(weights.down, [columns.start, columns.stop])
    if first == last:
        return
    mine = weights.down[first:last]
    segment = graph.segment[mine]
    weight = weights.down_weight[:, None, first:last]
    denominator = weights.denominator[:, None, segment]
    amount = amounts[:, :, segment - segments.start]
    size = np.abs(amount)
    nearest = large_quotients(size, weight, denominator, weight / denominator)
    exceeds = size * weight - nearest * denominator < 0
    cut = np.sign(amount) * (nearest - exceeds)
    runs, position = np.unique(segment, return_index=True)
    total = np.add.reduceat(cut, position, axis=2)
    own_total = total[:, :, np.searchsorted(runs, segment)]
    cut -= weights.claims[:, None, first:last] * own_total
    parts[:, :, mine - columns.start] += cut


def _take_slow_path(
    graph: Graph,
    slow: Booleans,
    first_segment: int,
    amounts: Integers,
    parts: Integers,
    slow_split: SlowSplit,
) -> int:
    """Split again, one by one, what 64 bits could not. Returns how many sources and days."""
    seen = 0
    for day, local in np.argwhere(slow).tolist():
        segment = int(first_segment) + local
        columns = slice(int(graph.starts[segment]), int(graph.starts[segment + 1]))
        own = amounts[day, :, local].tolist()
        seen += any(own)
        for dimension, amount in enumerate(own):
            parts[day, dimension, columns] = (
                slow_split(day, dimension, segment, amount) if amount else 0
            )
    return seen
