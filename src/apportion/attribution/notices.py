"""What a run assumed or refuses, said as findings with sources, metrics and days."""

from collections.abc import Iterable

import numpy as np

from apportion.attribution.graph import Integers
from apportion.attribution.plan import POLICIES
from apportion.attribution.problem import Problem
from apportion.attribution.slices import Offences
from apportion.findings import Finding, Severity
from apportion.model.types import OnZeroUsage
from apportion.model.windows import epochs
from apportion.tables import from_ordinal, ordinal

_SAID = {
    OnZeroUsage.EQUAL: "was shared equally",
    OnZeroUsage.RETAIN: "kept what depends on usage",
    OnZeroUsage.ERROR: "has no rule for that",
}


def zero_usage(problem: Problem, rows: Integers) -> list[Finding]:
    """One finding per source, metric and policy, with the number of days (`A14`).

    ``rows`` are those of ``SliceFlow.no_usage``. A group whose edges say ``error`` gives errors.
    """
    if rows.size == 0:
        return []
    metrics = problem.figures.metrics
    metric_of = np.array([metrics.index(each.metric) for each in problem.figures.series])
    keyed = np.stack([rows[:, 0], metric_of[rows[:, 1]], rows[:, 2], rows[:, 3]], axis=1)
    distinct = np.unique(keyed, axis=0)
    groups, first, days = np.unique(distinct[:, :3], axis=0, return_index=True, return_counts=True)
    return [
        _zero(problem, source, metrics[metric], policy, count, int(distinct[start, 3]))
        for (source, metric, policy), start, count in zip(
            groups.tolist(), first.tolist(), days.tolist(), strict=True
        )
    ]


def _zero(
    problem: Problem, source: int, metric: str, policy: int, days: int, first: int
) -> Finding:
    name, chosen = problem.nodes[source], POLICIES[policy]
    refused = chosen is OnZeroUsage.ERROR
    return Finding(
        "zero_usage",
        f"On {days} days, first on {from_ordinal(first)}, no receiver of {name!r} has any usage "
        f"of {metric!r}; {name!r} {_SAID[chosen or OnZeroUsage.EQUAL]}.",
        remedy=(
            "Bring the usage in, or set on_zero_usage to equal or retain."
            if refused
            else "Bring the usage in, or say on the edges what on_zero_usage should do."
        ),
        severity=Severity.ERROR if refused else Severity.WARNING,
        details={"source": name, "metric": metric, "days": days},
    )


def missing_usage(problem: Problem) -> list[Finding]:
    """One warning per edge whose siblings have no row of its metric in the whole period (`A16`)."""
    figures = problem.figures
    if not figures.series:
        return []
    metrics = figures.metrics
    count = len(problem.nodes)
    metric_of_series = np.array([metrics.index(each.metric) for each in figures.series])
    series_of_use = np.array(problem.uses.series, dtype=np.int64)
    missing = np.zeros((problem.source.size, len(metrics)), dtype=np.bool_)
    present = np.zeros_like(missing)
    for stretch in epochs(problem.model, problem.start, problem.end):
        edge = np.asarray(stretch.edges, dtype=np.int64)
        source = problem.source[edge]
        for metric in range(len(metrics)):
            has_row = np.isin(metric * count + problem.receiver[edge], figures.seen)
            covered = np.zeros(count, dtype=np.bool_)
            covered[source[has_row]] = True
            for variant in problem.variants:
                series = series_of_use[variant.use[edge]]
                reads = (series >= 0) & (metric_of_series[series] == metric)
                present[edge[reads & covered[source]], metric] = True
                missing[edge[reads & ~covered[source]], metric] = True
    rows = np.argwhere(missing & ~present).tolist()
    return [_missing(problem, edge, metrics[metric]) for edge, metric in rows]


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


def shares_exceed_one(problem: Problem, every: Iterable[Offences]) -> list[Finding]:
    """One error per source, dimension and stretch of days whose shares exceed the whole (`A11`)."""
    cells = sorted(
        {
            cell
            for offences in every
            for cell in zip(offences.source, offences.dimension, offences.day, strict=True)
        }
    )
    stretches: list[list[int]] = []
    for source, dimension, day in cells:
        last = stretches[-1] if stretches else None
        if last and last[:2] == [source, dimension] and last[3] == day - 1:
            last[3] = day
        else:
            stretches.append([source, dimension, day, day])
    return [_exceeds(problem, *stretch) for stretch in stretches]


def _exceeds(problem: Problem, source: int, dimension: int, first: int, last: int) -> Finding:
    name, label = problem.nodes[source], problem.costs.dimensions[dimension]
    return Finding(
        "shares_exceed_one",
        f"The shares of {name!r} in {label!r} sum to more than the whole from "
        f"{from_ordinal(first)} to {from_ordinal(last)}.",
        remedy="Lower its fixed shares, or let one receiver take the remainder.",
        details={
            "source": name,
            "dimension": label,
            "from": from_ordinal(first),
            "to": from_ordinal(last),
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
        )
    ]
