"""Sources whose shares sum to more than the whole, with the edges that do it (`A11`)."""

from collections.abc import Iterable, Iterator
from fractions import Fraction

import numpy as np

from apportion.attribution.exact import exact_shares
from apportion.attribution.problem import Problem
from apportion.attribution.slices import Epoch, Offences, plan_epochs
from apportion.findings import Finding
from apportion.tables import from_ordinal

_NAMED = 5
_DECIMALS = 6


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
    if not stretches:
        return []
    found = {
        tuple(stretch): _exceeds(problem, epoch, *stretch)
        for epoch in plan_epochs(problem)
        for stretch in stretches
        if epoch.first <= stretch[2] <= epoch.last
    }
    return [found[tuple(stretch)] for stretch in stretches]


def _exceeds(
    problem: Problem, epoch: Epoch, source: int, dimension: int, first: int, last: int
) -> Finding:
    name, label = problem.nodes[source], problem.costs.dimensions[dimension]
    shares = dict(_shares(problem, epoch, source, dimension, first))
    largest = sorted(shares, key=lambda edge: (-shares[edge], edge))
    edges = [problem.model.edges[edge] for edge in largest]
    together = _percent(sum(shares.values(), Fraction(0)))
    takes = [
        f"{edge.receiver!r} takes {_percent(shares[position])}"
        for edge, position in zip(edges[:_NAMED], largest, strict=False)
    ]
    takes += [f"{len(edges) - _NAMED} more take the others"] if len(edges) > _NAMED else []
    start, end = from_ordinal(first), from_ordinal(last)
    when = f"on {start}" if first == last else f"from {start} to {end}"
    at_first = "" if first == last else " on the first of these days"
    return Finding(
        "shares_exceed_one",
        f"The shares of {name!r} in {label!r} sum to more than the whole {when}: "
        f"{', '.join(takes)}, together {together}{at_first}.",
        edges[0].where,
        remedy="Lower its fixed shares, or let one receiver take the remainder.",
        details={
            "source": name,
            "dimension": label,
            "from": start,
            "to": end,
            "receivers": [edge.receiver for edge in edges],
            "together": together,
        },
    )


def _shares(
    problem: Problem, epoch: Epoch, source: int, dimension: int, day: int
) -> Iterator[tuple[int, Fraction]]:
    """The model's edges of a source, and which share each takes on a day."""
    graph = epoch.graph
    variants = [(dimension in each.dimensions.tolist()) for each in problem.variants]
    plan = epoch.plans[variants.index(True)]
    segment = int(np.flatnonzero(graph.segment_source == source)[0])
    edges = graph.edge[int(graph.starts[segment]) : int(graph.starts[segment + 1])].tolist()
    shares = exact_shares(plan, problem.figures, day, segment).fractions()
    return zip(edges, shares, strict=True)


def _percent(share: Fraction) -> str:
    """A share in percent, rounded up: what exceeds the whole must not be shown as the whole."""
    units = -(-share * 100 * 10**_DECIMALS // 1)
    whole, rest = divmod(int(units), 10**_DECIMALS)
    decimals = f"{rest:0{_DECIMALS}}".rstrip("0")
    return f"{whole}{'.' if decimals else ''}{decimals} %"
