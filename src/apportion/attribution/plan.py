"""How the shares of one epoch are to be found: which edges use which strategy on which usage.

A **group** is the edges of one source with the same strategy and parameters; its edges have one
denominator. All of it is index arrays, made once per epoch, so that a slice of days is computed
without a loop over edges.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from apportion.attribution.graph import Graph, Integers
from apportion.attribution.strategy import Rest, Rounding, Series, Strategy
from apportion.model.types import OnZeroUsage, StrategyUse
from apportion.ways import runs

POLICIES = (None, OnZeroUsage.EQUAL, OnZeroUsage.RETAIN, OnZeroUsage.ERROR)
"""What a zero total means for an edge, as the codes of ``Plan.policy``; ``None``: no usage read."""


@dataclass(frozen=True, slots=True)
class Uses:
    """The distinct strategy uses of a model, and what each needs."""

    uses: tuple[StrategyUse, ...]
    strategies: tuple[Strategy, ...]
    series: tuple[int, ...]
    all_series: tuple[Series, ...]

    def policy(self, use: int) -> int:
        """The code of what the use does where there is no usage (`A14`)."""
        if self.series[use] < 0:
            return 0
        own = self.uses[use].on_zero_usage
        return POLICIES.index(own or self.strategies[use].on_zero_usage)


@dataclass(frozen=True, slots=True)
class Block:
    """The edges of one strategy: their columns, and its ratios, one array entry per edge."""

    strategy: Strategy
    columns: Integers
    ratios: tuple[tuple[npt.NDArray[Any], npt.NDArray[Any]], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The index arrays of one epoch and one set of strategy uses.

    Edges are columns in the graph's order. ``use`` is each edge's strategy use, ``group`` its
    group; ``group_first`` gives a group's first column, ``segment_first`` that of each segment's
    first group. ``extra_groups`` lists, for the 2nd, 3rd,
    ... group of segments that have so many, the segments and those groups.

    ``pairs`` are the series and nodes whose usage is read. Usage groups are those that read
    usage: ``usage_columns`` are their edges, with the position of each edge's own pair and its
    usage group; ``member_pairs`` lists the pairs of all siblings of each usage group, bounded by
    ``member_starts``; ``member_columns`` are those siblings' columns.

    ``down`` are the columns whose amounts are cut to the unit, ``claimants`` those of them that
    take the rest as greatest user, ``remainders`` those that share what is left.
    """

    graph: Graph
    uses: Uses
    use: Integers
    group: Integers
    group_first: Integers
    segment_first: Integers
    extra_groups: tuple[tuple[Integers, Integers], ...]
    policy: Integers
    blocks: tuple[Block, ...]
    pairs: Integers
    usage_columns: Integers
    usage_pairs: Integers
    usage_group: Integers
    usage_group_segment: Integers
    usage_group_series: Integers
    member_pairs: Integers
    member_starts: Integers
    member_columns: Integers
    down: Integers
    claimants: Integers
    remainders: Integers


def distinct_uses(
    strategies: Mapping[str, Strategy], every: Sequence[StrategyUse]
) -> tuple[Uses, Integers]:
    """Number the distinct uses; returns them and the number of each given use."""
    numbers: dict[StrategyUse, int] = {}
    by_identity: dict[int, int] = {}
    codes = np.empty(len(every), dtype=np.int64)
    for position, use in enumerate(every):
        # Edges mostly share their use objects, and hashing one walks all its parameters.
        number = by_identity.get(id(use))
        if number is None:
            number = numbers.setdefault(use, len(numbers))
            by_identity[id(use)] = number
        codes[position] = number
    uses = tuple(numbers)
    series_numbers: dict[Series, int] = {}
    series = []
    for use in uses:
        one = use.parameters.series()
        series.append(-1 if one is None else series_numbers.setdefault(one, len(series_numbers)))
    chosen = tuple(strategies[use.strategy] for use in uses)
    return Uses(uses, chosen, tuple(series), tuple(series_numbers)), codes


def build_plan(graph: Graph, uses: Uses, use: Integers) -> Plan:
    """Arrange an epoch's edges by what their strategies need. ``use`` is in the graph's order."""
    count = max(len(uses.uses), 1)
    keys, first, group = np.unique(
        graph.segment * count + use, return_index=True, return_inverse=True
    )
    group_segment, group_use = keys // count, keys % count
    series = np.array(uses.series, dtype=np.int64)
    usage_groups = np.flatnonzero(series[group_use] >= 0) if keys.size else keys
    members, member_starts = _members(graph, group_segment[usage_groups])
    group_series = series[group_use[usage_groups]]
    member_series = np.repeat(group_series, np.diff(member_starts))
    member_keys = member_series * graph.nodes + graph.receiver[members]
    pairs, member_pairs = np.unique(member_keys, return_inverse=True)
    usage_columns = np.flatnonzero(series[use] >= 0) if use.size else use
    own = series[use[usage_columns]] * graph.nodes + graph.receiver[usage_columns]
    policy = np.array([uses.policy(number) for number in range(len(uses.uses))], dtype=np.int64)
    is_down = np.array([each.rounding is Rounding.DOWN for each in uses.strategies], dtype=bool)
    greatest = np.array([each.rest is Rest.GREATEST_USER for each in uses.strategies], dtype=bool)
    equally = np.array([each.rest is Rest.EQUALLY for each in uses.strategies], dtype=bool)
    return Plan(
        graph,
        uses,
        use,
        group,
        first,
        first[np.searchsorted(group_segment, np.arange(graph.starts.size - 1))],
        _extra_groups(group_segment),
        policy[use],
        _blocks(uses, use),
        pairs,
        usage_columns,
        np.searchsorted(pairs, own),
        np.searchsorted(usage_groups, group[usage_columns]),
        group_segment[usage_groups],
        group_series,
        member_pairs,
        member_starts,
        members,
        np.flatnonzero(is_down[use]),
        np.flatnonzero(greatest[use]),
        np.flatnonzero(equally[use]),
    )


def _members(graph: Graph, segments: Integers) -> tuple[Integers, Integers]:
    """The columns of all siblings of each usage group, and where each group's run begins."""
    sizes = graph.sizes[segments]
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return runs(graph.starts[segments], sizes), starts


def _extra_groups(group_segment: Integers) -> tuple[tuple[Integers, Integers], ...]:
    """Groups beyond the first of their segment, by how many come before them."""
    first_of_segment = np.searchsorted(group_segment, group_segment)
    ordinal = np.arange(group_segment.size) - first_of_segment
    return tuple(
        (group_segment[ordinal == number], np.flatnonzero(ordinal == number))
        for number in range(1, int(ordinal.max(initial=0)) + 1)
    )


def _blocks(uses: Uses, use: Integers) -> tuple[Block, ...]:
    """Edges by strategy, the fractions of their parameters beside them."""
    names = sorted({strategy.name for strategy in uses.strategies})
    number = {name: index for index, name in enumerate(names)}
    strategy_of_use = np.array([number[each.name] for each in uses.strategies], dtype=np.int64)
    ratios = [each.parameters.ratios() for each in uses.uses]
    blocks = []
    for index in range(len(names)):
        columns = np.flatnonzero(strategy_of_use[use] == index) if use.size else use
        if columns.size == 0:
            continue
        mine = use[columns]
        strategy = uses.strategies[int(mine[0])]
        width = len(ratios[int(mine[0])])
        arrays = tuple(
            (_parts(ratios, slot, "numerator")[mine], _parts(ratios, slot, "denominator")[mine])
            for slot in range(width)
        )
        blocks.append(Block(strategy, columns, arrays))
    return tuple(blocks)


def _parts(ratios: Sequence[tuple[Fraction, ...]], slot: int, part: str) -> npt.NDArray[Any]:
    """One side of one ratio for every use; uses without such a ratio get 1."""
    values = [int(getattr(each[slot], part)) if slot < len(each) else 1 for each in ratios]
    fits = all(abs(value) < 2**40 for value in values)
    return np.array(values, dtype=np.int64 if fits else object)
