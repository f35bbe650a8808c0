"""A model as a dictionary, read into plain records: who gives to whom, how, and on which days."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

Use = Mapping[str, Any]


@dataclass(frozen=True)
class Edge:
    """One source and one receiver. ``overrides`` maps a dimension, or None, to a use."""

    source: str
    receiver: str
    use: Use
    overrides: Mapping[str | None, Use]
    first: date
    last: date

    def use_for(self, dimension: str) -> Use:
        """Dimension's own override, else the override for all, else the edge's use (`A8`)."""
        if dimension in self.overrides:
            return self.overrides[dimension]
        return self.overrides.get(None, self.use)


@dataclass(frozen=True)
class Declared:
    """All that the rules need to know of a model."""

    currency: str
    scale: int
    residual: str
    nodes: Mapping[str, Mapping[str, Any]]
    edges: tuple[Edge, ...]
    rates: tuple[tuple[str, str, date, Fraction], ...]
    known_active: dict[date, tuple[Edge, ...]] = field(default_factory=dict)

    def is_infrastructure(self, node: str) -> bool:
        """Whether a node counts as infrastructure-like (`A4`); what is undeclared does."""
        about = self.nodes.get(node)
        return about is None or about["type"] != "product" or bool(about.get("infrastructure"))

    def active(self, day: date) -> tuple[Edge, ...]:
        """The edges of a day, by source and then receiver (`A5`)."""
        if day not in self.known_active:
            edges = [
                edge
                for edge in self.edges
                if edge.first <= day <= edge.last
                and not self._archived(edge.source, day)
                and not self._archived(edge.receiver, day)
            ]
            edges.sort(key=lambda edge: (edge.source, edge.receiver))
            self.known_active[day] = tuple(edges)
        return self.known_active[day]

    def _archived(self, node: str, day: date) -> bool:
        since = self.nodes[node].get("archived_on")
        return since is not None and as_date(since) <= day


def read_model(model: Mapping[str, Any]) -> Declared:
    """Read a model's dictionary, of which it is taken for granted that it is valid."""
    settings = {**model, **model.get("settings", {})}
    return Declared(
        settings.get("currency", ""),
        int(settings.get("scale", 9)),
        settings.get("residual", "allocated"),
        {node["id"]: node for node in model.get("nodes", ())},
        tuple(edge for raw in model.get("edges", ()) for edge in _edges(raw)),
        tuple(
            (raw["from"], raw["to"], as_date(raw["date"]), as_fraction(raw["rate"]))
            for raw in model.get("exchange_rates", ())
        ),
    )


def _edges(raw: Mapping[str, Any]) -> list[Edge]:
    receivers = raw["receiver"]
    overrides = {
        each.get("dimension"): {"on_zero_usage": raw.get("on_zero_usage"), **each}
        for each in raw.get("overrides", ())
    }
    return [
        Edge(
            raw["source"],
            receiver,
            raw,
            overrides,
            as_date(raw.get("active_from") or date.min),
            as_date(raw.get("active_to") or date.max),
        )
        for receiver in (receivers if isinstance(receivers, list | tuple) else [receivers])
    ]


def as_date(value: Any) -> date:
    """A date, as such or as text."""
    return value if isinstance(value, date) else date.fromisoformat(value)


def as_fraction(value: Any) -> Fraction:
    """A number exactly as written; a float as the shortest text that reads back as it."""
    return Fraction(str(value))
