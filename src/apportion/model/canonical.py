"""A model as plain data in one canonical form: what its digest is taken of.

The form holds what was declared and nothing else: no places, no defaults that were written out,
no order of files or lists. Only mapping rules keep their order, which is their meaning.
"""

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from apportion.model.canonical_billing import billing_settings, billing_to_dict
from apportion.model.declared import Declared
from apportion.model.plain import day_text, decimal_text, filled
from apportion.model.types import (
    Condition,
    Edge,
    ExchangeRate,
    MappingRule,
    MetricNodeRule,
    MetricRule,
    Node,
    StrategyUse,
)


def to_dict(model: Declared) -> dict[str, Any]:
    """The model as ``Model.from_dict`` reads it; numbers and days are text."""
    written: dict[int, dict[str, Any]] = {}
    settings = model.settings
    given = {
        "name": settings.name,
        "currency": settings.currency,
        "scale": settings.scale,
        "financial_year_start": settings.financial_year_start,
        "time_zone": settings.time_zone,
        "residual": settings.residual,
        "cost_column": settings.cost_column,
        "engine": settings.engine,
    }
    return {
        "settings": {**filled(given), **billing_settings(model)},
        "nodes": [_node(node) for node in model.nodes],
        "edges": [_edge(edge, written) for edge in model.edges],
        "exchange_rates": [_exchange_rate(rate) for rate in model.exchange_rates],
        "mapping": [_rule(rule) for rule in model.mapping],
        "metrics": [_metric(rule) for rule in model.metrics],
        "metric_nodes": [_metric_node(rule) for rule in model.metric_nodes],
        **billing_to_dict(model),
    }


def digest(model: Declared) -> str:
    """SHA-256 of the canonical form, in hexadecimal."""
    text = json.dumps(to_dict(model), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def rules_digest(model: Declared, of: str) -> str:
    """SHA-256 of the rules by which files of ``costs``, or of ``usage``, become rows."""
    rules: list[Any] = (
        [_rule(rule) for rule in model.mapping]
        if of == "costs"
        else [
            [_metric(rule) for rule in model.metrics],
            [_metric_node(rule) for rule in model.metric_nodes],
        ]
    )
    return hashlib.sha256(json.dumps(rules, sort_keys=True).encode()).hexdigest()


def flow_digest(model: Declared) -> str:
    """A digest of what a run computes with: all but the rules by which files become rows."""
    kept = to_dict(model)
    for of_deliveries in ("cost_column", "deliveries", "issuer_aliases"):
        kept["settings"].pop(of_deliveries, None)
    for rules in ("mapping", "metrics", "metric_nodes"):
        kept.pop(rules)
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def _node(node: Node) -> dict[str, Any]:
    return filled(
        {
            "id": node.id,
            "type": node.type.value,
            "name": node.name,
            "part_of": sorted(node.part_of),
            "labels": dict(node.labels),
            "archived_on": day_text(node.archived_on),
            "infrastructure": node.infrastructure,
        }
    )


def edge_as_data(edge: Edge) -> dict[str, Any]:
    """One edge as ``to_dict`` has it; what is absent is left out."""
    return _edge(edge, {})


def _edge(edge: Edge, written: dict[int, dict[str, Any]]) -> dict[str, Any]:
    overrides = [
        filled({"dimension": override.dimension, **_use(override.use, written)})
        for override in edge.overrides
    ]
    return filled(
        {
            "source": edge.source,
            "receiver": edge.receiver,
            **_use(edge.use, written),
            "overrides": overrides,
            "active_from": day_text(edge.active_from),
            "active_to": day_text(edge.active_to),
        }
    )


def _use(use: StrategyUse, written: dict[int, dict[str, Any]]) -> dict[str, Any]:
    """A strategy's use, written once for all edges that share the object."""
    known = written.get(id(use))
    if known is None:
        policy = use.on_zero_usage.value if use.on_zero_usage else None
        parameters = _plain(use.parameters)
        known = filled(
            {"strategy": use.strategy, "parameters": parameters, "on_zero_usage": policy}
        )
        written[id(use)] = known
    return known


def _plain(value: Any) -> Any:
    """Parameters as data. One that equals its default is left out, written or not."""
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        given = {key: getattr(value, key) for key in fields}
        return {key: _plain(part) for key, part in given.items() if part != fields[key].default}
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, Decimal):
        return decimal_text(value)
    return value


def _exchange_rate(rate: ExchangeRate) -> dict[str, Any]:
    return {
        "from": rate.from_currency,
        "to": rate.to_currency,
        "date": day_text(rate.date),
        "rate": decimal_text(rate.rate),
    }


def _rule(rule: MappingRule) -> dict[str, Any]:
    return {"when": _condition(rule.when), "node": rule.node, "dimension": rule.dimension}


def _metric(rule: MetricRule) -> dict[str, Any]:
    return filled({"id": rule.id, "name": rule.name, "day": rule.day, "unit": rule.unit})


def _metric_node(rule: MetricNodeRule) -> dict[str, Any]:
    return {"when": _condition(rule.when), "node": rule.node}


def _condition(condition: Condition) -> dict[str, Any]:
    if condition.kind == "not":
        return {"not": _condition(condition.parts[0])}
    if condition.kind in ("all", "any"):
        return {condition.kind: [_condition(part) for part in condition.parts]}
    values: Any = list(condition.values) if condition.kind == "in" else condition.values[0]
    if condition.kind == "exists":
        values = condition.values[0] == "true"
    return {condition.space: condition.field, condition.kind: values}
