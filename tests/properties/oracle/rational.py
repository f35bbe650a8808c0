"""Flows without any rounding, and how far a node may be from them (`A2`).

Each edge rounds once. What an edge is off by is then handed on and never grows, because nobody
gives more than there is; so a node is off by less than one unit for each edge above it. Where
siblings are cut down to the unit, whoever takes the rest takes what was cut off too: there an
edge counts once more for each sibling that is cut.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

from oracle.declared import Edge, read_model
from oracle.recorded import direct_units, read_usage
from oracle.same_rounding import levels, siblings_by_source
from oracle.shares import shares_of


class Ideal(NamedTuple):
    """Holistic cost in units as a fraction, and the bound: the number of edges upstream."""

    holistic: Fraction
    edges_upstream: int


def flow(
    model: Mapping[str, Any],
    costs: Sequence[Mapping[str, Any]],
    usage: Sequence[Mapping[str, Any]],
    start: date,
    end: date,
) -> dict[tuple[str, date, str], Ideal]:
    """The ideal holistic cost of every node that has or receives any."""
    declared = read_model(model)
    figures = read_usage(usage, declared.nodes)
    by_day: dict[tuple[date, str], dict[str, int]] = {}
    for (node, day, dimension), units in direct_units(declared, costs, start, end).items():
        by_day.setdefault((day, dimension), {})[node] = units
    ideal: dict[tuple[str, date, str], Ideal] = {}
    for (day, dimension), direct in by_day.items():
        edges = declared.active(day)
        giving, level = siblings_by_source(edges), levels(edges)
        holistic = {node: Fraction(units) for node, units in direct.items()}
        upstream: dict[str, dict[tuple[str, str], int]] = {}
        for source in sorted(giving, key=lambda node: (level[node], node)):
            amount = holistic.get(source, Fraction(0))
            shares = shares_of(giving[source], dimension, figures, day)
            parts = clipped(shares.parts(abs(amount), cut=False), abs(amount))
            for edge, part in zip(giving[source], parts, strict=True):
                own = part if amount > 0 else -part
                holistic[edge.receiver] = holistic.get(edge.receiver, Fraction(0)) + own
                above = upstream.setdefault(edge.receiver, {})
                above[_name(edge)] = 1 + shares.cuts
                above.update(upstream.get(source, {}))
        for node, amount in holistic.items():
            bound = sum(upstream.get(node, {}).values())
            ideal[node, day, dimension] = Ideal(amount, bound)
    return ideal


def clipped(parts: Sequence[Fraction], whole: Fraction) -> list[Fraction]:
    """Parts whose running sum stops at the whole: a sum above it by less than a unit is allowed."""
    result, running = [], Fraction(0)
    for part in parts:
        result.append(min(part, whole - running))
        running += result[-1]
    return result


def _name(edge: Edge) -> tuple[str, str]:
    return edge.source, edge.receiver
