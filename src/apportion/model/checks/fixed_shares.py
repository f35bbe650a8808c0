"""Fixed percents of one source may not sum to more than the whole (`A11`).

Shares that depend on usage are known only in a run; these are known now.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction

from apportion.findings import Finding
from apportion.model.days import Span, day_of, span_text
from apportion.model.declared import Declared
from apportion.model.types import Edge, StrategyUse

NAME = "fixed-shares"

_FIXED = "fixed_percent"
# A run allows one unit of the amount, which decides about sums that differ by less than this:
# thirds and sixths written with sixteen digits.
_TOLERANCE = Fraction(1, 10**12)
_NAMED = 10

Sharer = tuple[Edge, Fraction, Span]


def check(model: Declared) -> Iterable[Finding]:
    """Find sources, dimensions and days on which fixed shares exceed the whole."""
    for places in _by_source(model).values():
        edges = [model.edges[place] for place in places]
        named = {override.dimension for edge in edges for override in edge.overrides}
        for dimension in ["", *sorted(name for name in named if name)]:
            sharers = list(_sharers(model, places, dimension))
            if sum((share for _, share, _ in sharers), Fraction(0)) > 1 + _TOLERANCE:
                scope = f"in the dimension {dimension!r}" if dimension else "in every dimension"
                if any(named) and not dimension:
                    scope += " without an override"
                for span, total in _excesses(sharers):
                    yield _finding(sharers, dimension, scope, span, total)


def _by_source(model: Declared) -> dict[str, list[int]]:
    """The edges that may have a fixed share in some dimension."""
    found: dict[str, list[int]] = {}
    for place, edge in enumerate(model.edges):
        uses = (edge.use, *(override.use for override in edge.overrides))
        if any(use.strategy == _FIXED for use in uses):
            found.setdefault(edge.source, []).append(place)
    return found


def _sharers(model: Declared, places: list[int], dimension: str) -> Iterator[Sharer]:
    """Edges with a fixed share in a dimension; the empty name stands for all unnamed ones."""
    for place in places:
        edge = model.edges[place]
        share = _share(edge.use_for(dimension))
        span = int(model.graph.first[place]), int(model.graph.last[place])
        if share and span[0] <= span[1]:
            yield edge, share, span


def _share(use: StrategyUse) -> Fraction:
    if use.strategy != _FIXED:
        return Fraction(0)
    share: Fraction = use.parameters.ratios()[0]
    return share


def _excesses(sharers: list[Sharer]) -> Iterator[tuple[Span, Fraction]]:
    """Stretches of days on which the sum is above the whole, with the greatest sum of each."""
    changes: dict[int, Fraction] = {}
    for _, share, (first, last) in sharers:
        changes[first] = changes.get(first, Fraction(0)) + share
        changes[last + 1] = changes.get(last + 1, Fraction(0)) - share
    total, greatest, begin = Fraction(0), Fraction(0), 0
    for day in sorted(changes):
        total += changes[day]
        if total > 1 + _TOLERANCE:
            begin = begin if greatest else day
            greatest = max(greatest, total)
        elif greatest:
            yield (begin, day - 1), greatest
            greatest = Fraction(0)


def _finding(
    sharers: list[Sharer], dimension: str, scope: str, span: Span, total: Fraction
) -> Finding:
    first, last = span
    taking = [sharer for sharer in sharers if sharer[2][0] <= last and sharer[2][1] >= first]
    parts = [f"{edge.receiver} {_percent(share)}" for edge, share, _ in taking[:_NAMED]]
    more = f" and {len(taking) - _NAMED} more" if len(taking) > _NAMED else ""
    source = taking[0][0].source
    return Finding(
        "shares_exceed_one",
        f"The fixed shares of {source} sum to {_percent(total)} {scope}, {span_text(span)}: "
        f"{', '.join(parts)}{more}.",
        min(edge.where for edge, _, _ in taking),
        "Lower them to 100% together, or give one of them the strategy remainder.",
        details={
            "source": source,
            "dimension": dimension or None,
            "first": day_of(first),
            "last": day_of(last),
        },
    )


def _percent(share: Fraction) -> str:
    percent = Decimal(share.numerator * 100) / Decimal(share.denominator)
    return format(percent.normalize(), "f") + "%"
