"""Shares of a slice of days as integer weights, one denominator per source and day.

The shares of siblings may come from different strategies with different denominators; they are
brought to their least common one, so that the conserving split works on exact rationals. A source
and day whose numbers would not fit in 64 bits is marked for the slow path.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from apportion.attribution.graph import Integers
from apportion.attribution.plan import POLICIES, Block, Plan
from apportion.attribution.strategy import Array, Siblings, Weights
from apportion.attribution.usage import UsageFigures
from apportion.model.types import OnZeroUsage

Booleans = npt.NDArray[np.bool_]

LARGEST = 2.0**60
"""A denominator times the number of siblings stays below this, so no sum of weights can wrap."""

_EQUAL = POLICIES.index(OnZeroUsage.EQUAL)


@dataclass(frozen=True, slots=True)
class SliceWeights:
    """The weights of ``days`` days; rows are days.

    ``cumulative`` are the running sums of the siblings' numerators, receivers in order of id;
    ``denominator`` has a column per segment. ``down`` are the numerators of the columns
    ``Plan.down`` (0 where nothing is cut that day) and ``claims`` says which of them take the rest.
    ``share`` is to be read only. ``slow`` marks segments for the slow path, whose weights are 0.
    ``no_usage`` marks the usage groups whose siblings used nothing.
    """

    cumulative: Integers
    denominator: Integers
    down: Integers
    claims: Booleans
    share: npt.NDArray[np.float64]
    slow: Booleans
    no_usage: Booleans


@dataclass(frozen=True, slots=True)
class _Usage:
    own: Integers
    total: Integers
    without: Booleans
    group_without: Booleans
    slow: Booleans
    greatest: Integers


def slice_weights(plan: Plan, figures: UsageFigures, first: int, days: int) -> SliceWeights:
    """Compute the weights of ``days`` days from ``first`` on, a number of days since 1970-01-01."""
    usage = _usage(plan, figures, first, days)
    numerator, denominator, slow = _strategies(plan, usage, days)
    numerator, common, slow = _common_denominator(plan, numerator, denominator, slow)
    return _rest(plan, usage, numerator, common, slow)


def _usage(plan: Plan, figures: UsageFigures, first: int, days: int) -> _Usage:
    grid = figures.dense(plan.pairs, first, days)
    segments, edges = plan.graph.starts.size - 1, plan.graph.edge.size
    slow = np.zeros((days, segments), dtype=np.bool_)
    own = np.zeros((days, edges), dtype=np.int64)
    total = np.ones((days, edges), dtype=np.int64)
    without = np.zeros((days, edges), dtype=np.bool_)
    greatest = np.full((days, edges), -1, dtype=np.int64)
    if plan.usage_columns.size == 0:
        nothing = np.zeros((days, 0), dtype=np.bool_)
        return _Usage(own, total, without, nothing, slow, greatest)
    members = grid[:, plan.member_pairs]
    totals = np.add.reduceat(members, plan.member_starts[:-1], axis=1)
    most = int(grid.max(initial=0)) * int(plan.graph.sizes.max(initial=0))
    if most > LARGEST:
        sizes = np.add.reduceat(members.astype(np.float64), plan.member_starts[:-1], axis=1)
        _mark(slow, plan.usage_group_segment, sizes > LARGEST)
    group_without = totals == 0
    for group in np.flatnonzero(np.isin(plan.usage_group_series, list(figures.wide))).tolist():
        slow[:, plan.usage_group_segment[group]] = True
        group_without[:, group] = [
            not _any_usage(plan, figures, group, first + day) for day in range(days)
        ]
    columns, of_group = plan.usage_columns, plan.usage_group
    own[:, columns] = grid[:, plan.usage_pairs]
    total[:, columns] = np.maximum(totals, 1)[:, of_group]
    without[:, columns] = group_without[:, of_group]
    if plan.claimants.size:
        greatest[:, columns] = _greatest(plan, members)[:, of_group]
    return _Usage(own, total, without, group_without, slow, greatest)


def _any_usage(plan: Plan, figures: UsageFigures, group: int, day: int) -> bool:
    members = plan.member_columns[plan.member_starts[group] : plan.member_starts[group + 1]]
    series = int(plan.usage_group_series[group])
    return any(figures.exact(series, node, day) for node in plan.graph.receiver[members].tolist())


def _mark(slow: Booleans, segments: Integers, where: Booleans) -> None:
    days, groups = np.nonzero(where)
    slow[days, segments[groups]] = True


def _greatest(plan: Plan, members: Integers) -> Integers:
    """The column of each usage group's greatest user, the first where several are."""
    starts = plan.member_starts
    top = np.maximum.reduceat(members, starts[:-1], axis=1)
    is_top = members == np.repeat(top, np.diff(starts), axis=1)
    position = np.where(is_top, np.arange(members.shape[1]), members.shape[1])
    return plan.member_columns[np.minimum.reduceat(position, starts[:-1], axis=1)]


def _strategies(plan: Plan, usage: _Usage, days: int) -> tuple[Integers, Integers, Booleans]:
    """Numerators and denominators as each edge's own strategy gives them."""
    shape = (days, plan.graph.edge.size)
    numerator, denominator = np.empty(shape, dtype=np.int64), np.empty(shape, dtype=np.int64)
    count = plan.graph.sizes[plan.graph.segment]
    slow = usage.slow
    equal = usage.without & (plan.policy == _EQUAL)
    for block in plan.blocks:
        columns = block.columns
        total = usage.total[:, columns]
        siblings = Siblings(count[columns], usage.own[:, columns], total, _narrow(block))
        above, below = block.strategy.weights(siblings)
        size = _size(block, block.strategy.weights, count[columns], total.max(axis=0))
        where = equal[:, columns]
        if where.any():
            equally = block.strategy.equal_weights
            above, below = (
                np.where(where, alike, own)
                for alike, own in zip(equally(siblings), (above, below), strict=True)
            )
            size = np.maximum(size, _size(block, equally, count[columns], total.max(axis=0)))
        too_large = size * count[columns] > LARGEST
        if too_large.any():
            slow[:, plan.graph.segment[columns[too_large]]] = True
        numerator[:, columns], denominator[:, columns] = above, below
    return numerator, denominator, slow


def _size(
    block: Block, weights: Weights, count: Integers, total: Integers
) -> npt.NDArray[np.float64]:
    """How large the denominators get, as floats, which do not wrap."""
    ratios = tuple(
        (above.astype(np.float64), below.astype(np.float64)) for above, below in block.ratios
    )
    largest = total.astype(np.float64)
    siblings = Siblings(count.astype(np.float64), largest, largest, ratios)
    return np.asarray(weights(siblings)[1], dtype=np.float64)


def _narrow(block: Block) -> tuple[tuple[Array, Array], ...]:
    """Ratios as 64-bit integers; those that do not fit belong to segments marked slow."""
    return tuple((_clipped(above), _clipped(below)) for above, below in block.ratios)


def _clipped(values: npt.NDArray[Any]) -> Integers:
    return values if values.dtype == np.int64 else np.minimum(values, 2**62).astype(np.int64)


def _common_denominator(
    plan: Plan, numerator: Integers, denominator: Integers, slow: Booleans
) -> tuple[Integers, Integers, Booleans]:
    """Bring the groups of each segment to their least common denominator."""
    graph = plan.graph
    common = denominator[:, plan.segment_first]
    if not plan.extra_groups:
        return numerator, common, slow
    mixed = plan.extra_groups[0][0]
    reached = common[:, mixed]
    size = graph.sizes[mixed].astype(np.float64)
    for segments, groups in plan.extra_groups:
        place = np.searchsorted(mixed, segments)
        before, other = reached[:, place], denominator[:, plan.group_first[groups]]
        factor = other // np.gcd(before, other)
        too_large = before.astype(np.float64) * factor * size[place] > LARGEST
        if too_large.any():
            _mark(slow, segments, too_large)
        reached[:, place] = before * np.where(too_large, 1, factor)
    common[:, mixed] = reached
    is_mixed = np.zeros(graph.starts.size - 1, dtype=np.bool_)
    is_mixed[mixed] = True
    columns = np.flatnonzero(is_mixed[graph.segment])
    scale = common[:, graph.segment[columns]] // denominator[:, columns]
    numerator[:, columns] *= scale
    return numerator, common, slow


def _rest(
    plan: Plan, usage: _Usage, numerator: Integers, common: Integers, slow: Booleans
) -> SliceWeights:
    """Give the rest to those that take it, and sum the weights along the siblings."""
    graph = plan.graph
    starts = graph.starts[:-1]
    if starts.size == 0:
        share = np.zeros(numerator.shape, dtype=np.float64)
        none = np.zeros((numerator.shape[0], 0), dtype=np.bool_)
        return SliceWeights(numerator, common, numerator, none, share, slow, usage.group_without)
    cuts = ~usage.without[:, plan.down]
    claims = np.zeros((numerator.shape[0], plan.down.size), dtype=np.bool_)
    place = np.searchsorted(plan.down, plan.claimants)
    claims[:, place] = cuts[:, place] & (usage.greatest[:, plan.claimants] == plan.claimants)
    down = np.where(cuts & ~claims, numerator[:, plan.down], 0)
    shown = numerator.copy() if plan.down.size else numerator
    if plan.down.size:
        own = np.where(claims, 0, numerator[:, plan.down])
        shown[:, plan.down] = own
        numerator[:, plan.down] = np.where(cuts, 0, own)
    whole = np.add.reduceat(shown, starts, axis=1)
    slow |= whole > common
    if plan.down.size:
        _give_claims(plan, claims, numerator, shown, common, slow)
    if plan.remainders.size:
        common = _give_remainders(plan, claims, cuts, numerator, shown, common, whole, slow)
    share = shown / common[:, graph.segment]
    slow_columns = slow[:, graph.segment]
    if slow.any():
        numerator[slow_columns] = 0
        down[slow_columns[:, plan.down]] = 0
        claims &= ~slow_columns[:, plan.down]
        common[slow] = 1
    running = np.cumsum(numerator, axis=1)
    before = running[:, starts] - numerator[:, starts]
    running -= before[:, graph.segment]
    return SliceWeights(running, common, down, claims, share, slow, usage.group_without)


def _give_claims(
    plan: Plan,
    claims: Booleans,
    numerator: Integers,
    shown: Integers,
    common: Integers,
    slow: Booleans,
) -> None:
    """Give the greatest user what the others leave; the cut amounts are taken off in the kernel."""
    graph = plan.graph
    rows, positions = np.nonzero(claims)
    columns = plan.down[positions]
    segments = graph.segment[columns]
    claimed = np.zeros(slow.shape, dtype=np.int64)
    np.add.at(claimed, (rows, segments), 1)
    slow |= claimed > 1
    starts = graph.starts[:-1]
    rest = common - np.add.reduceat(numerator, starts, axis=1)
    readable = common - np.add.reduceat(shown, starts, axis=1)
    numerator[rows, columns] = np.maximum(rest[rows, segments], 0)
    shown[rows, columns] = np.maximum(readable[rows, segments], 0)


def _give_remainders(
    plan: Plan,
    claims: Booleans,
    cuts: Booleans,
    numerator: Integers,
    shown: Integers,
    common: Integers,
    whole: Integers,
    slow: Booleans,
) -> Integers:
    """Split what is left equally among the remainder edges. Returns the new denominators."""
    graph = plan.graph
    segment = graph.segment[plan.remainders]
    count = np.bincount(segment, minlength=common.shape[1])
    down_segment = graph.segment[plan.down]
    has_claim, has_cut = np.zeros_like(slow), np.zeros_like(slow)
    _mark(has_claim, down_segment, claims)
    _mark(has_cut, down_segment, cuts)
    slow |= (count > 0) & has_cut & ~has_claim
    factor = np.maximum(count, 1)
    slow |= common.astype(np.float64) * factor * graph.sizes > LARGEST
    rest = np.where(has_claim, 0, np.maximum(common - whole, 0))
    factor = np.where(slow, 1, factor)
    for scaled in (numerator, shown) if shown is not numerator else (numerator,):
        np.multiply(scaled, factor[:, graph.segment], out=scaled)
        scaled[:, plan.remainders] = rest[:, segment]
    return common * factor
