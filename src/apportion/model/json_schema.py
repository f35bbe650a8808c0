"""The JSON Schema of a workspace's YAML files, with which editors complete and check them.

It says no more than ``validate`` does, and less: what one record says of another, and what the
calendar allows, only ``validate`` knows.
"""

import json
from collections.abc import Iterable, Mapping
from enum import StrEnum
from inspect import isclass
from types import MappingProxyType
from typing import Any, get_args

from pydantic import BaseModel

from apportion import plugins
from apportion.model.build import LIST_KINDS
from apportion.model.fields import Shape
from apportion.model.kinds import answers, edges, settings
from apportion.model.types import NodeType, OnZeroUsage

DIALECT = "http://json-schema.org/draft-07/schema#"

Schema = Mapping[str, Any]

_TEXT = {"type": "string"}
_NAME = {"type": "string", "minLength": 1, "maxLength": 200}
_NAMES = {"anyOf": [_NAME, {"type": "array", "items": _NAME, "minItems": 1}]}
_WORDS = {"anyOf": [_NAME, {"type": "array", "items": _NAME}]}
_DAY = {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
_NUMBER = {"type": ["string", "number"]}
_WHOLE = {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": "^[0-9]+$"}]}
_FLAG = {"anyOf": [{"type": "boolean"}, {"type": "string", "pattern": "^(true|false)$"}]}
_LABELS = {"type": "object", "additionalProperties": {"type": ["string", "integer"]}}
_PARAMETERS = {"type": "object"}
_CONDITION = {"type": "object"}


def _one_of(words: Iterable[str]) -> Schema:
    return {"enum": list(words)}


VALUES: Mapping[str, Schema] = MappingProxyType(
    {
        **dict.fromkeys(("archived_on", "active_from", "active_to", "date", "valid_from"), _DAY),
        **dict.fromkeys(("infrastructure", "billed", "custom"), _FLAG),
        **dict.fromkeys(("part_of", "receiver", "former_ids"), _NAMES),
        **dict.fromkeys(settings.LISTS, _WORDS),
        "issuer_aliases": {"type": "object", "additionalProperties": _NAMES},
        **dict.fromkeys(("scale", "high_volume_threshold"), _WHOLE),
        **dict.fromkeys(("units", "year", "valid_from_year"), _WHOLE),
        "rate": _NUMBER,
        "labels": _LABELS,
        "parameters": _PARAMETERS,
        "when": _CONDITION,
        "on_zero_usage": _one_of(OnZeroUsage),
        "residual": _one_of(("allocated", "unallocated")),
        "cost_column": _one_of(("effective", "billed", "contracted", "list")),
        "financial_year_start": {"type": "string", "pattern": "^[0-9]{2}-[0-9]{2}$"},
    }
)
"""What the value of a key looks like, where it is not plain text."""

_OF_ONE_KIND = MappingProxyType(
    {("nodes", "type"): _one_of(NodeType), ("deliveries", "mode"): _one_of(answers.MODES)}
)


def text_of(schema: Schema) -> str:
    """A schema as its file has it: the same bytes whoever writes it."""
    return json.dumps(schema, indent=2) + "\n"


def model_schema() -> Schema:
    """Of ``apportion.yaml`` and of every YAML file of the model."""
    own = _keys("settings", settings.SHAPE)
    own["deliveries"] |= _records("deliveries", answers.SHAPE)
    lists = {name: _records(name, kind.shape) for name, kind in LIST_KINDS.items()}
    return {
        "$schema": DIALECT,
        "title": "A workspace of Apportion: its settings and its model",
        "type": ["object", "null"],
        "properties": {**own, "settings": _object(own), **lists},
        "additionalProperties": False,
    }


def examples_schema() -> Schema:
    """Of files with given and expected figures."""
    rows = {"type": "array", "items": {"type": ["array", "object"]}}
    model = {key: value for key, value in model_schema().items() if key != "$schema"}
    given = {
        "model": model, "costs": rows, "usage": rows, "from": _DAY, "to": _DAY,
        "dimensions": _NAMES, "currency": _NAME,
    }  # fmt: skip
    expected: dict[str, Any] = {
        "nodes": {"type": "object"}, "contributions": rows, "reconciliation": {"type": "object"},
        "hierarchy": {"type": "object"}, "shown": {"type": "object"},
        "findings": {"type": "array"}, "decimals": {"type": "integer"},
    }  # fmt: skip
    example = {"name": _TEXT, "rule": _NAMES, "given": _object(given), "expect": _object(expected)}
    return {
        "$schema": DIALECT,
        "title": "Examples of Apportion: given these costs and this usage, who pays what",
        **_object(
            {
                "given": _object(given),
                "examples": {"type": "array", "items": _object(example, ("name", "expect"))},
            },
            ("examples",),
        ),
    }


def _object(properties: Schema, required: Iterable[str] = ()) -> Schema:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": sorted(required),
        "additionalProperties": False,
    }


def _records(kind: str, shape: Shape) -> Schema:
    one = dict(_object(_keys(kind, shape), shape.required))
    if kind == "edges":
        override = {
            **_object(_keys(kind, _override_shape()), ("strategy",)),
            "allOf": _parameters(),
        }
        one["properties"]["overrides"] = {
            "description": edges.MEANINGS["overrides"], "type": "array", "items": override,
        }  # fmt: skip
        one["allOf"] = _parameters()
    return {"type": ["array", "null"], "items": one}


def _override_shape() -> Shape:
    meanings = edges.OVERRIDE_MEANINGS
    return Shape(frozenset(meanings), lambda _: "", meanings=meanings)


def _keys(kind: str, shape: Shape) -> dict[str, Any]:
    """Each key with what its value looks like, what it means, and an example."""
    found: dict[str, Any] = {}
    for key, meaning in shape.meanings.items():
        looks = _OF_ONE_KIND.get((kind, key), VALUES.get(key, _TEXT))
        if key == "strategy":
            looks = _one_of(sorted(plugins.registered(plugins.STRATEGIES)))
        found[key] = {"description": meaning, **looks}
        if key in shape.required:
            found[key]["examples"] = [shape.required[key].strip('"')]
    return found


def _parameters() -> list[Schema]:
    """What each strategy takes, as an editor shows it once the strategy is written."""
    return [
        {
            "if": {"properties": {"strategy": {"const": name}}, "required": ["strategy"]},
            "then": {"properties": {"parameters": _of_strategy(strategy)}},
        }
        for name, strategy in sorted(plugins.registered(plugins.STRATEGIES).items())
    ]


def _of_strategy(strategy: Any) -> Schema:
    return {"description": strategy.summary, **_typed(strategy.parameters)}


def _typed(kind: type[BaseModel]) -> Schema:
    """The names that a type of parameters has, with the words of those that take a few only."""
    return _object({name: _looks(each.annotation) for name, each in kind.model_fields.items()})


def _looks(annotation: Any) -> Schema:
    inside = next((each for each in get_args(annotation) if isclass(each)), annotation)
    if isclass(inside) and issubclass(inside, BaseModel):
        return _typed(inside)
    if isclass(inside) and issubclass(inside, StrEnum):
        return _one_of(inside)
    return {}
