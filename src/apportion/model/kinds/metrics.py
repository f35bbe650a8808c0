"""Metric rules: how a monitoring system's metric becomes usage."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from apportion.findings import Finding
from apportion.model.fields import Fields, Shape
from apportion.model.types import MetricRule
from apportion.model.values import show

_DAYS = ("sum", "mean", "max")

MEANINGS = MappingProxyType(
    {
        "id": "The monitoring system's own id of the metric.",
        "name": "What edges call the metric.",
        "day": "How the points of a day become one figure: `sum`, `mean` or `max`.",
        "unit": "The unit of the figures, for people.",
    }
)
SHAPE = Shape(
    keys=frozenset(MEANINGS),
    meanings=MEANINGS,
    required=MappingProxyType({"id": "builtin:service.cpu.time", "name": "cpu_time_ms"}),
    synonyms=MappingProxyType({"metric": "id", "metricId": "id", "aggregation": "day"}),
    subject=lambda raw: f"metric {show(raw['id'])}" if raw.get("id") else "the metric",
)


def build_metrics(
    raws: Sequence[Mapping[str, Any]], findings: list[Finding]
) -> tuple[MetricRule, ...]:
    """Read the rules, in order of the metrics' ids."""
    rules = (_rule(Fields(raw, SHAPE, findings)) for raw in raws)
    return tuple(sorted((rule for rule in rules if rule), key=lambda rule: (rule.id, rule.where)))


def _rule(fields: Fields) -> MetricRule | None:
    rule = MetricRule(
        id=fields.identifier("id"),
        name=fields.identifier("name"),
        day=fields.choice("day", _DAYS, "sum"),
        unit=fields.text("unit"),
        where=fields.place(),
    )
    return None if fields.broken else rule
