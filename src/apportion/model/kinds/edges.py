"""Edges: along which cost flows, by which strategy, and when (`A5`, `A8`)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import product
from types import MappingProxyType
from typing import Any

from apportion.findings import Finding
from apportion.model.fields import Fields, Shape
from apportion.model.strategy_uses import StrategyUses
from apportion.model.types import Edge, OnZeroUsage, Override
from apportion.model.values import is_name, show


def _subject(raw: Mapping[str, Any]) -> str:
    source, receiver = raw.get("source"), raw.get("receiver")
    if not is_name(source):
        return "the edge"
    return f"edge {source} -> {receiver}" if is_name(receiver) else f"an edge of {source}"


_SYNONYMS = {
    "parent": "source",
    "child": "receiver",
    "from": "source",
    "to": "receiver",
    "receivers": "receiver",
    "valid_from": "active_from",
    "valid_to": "active_to",
    "params": "parameters",
    "default_strategy": "strategy",
    "default_parameters": "parameters",
}
MEANINGS = MappingProxyType(
    {
        "source": "The node that gives.",
        "receiver": "The node that gets; a list is short for one edge each.",
        "strategy": "How the share is found: see [strategies](strategies.md).",
        "parameters": "What the strategy needs; its page says which.",
        "active_from": "The first day of the edge; open where absent.",
        "active_to": "The last day of the edge, included; open where absent.",
        "on_zero_usage": "What happens on a day on which no sibling used anything; see below.",
        "overrides": "Other strategies for single dimensions; see below.",
    }
)
SHAPE = Shape(
    keys=frozenset(MEANINGS),
    meanings=MEANINGS,
    required=MappingProxyType(
        {"source": "eks-prod", "receiver": "checkout", "strategy": "proportional_on"}
    ),
    synonyms=MappingProxyType(_SYNONYMS),
    subject=_subject,
)
OVERRIDE_MEANINGS = MappingProxyType(
    {
        "dimension": "The dimension it is for; absent, it is for all that have none of their own.",
        **{key: MEANINGS[key] for key in ("strategy", "parameters", "on_zero_usage")},
    }
)


def build_edges(raws: Sequence[Mapping[str, Any]], findings: list[Finding]) -> tuple[Edge, ...]:
    """Read the edges, in order of source, receiver and window. A list of receivers is expanded."""
    uses = StrategyUses()
    edges = [edge for raw in raws for edge in _edges(Fields(raw, SHAPE, findings), uses)]
    return tuple(sorted(edges, key=_order))


def named_pairs(raw: Mapping[str, Any]) -> set[tuple[str, str]]:
    """The ends that a raw edge names, under our keys or those of other programs."""
    ends: dict[str, list[str]] = {"source": [], "receiver": []}
    for key, value in raw.items():
        meant = _SYNONYMS.get(key, key)
        if meant in ends:
            names = value if isinstance(value, list | tuple) else [value]
            ends[meant] += [name for name in names if isinstance(name, str)]
    # A missing end is an unknown one, which no node is named.
    return set(product(ends["source"] or [""], ends["receiver"] or [""]))


def _order(edge: Edge) -> tuple[Any, ...]:
    return edge.source, edge.receiver, edge.active_from or date.min, edge.where


def _edges(fields: Fields, uses: StrategyUses) -> Iterator[Edge]:
    raw = fields.raw
    source = fields.identifier("source")
    receivers = fields.identifiers("receiver")
    use = uses.read(fields)
    overrides = _overrides(fields, uses, use.on_zero_usage) if "overrides" in raw else ()
    active_from = fields.day("active_from")
    active_to = fields.day("active_to")
    if fields.broken:
        return
    alone = len(receivers) == 1
    for receiver, place in receivers:
        where = fields.place() if alone else place
        yield Edge(source, receiver, use, overrides, active_from, active_to, where)


def _overrides(
    fields: Fields, uses: StrategyUses, inherited: OnZeroUsage | None
) -> tuple[Override, ...]:
    def subject(raw: Mapping[str, Any]) -> str:
        dimension = raw.get("dimension")
        which = f"the override for {dimension}" if is_name(dimension) else "an override"
        return f"{which} of {fields.name()}"

    shape = Shape(
        keys=frozenset(OVERRIDE_MEANINGS),
        required=MappingProxyType({"strategy": "equal"}),
        synonyms=MappingProxyType(_SYNONYMS),
        subject=subject,
    )
    found: dict[str | None, Override] = {}
    for raw in fields.records("overrides"):
        inside = Fields(raw, shape, fields.findings)
        dimension = inside.identifier("dimension") or None
        override = Override(dimension, uses.read(inside, inherited))
        if dimension in found:
            what = f"the dimension {show(dimension)}" if dimension else "no dimension"
            message = f"{fields.name()} has two overrides for {what}."
            inside.problem("duplicate_key", message, "Keep one of the two.")
        found[dimension] = override
        fields.broken |= inside.broken
    return tuple(sorted(found.values(), key=lambda override: override.dimension or ""))
