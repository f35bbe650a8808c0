"""One slice of days: from the problem's integers to flows, with everything that was assumed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from apportion.amounts import MAXIMUM_UNITS
from apportion.attribution.exact import ExactShares, exact_shares, propagate_exactly
from apportion.attribution.graph import Graph, Integers, build_graph
from apportion.attribution.kernel import EdgeWeights, propagate
from apportion.attribution.plan import Plan, build_plan
from apportion.attribution.problem import Problem
from apportion.attribution.sums import SAFE
from apportion.attribution.weights import SliceWeights, slice_weights
from apportion.findings import Finding, RunError
from apportion.model.windows import epochs
from apportion.tables import from_ordinal, ordinal

CELLS = 2**19
"""Days x dimensions x edges of a slice: so few that its arrays stay in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """A stretch of days with the same active edges, ready to be computed."""

    first: int
    last: int
    graph: Graph
    plans: tuple[Plan, ...]


@dataclass(frozen=True, slots=True)
class Slice:
    """Some days of an epoch."""

    epoch: Epoch
    first: int
    days: int


@dataclass(frozen=True, slots=True)
class Offences:
    """Sources, days and dimensions whose shares exceed the whole (`A11`), in parallel lists."""

    source: list[int]
    day: list[int]
    dimension: list[int]


@dataclass(frozen=True, slots=True)
class SliceFlow:
    """What came of a slice: days x dimensions x nodes or edges, in units.

    ``share`` is to be read only. ``no_usage`` has a row (source, series, policy, day) for each
    time that no sibling had used anything while the source had cost. ``slow`` counts sources and
    days that took the slow path.
    """

    slice: Slice
    direct: Integers
    holistic: Integers
    given: Integers
    parts: Integers
    share: npt.NDArray[np.float64]
    no_usage: Integers
    slow: int
    offences: Offences


def plan_epochs(problem: Problem) -> Iterator[Epoch]:
    """The epochs of the period, each compiled when its turn comes."""
    for stretch in epochs(problem.model, problem.start, problem.end):
        edge = np.asarray(stretch.edges, dtype=np.int64)
        graph = build_graph(len(problem.nodes), edge, problem.source[edge], problem.receiver[edge])
        plans = tuple(
            build_plan(graph, problem.uses, variant.use[graph.edge]) for variant in problem.variants
        )
        yield Epoch(ordinal(stretch.first), ordinal(stretch.last), graph, plans)


def cut_slices(problem: Problem, cells: int = CELLS) -> Iterator[Slice]:
    """Cut the period into slices of about ``cells`` contributions each, none across epochs."""
    for epoch in plan_epochs(problem):
        per_day = max(len(problem.costs.dimensions) * max(epoch.graph.edge.size, 64), 1)
        days = max(cells // per_day, 1)
        for first in range(epoch.first, epoch.last + 1, days):
            yield Slice(epoch, first, min(days, epoch.last + 1 - first))


def compute_slice(problem: Problem, piece: Slice) -> SliceFlow:
    """Let the cost of a slice's days flow.

    Raises ``RunError`` (``amount_overflow``).
    """
    graph = piece.epoch.graph
    direct, near_limit = _direct(problem, piece)
    holistic, given = direct.copy(), np.zeros_like(direct)
    shape = (piece.days, direct.shape[1], graph.edge.size)
    parts, share = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.float64)
    offences = Offences([], [], [])
    no_usage, slow = [], 0
    for variant, plan in zip(problem.variants, piece.epoch.plans, strict=True):
        weights = slice_weights(plan, problem.figures, piece.first, piece.days)
        splitter = _Splitter(problem, plan, piece, variant.dimensions, weights, offences)
        own = direct if len(problem.variants) == 1 else direct[:, variant.dimensions]
        if near_limit:
            flow = propagate_exactly(graph, own, splitter.split)
            _refuse_overflow(problem, piece, variant.dimensions, "holistic", flow[0])
            _refuse_overflow(problem, piece, variant.dimensions, "indirect", flow[0] - own)
            result = tuple(array.astype(np.int64) for array in flow)
        else:
            outcome = propagate(graph, _edge_weights(plan, weights), own, splitter.split)
            result = (outcome.holistic, outcome.given, outcome.parts)
            slow += outcome.slow
        no_usage.append(_no_usage(plan, piece, weights, result[0]))
        if len(problem.variants) == 1:
            holistic, given, parts = result
            share = np.broadcast_to(weights.share[:, None, :], shape)
        else:
            for whole, part in zip((holistic, given, parts), result, strict=True):
                whole[:, variant.dimensions] = part
            share[:, variant.dimensions] = weights.share[:, None, :]
    rows = np.concatenate(no_usage) if no_usage else np.empty((0, 4), dtype=np.int64)
    return SliceFlow(piece, direct, holistic, given, parts, share, rows, slow, offences)


def require_conserved(problem: Problem, flow: SliceFlow) -> None:
    """Raise ``RunError`` unless direct cost equals what is retained, on every day (`A20`).

    The same is proved again from the written rows; this one stops a wrong slice before it is
    written. Sums that wrap do so on both sides alike.
    """
    arrived = flow.direct.sum(axis=2)
    rests = (flow.holistic - flow.given).sum(axis=2)
    wrong = np.argwhere(arrived != rests)
    if wrong.size:
        raise RunError(
            [
                Finding(
                    "invariant_violation",
                    f"On {from_ordinal(flow.slice.first + day)} in "
                    f"{problem.costs.dimensions[dimension]!r} {arrived[day, dimension]} units came "
                    f"in and {rests[day, dimension]} are accounted for.",
                    remedy="This is a fault of the program; nothing was published.",
                )
                for day, dimension in wrong[:20].tolist()
            ]
        )


def _direct(problem: Problem, piece: Slice) -> tuple[Integers, bool]:
    """Direct costs as a grid, and whether their sums come near the limit of 64 bits."""
    costs = problem.costs
    grid = np.zeros((piece.days, len(costs.dimensions), len(problem.nodes)), dtype=np.int64)
    low, high = np.searchsorted(costs.day, [piece.first, piece.first + piece.days])
    rows = slice(int(low), int(high))
    day = costs.day[rows] - piece.first
    grid[day, costs.dimension[rows], problem.node[rows]] = costs.units[rows]
    sizes = np.abs(grid.astype(np.float64)).sum(axis=2)
    return grid, bool((sizes > SAFE).any())


def _edge_weights(plan: Plan, weights: SliceWeights) -> EdgeWeights:
    return EdgeWeights(
        weights.cumulative,
        weights.denominator,
        plan.down,
        weights.down,
        weights.claims,
        weights.slow,
    )


@dataclass(frozen=True, slots=True)
class _Splitter:
    """The slow path of one slice: finds exact shares once per source and day."""

    problem: Problem
    plan: Plan
    piece: Slice
    dimensions: Integers
    weights: SliceWeights
    offences: Offences
    known: dict[tuple[int, int], ExactShares] = field(default_factory=dict)

    def split(self, day: int, dimension: int, segment: int, amount: int) -> list[int]:
        """Split an amount among a source's siblings, and note shares above the whole."""
        shares = self.known.get((day, segment))
        if shares is None:
            shares = exact_shares(self.plan, self.problem.figures, self.piece.first + day, segment)
            self.known[day, segment] = shares
            starts = self.plan.graph.starts
            columns = slice(int(starts[segment]), int(starts[segment + 1]))
            self.weights.share[day, columns] = shares.readable()
        parts, too_much = shares.split(amount)
        if too_much:
            self.offences.source.append(int(self.plan.graph.segment_source[segment]))
            self.offences.day.append(self.piece.first + day)
            self.offences.dimension.append(int(self.dimensions[dimension]))
        return parts


def _no_usage(plan: Plan, piece: Slice, weights: SliceWeights, holistic: Integers) -> Integers:
    """Rows (source, series, policy, day) of groups without usage whose source had cost."""
    if not weights.no_usage.any():
        return np.empty((0, 4), dtype=np.int64)
    source = plan.graph.segment_source[plan.usage_group_segment]
    has_cost = (holistic != 0).any(axis=1)
    day, group = np.nonzero(weights.no_usage & has_cost[:, source])
    # The first edge of a usage group speaks for all its edges: they share one use.
    _, first = np.unique(plan.usage_group, return_index=True)
    policy = plan.policy[plan.usage_columns[first]]
    return np.stack(
        [source[group], plan.usage_group_series[group], policy[group], day + piece.first], axis=1
    )


def _refuse_overflow(
    problem: Problem,
    piece: Slice,
    dimensions: Integers,
    figure: str,
    amounts: npt.NDArray[np.object_],
) -> None:
    beyond = np.argwhere(np.abs(amounts) > MAXIMUM_UNITS)
    if beyond.size:
        raise RunError(
            [_overflow(problem, piece, dimensions, figure, row) for row in beyond[:20].tolist()]
        )


def _overflow(
    problem: Problem, piece: Slice, dimensions: Integers, figure: str, row: Sequence[int]
) -> Finding:
    day = from_ordinal(piece.first + row[0])
    dimension = problem.costs.dimensions[int(dimensions[row[1]])]
    node = problem.nodes[row[2]]
    return Finding(
        "amount_overflow",
        f"The {figure} cost of {node!r} on {day} in {dimension!r} does not fit in 64 bits "
        f"at {problem.costs.scale} decimals.",
        remedy="Lower `scale` in apportion.yaml.",
        details={"node": node, "date": day, "dimension": dimension},
    )
