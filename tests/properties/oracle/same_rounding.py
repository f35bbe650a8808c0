"""Flows in units, with the very rounding that the program promises (`A2`)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

from oracle.declared import Declared, Edge, read_model
from oracle.recorded import (
    RefusedError,
    Usage,
    currency_of,
    direct_units,
    half_away,
    read_usage,
    within,
    within_64_bits,
)
from oracle.shares import Shares, shares_of

Row = Mapping[str, Any]


class Allocation(NamedTuple):
    """A row of allocations, amounts in units (`A17`)."""

    node: str
    date: date
    dimension: str
    currency: str
    direct: int
    indirect: int
    holistic: int
    given: int
    retained: int


class Contribution(NamedTuple):
    """A row of contributions, the amount in units."""

    source: str
    receiver: str
    date: date
    dimension: str
    currency: str
    amount: int


@dataclass
class Outcome:
    """What the rules say of a run.

    ``shares`` are those of the contributions, row by row. ``fallbacks`` maps source, metric and
    policy to days; ``offences`` are sources, days and dimensions of `A11`; ``missing`` are edges
    and metrics of `A16`; ``negative`` counts negative usage rows by node and metric. Where
    ``codes`` is not empty the run must fail with these.
    """

    declared: Declared
    allocations: list[Allocation] = field(default_factory=list)
    contributions: list[Contribution] = field(default_factory=list)
    shares: list[Fraction] = field(default_factory=list)
    fallbacks: dict[tuple[str, str, str], set[date]] = field(default_factory=dict)
    offences: set[tuple[str, date, str]] = field(default_factory=set)
    missing: set[tuple[str, str, str]] = field(default_factory=set)
    negative: Mapping[tuple[str, str], int] = field(default_factory=dict)
    codes: frozenset[str] = frozenset()


def attribute(
    model: Mapping[str, Any],
    costs: Sequence[Row],
    usage: Sequence[Row],
    start: date,
    end: date,
    dimensions: Sequence[str] | None = None,
) -> Outcome:
    """Let costs flow through a valid model, days one by one (`A6`)."""
    declared = read_model(model)
    outcome = Outcome(declared)
    figures = read_usage(usage, declared.nodes)
    outcome.negative = figures.negative
    currency = currency_of(declared, within(costs, start, end))
    try:
        direct = direct_units(declared, costs, start, end, dimensions)
        by_day: dict[tuple[date, str], dict[str, int]] = {}
        for (node, day, dimension), units in direct.items():
            by_day.setdefault((day, dimension), {})[node] = units
        for day, dimension in sorted(by_day):
            _one_day(outcome, figures, by_day[day, dimension], day, dimension, currency)
    except RefusedError as refused:
        outcome.codes = refused.codes
        return outcome
    names = {dimension for _, _, dimension in direct}
    costly = {row.node for row in outcome.allocations if row.holistic}
    outcome.missing = {
        each for each in missing_usage(declared, usage, start, end, names) if each[0] in costly
    }
    refused_days = {key for key in outcome.fallbacks if key[2] == "error"}
    outcome.codes = frozenset(
        (["shares_exceed_one"] if outcome.offences else [])
        + (["zero_usage"] if refused_days else [])
    )
    return outcome


def _one_day(
    outcome: Outcome,
    usage: Usage,
    direct: Mapping[str, int],
    day: date,
    dimension: str,
    currency: str,
) -> None:
    edges = outcome.declared.active(day)
    giving = siblings_by_source(edges)
    level = levels(edges)
    holistic, given = dict(direct), dict.fromkeys(direct, 0)
    rows: list[tuple[int, str, str, int, Fraction]] = []
    for source in sorted(giving, key=lambda node: (level[node], node)):
        amount = holistic.get(source, 0)
        if amount == 0:
            continue
        shares = shares_of(giving[source], dimension, usage, day)
        for metric, policy in shares.fallbacks:
            outcome.fallbacks.setdefault((source, metric, policy), set()).add(day)
        parts, exceeds = split(amount, shares)
        if exceeds:
            outcome.offences.add((source, day, dimension))
        readable = shares.parts(Fraction(1), cut=False)
        for edge, part, share in zip(giving[source], parts, readable, strict=True):
            holistic[edge.receiver] = holistic.get(edge.receiver, 0) + part
            rows.append((level[source], source, edge.receiver, part, share))
        given[source] = sum(parts)
    for node in sorted(holistic):
        own, all_in, out = direct.get(node, 0), holistic[node], given.get(node, 0)
        if own or all_in - own or out:
            figures = (own, all_in - own, all_in, out, all_in - out)
            for figure in figures:
                within_64_bits(figure)
            outcome.allocations.append(Allocation(node, day, dimension, currency, *figures))
    for _, source, receiver, part, share in sorted(rows):
        outcome.contributions.append(Contribution(source, receiver, day, dimension, currency, part))
        outcome.shares.append(share)


def split(amount: int, shares: Shares) -> tuple[list[int], bool]:
    """A source's parts, and whether its shares exceed it by more than a unit (`A11`)."""
    size = Fraction(abs(amount))
    exact = shares.parts(size, cut=True)
    parts, running, reached = [], Fraction(0), 0
    for part in exact:
        running = min(running + part, size)
        next_reached = half_away(running)
        parts.append(next_reached - reached)
        reached = next_reached
    return [part if amount > 0 else -part for part in parts], sum(exact) - size > 1


def siblings_by_source(edges: Iterable[Edge]) -> dict[str, list[Edge]]:
    """The edges of each source, in order of receivers (`A9`)."""
    giving: dict[str, list[Edge]] = {}
    for edge in sorted(edges, key=lambda edge: edge.receiver):
        giving.setdefault(edge.source, []).append(edge)
    return giving


def levels(edges: Sequence[Edge]) -> dict[str, int]:
    """For each node, the number of edges on the longest way to it."""
    incoming: dict[str, list[str]] = {}
    for edge in edges:
        incoming.setdefault(edge.receiver, []).append(edge.source)
    known: dict[str, int] = {}

    def level(node: str) -> int:
        if node not in known:
            known[node] = max((level(source) + 1 for source in incoming.get(node, ())), default=0)
        return known[node]

    return {node: level(node) for edge in edges for node in (edge.source, edge.receiver)}


def missing_usage(
    declared: Declared, usage: Iterable[Row], start: date, end: date, dimensions: Iterable[str]
) -> set[tuple[str, str, str]]:
    """Edges and metrics of which no sibling has a single row in the period (`A16`)."""
    there = {(row["metric"], row["node"]) for row in within(usage, start, end)}
    siblings: dict[int, tuple[Edge, set[str]]] = {}
    for offset in range((end - start).days + 1):
        for own in siblings_by_source(declared.active(start + timedelta(offset))).values():
            receivers = {edge.receiver for edge in own}
            for edge in own:
                siblings.setdefault(id(edge), (edge, set()))[1].update(receivers)
    missing = set()
    for edge, receivers in siblings.values():
        for dimension in dimensions:
            metric = (edge.use_for(dimension).get("parameters") or {}).get("metric")
            if metric and not any((metric, receiver) in there for receiver in receivers):
                missing.add((edge.source, edge.receiver, metric))
    return missing
