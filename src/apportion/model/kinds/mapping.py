"""Mapping rules: to which node and dimension a line of a bill belongs. First match wins."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from apportion.findings import Finding
from apportion.model.conditions import read_condition
from apportion.model.fields import Fields, Shape
from apportion.model.templates import TemplateError, parse_template
from apportion.model.types import MappingRule, MetricNodeRule
from apportion.model.values import show

_NODE = '"app:{tag.application}"'

METRIC_NODE_MEANINGS = MappingProxyType(
    {
        "when": "A condition on the labels; without one the rule always holds. See below.",
        "node": "The node, as a template.",
    }
)
MEANINGS = MappingProxyType(
    {
        "when": "A condition on the line; without one the rule always holds. See below.",
        "node": "The node, as a template.",
        "dimension": "The kind of cost, as a template.",
    }
)
SHAPE = Shape(
    keys=frozenset(MEANINGS),
    meanings=MEANINGS,
    required=MappingProxyType({"node": _NODE, "dimension": '"{ServiceCategory}"'}),
    synonyms=MappingProxyType({"if": "when", "match": "when", "then": "node"}),
    subject=lambda raw: f"the mapping rule for {show(raw.get('node'))}",
)
METRIC_NODE_SHAPE = Shape(
    keys=frozenset(METRIC_NODE_MEANINGS),
    meanings=METRIC_NODE_MEANINGS,
    required=MappingProxyType({"node": '"{label.service}"'}),
    synonyms=MappingProxyType({"if": "when", "match": "when", "then": "node"}),
    subject=lambda raw: f"the metric node rule for {show(raw.get('node'))}",
)


def build_mapping(
    raws: Sequence[Mapping[str, Any]], findings: list[Finding]
) -> tuple[MappingRule, ...]:
    """Read the rules, in the order written, which is their meaning."""
    rules = (_rule(Fields(raw, SHAPE, findings)) for raw in raws)
    return tuple(rule for rule in rules if rule)


def build_metric_nodes(
    raws: Sequence[Mapping[str, Any]], findings: list[Finding]
) -> tuple[MetricNodeRule, ...]:
    """Read the rules, in the order written, which is their meaning."""
    rules = (_metric_node(Fields(raw, METRIC_NODE_SHAPE, findings)) for raw in raws)
    return tuple(rule for rule in rules if rule)


def _rule(fields: Fields) -> MappingRule | None:
    rule = MappingRule(
        when=read_condition(fields),
        node=_template(fields, "node"),
        dimension=_template(fields, "dimension"),
        where=fields.place(),
    )
    return None if fields.broken else rule


def _metric_node(fields: Fields) -> MetricNodeRule | None:
    rule = MetricNodeRule(read_condition(fields), _template(fields, "node"), fields.place())
    return None if fields.broken else rule


def _template(fields: Fields, key: str) -> str:
    template = fields.identifier(key)
    try:
        parse_template(template)
    except TemplateError as error:
        message = f"{show(key)} of {fields.name()} is {show(template)}; {error}."
        remedy = "Write {Column}, {tag.NAME} or {label.NAME}, and {{ for a brace itself."
        fields.problem("invalid_value", message, remedy, key)
    return template
