"""What a run assumed or refuses, said as findings with sources, metrics and days."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from apportion.attribution.costs import UNMAPPED
from apportion.attribution.graph import Integers
from apportion.attribution.plan import POLICIES
from apportion.attribution.problem import Problem
from apportion.attribution.strategy import equal_weights
from apportion.findings import Finding, Severity
from apportion.model.types import OnZeroUsage, StrategyUse
from apportion.model.windows import epochs
from apportion.tables import from_ordinal, ordinal
from apportion.ways import runs


def zero_usage(problem: Problem, rows: Integers) -> list[Finding]:
    """One finding per source, metric and policy, with the number of days (`A14`).

    ``rows`` are those of ``SliceFlow.no_usage``. A group whose edges say ``error`` gives errors.
    """
    if rows.size == 0:
        return []
    metrics = problem.figures.metrics
    metric = problem.figures.metric_of_series[rows[:, 1]]
    keyed = np.stack([rows[:, 0], metric, rows[:, 2], rows[:, 3]], axis=1)
    distinct = np.unique(keyed, axis=0)
    held_back = {
        each.name for each in problem.uses.strategies if each.equal_weights is not equal_weights
    }
    stated, capped = set(), set()
    for giver, read, use in _uses_of_usage(problem):
        stated.add((giver, read, use.on_zero_usage))
        if use.strategy in held_back:
            capped.add((giver, read))
    groups, first, days = np.unique(distinct[:, :3], axis=0, return_index=True, return_counts=True)
    return [
        _zero(
            problem.nodes[source],
            metrics[metric],
            POLICIES[policy] or OnZeroUsage.EQUAL,
            count,
            int(distinct[start, 3]),
            stated=(problem.nodes[source], metrics[metric], POLICIES[policy]) in stated,
            capped=(problem.nodes[source], metrics[metric]) in capped,
        )
        for (source, metric, policy), start, count in zip(
            groups.tolist(), first.tolist(), days.tolist(), strict=True
        )
    ]


def _uses_of_usage(problem: Problem) -> Iterator[tuple[str, str, StrategyUse]]:
    """The source and metric of every strategy use that reads usage."""
    for edge in problem.model.edges:
        for use in (edge.use, *(override.use for override in edge.overrides)):
            series = use.parameters.series()
            if series is not None:
                yield edge.source, series.metric, use


def _zero(
    name: str,
    metric: str,
    chosen: OnZeroUsage,
    days: int,
    first: int,
    *,
    stated: bool,
    capped: bool,
) -> Finding:
    refused = chosen is OnZeroUsage.ERROR
    day = from_ordinal(first)
    said = f"no receiver of {name!r} has any usage of {metric!r}"
    remedy = "Bring the usage in, or say on the edges what on_zero_usage should do."
    if refused:
        remedy = "Bring the usage in, or set on_zero_usage to equal or retain."
        said = f"{f'On {day}' if days == 1 else f'On {days:,} days, first on {day},'} {said}"
    elif stated:
        remedy = f"Bring the usage in; until then `on_zero_usage: {chosen}` decides."
    done = _done(chosen, name, capped=capped)
    return Finding(
        "zero_usage",
        f"{said[0].upper()}{said[1:]}; {done}.",
        remedy=remedy,
        severity=Severity.ERROR if refused else Severity.WARNING,
        details={
            "source": name,
            "metric": metric,
            "days": days,
            "first": day,
            "policy": str(chosen),
        },
    )


def _done(chosen: OnZeroUsage, name: str, *, capped: bool) -> str:
    if chosen is OnZeroUsage.ERROR:
        return "its edges say `on_zero_usage: error`"
    if chosen is OnZeroUsage.RETAIN:
        return f"{name!r} kept what depends on usage"
    return f"{name!r} was shared equally{', each share at most its cap' if capped else ''}"


def missing_usage(problem: Problem, costly: npt.NDArray[np.bool_]) -> list[Finding]:
    """One warning per edge whose siblings have no row of its metric in the whole period (`A16`).

    ``costly`` tells of each node whether it had cost; what gives nothing lacks nothing.
    """
    figures = problem.figures
    if not figures.series:
        return []
    many = len(figures.metrics)
    series_of_use = np.array(problem.uses.series, dtype=np.int64)
    nothing = np.empty(0, dtype=np.int64)
    without, with_rows = nothing, nothing
    for stretch in epochs(problem.model, problem.start, problem.end):
        edge = np.asarray(stretch.edges, dtype=np.int64)
        reading = nothing
        for variant in problem.variants:
            series = series_of_use[variant.use[edge]]
            reads = series >= 0
            # An edge and a metric as one number, in the order of edges, then metrics.
            keys = edge[reads] * many + figures.metric_of_series[series[reads]]
            reading = np.union1d(reading, keys)
        covered = _covered(problem, edge, reading)
        with_rows = np.union1d(with_rows, reading[covered])
        without = np.union1d(without, reading[~covered])
    missing = np.setdiff1d(without, with_rows, assume_unique=True)
    missing = missing[costly[problem.source[missing // many]]]
    return [_missing(problem, key // many, figures.metrics[key % many]) for key in missing.tolist()]


def _covered(problem: Problem, active: Integers, reading: Integers) -> npt.NDArray[np.bool_]:
    """Of edges and the metrics they read, whether any active sibling has a row of it."""
    many = len(problem.figures.metrics)
    groups, own = np.unique(
        problem.source[reading // many] * many + reading % many, return_inverse=True
    )
    if groups.size == 0:
        return np.zeros(0, dtype=np.bool_)
    order = active[np.argsort(problem.source[active], kind="stable")]
    bounds = [
        np.searchsorted(problem.source[order], groups // many, side) for side in ("left", "right")
    ]
    sizes = bounds[1] - bounds[0]
    siblings = order[runs(bounds[0], sizes)]
    pairs = np.repeat(groups % many, sizes) * len(problem.nodes) + problem.receiver[siblings]
    has_row = np.isin(pairs, problem.figures.seen)
    return np.logical_or.reduceat(has_row, np.cumsum(sizes) - sizes)[own]


def _missing(problem: Problem, edge: int, metric: str) -> Finding:
    one = problem.model.edges[edge]
    return Finding(
        "missing_usage",
        f"The edge {one.source!r} -> {one.receiver!r} shares by {metric!r}, of which no "
        f"receiver of {one.source!r} has a single row in the period.",
        one.where,
        remedy="Bring the metric in, or correct its name.",
        severity=Severity.WARNING,
        details={
            "source": one.source,
            "receiver": one.receiver,
            "metric": metric,
            "days": (problem.end - problem.start).days + 1,
        },
    )


def no_cost(problem: Problem) -> list[Finding]:
    """A warning where the period holds no cost at all: a result of nothing proves nothing."""
    inside = (problem.costs.day >= ordinal(problem.start)).any()
    if inside:
        return []
    return [
        Finding(
            "no_cost",
            f"There is no cost from {problem.start} to {problem.end}.",
            remedy="Bring the bills of that period in, or choose another.",
            severity=Severity.WARNING,
            details={"stretches": ((str(problem.start), str(problem.end)),)},
        )
    ]


def unmapped_cost(problem: Problem) -> list[Finding]:
    """A warning for each node that holds cost which no mapping rule took."""
    costs = problem.costs
    inside = (costs.day >= ordinal(problem.start)) & (costs.units != 0)
    names = (problem.nodes[node] for node in np.unique(problem.node[inside]).tolist())
    return [
        Finding(
            "unmapped_cost",
            f"No mapping rule took the cost on {name!r}; no product carries it.",
            remedy="Write a mapping rule that takes it; the next run applies it.",
            severity=Severity.WARNING,
            details={"source": name},
        )
        for name in names
        if name.startswith(UNMAPPED)
    ]
