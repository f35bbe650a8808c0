"""Only one kind of sibling can take what the others leave.

``remainder`` edges get nothing where a ``residual_to_max`` edge has taken the rest, and greatest
users of two different metrics each claim it. Both can be meant, so it is a warning.
"""

from collections.abc import Iterable
from typing import Any

from apportion import plugins
from apportion.findings import Finding, Severity
from apportion.model.days import Span, span_text
from apportion.model.declared import Declared
from apportion.model.types import Edge, StrategyUse

NAME = "conflicting-rest"

_NOBODY = "nobody"
_GREATEST = "greatest user"


def check(model: Declared) -> Iterable[Finding]:
    """Find sources and dimensions in which edges with different claims meet on some day."""
    claims = _claims_by_use(model)
    if len(set(claims.values())) < 2:
        return
    by_source: dict[str, list[int]] = {}
    for place, edge in enumerate(model.edges):
        if any(id(use) in claims for use in _uses(edge)):
            by_source.setdefault(edge.source, []).append(place)
    for places in by_source.values():
        named = {o.dimension for place in places for o in model.edges[place].overrides}
        for dimension in ["", *sorted(name for name in named if name)]:
            yield from _meeting(model, places, dimension, claims)


def _uses(edge: Edge) -> tuple[StrategyUse, ...]:
    return (edge.use, *(override.use for override in edge.overrides))


def _claims_by_use(model: Declared) -> dict[int, Any]:
    """What distinguishes the claim of each use that takes a rest.

    Uses are known by identity, which is much quicker than comparing parameters: the model holds
    all of them, so no identity is given twice.
    """
    uses = {id(use): use for edge in model.edges for use in _uses(edge)}
    strategies = plugins.registered(plugins.STRATEGIES)
    claims: dict[int, Any] = {}
    for identity, use in uses.items():
        rest = str(strategies[use.strategy].rest)
        if rest != _NOBODY:
            claims[identity] = (rest, use.parameters.series() if rest == _GREATEST else None)
    return claims


def _meeting(
    model: Declared, places: list[int], dimension: str, claims: dict[int, Any]
) -> Iterable[Finding]:
    """The first day on which two claims meet; one finding is enough for a dimension."""
    claimants: list[tuple[Span, Any, Edge]] = []
    for place in places:
        edge = model.edges[place]
        claim = claims.get(id(edge.use_for(dimension)))
        span = int(model.graph.first[place]), int(model.graph.last[place])
        if claim is not None and span[0] <= span[1]:
            claimants.append((span, claim, edge))
    latest: dict[Any, tuple[Span, Edge]] = {}
    for span, claim, edge in sorted(claimants, key=lambda claimant: claimant[0]):
        for other, (known, sibling) in latest.items():
            if other != claim and known[1] >= span[0]:
                days = span[0], min(span[1], known[1])
                yield _finding(sibling, edge, dimension, days)
                return
        if claim not in latest or latest[claim][0][1] < span[1]:
            latest[claim] = (span, edge)


def _finding(one: Edge, other: Edge, dimension: str, days: Span) -> Finding:
    scope = f" in the dimension {dimension!r}" if dimension else ""
    return Finding(
        "conflicting_rest",
        f"The edges {one.source} -> {one.receiver} ({one.use_for(dimension).strategy}) and "
        f"{other.source} -> {other.receiver} ({other.use_for(dimension).strategy}) both claim "
        f"what their siblings leave{scope}, {span_text(days)}.",
        max(one.where, other.where),
        "Give one of them another strategy.",
        Severity.WARNING,
        details={"source": one.source, "dimension": dimension or None},
    )
