"""The first half of an example: the model, the rows of costs and usage, the period."""

import json
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from apportion.examples.types import Given, Row
from apportion.findings import Finding
from apportion.model.fields import Fields, Shape
from apportion.model.raw import RawList, RawMapping
from apportion.model.values import show

SHAPE = Shape(
    keys=frozenset({"model", "costs", "usage", "from", "to", "dimensions", "currency"}),
    synonyms=MappingProxyType({"start": "from", "end": "to", "cost": "costs"}),
    subject=lambda _: "what is given",
)
_DAY = "2024-01-31"
_COSTS = Shape(
    keys=frozenset({"node", "date", "dimension", "amount", "currency"}),
    required=MappingProxyType(
        {"node": "cluster", "date": _DAY, "dimension": "Compute", "amount": "100"}
    ),
    subject=lambda _: "the row of costs",
)
_USAGE = Shape(
    keys=frozenset({"node", "date", "metric", "value", "labels"}),
    required=MappingProxyType({"node": "shop", "date": _DAY, "metric": "cpu_hours", "value": "3"}),
    subject=lambda _: "the row of usage",
)
_COST_ORDER = ("node", "date", "dimension", "amount", "currency")
_USAGE_ORDER = ("node", "date", "metric", "value", "labels")


def laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a file gives to all its examples, under what one of them says itself.

    Keys of the upper one win; of a model the keys inside it do.
    """
    merged = _merged(below, above)
    lower, upper = below.get("model"), above.get("model")
    if isinstance(lower, RawMapping) and isinstance(upper, RawMapping):
        merged["model"] = _merged(lower, upper)
    return merged


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> RawMapping:
    """Two mappings of one file as one that still knows its places."""
    known = [each for each in (below, above) if isinstance(each, RawMapping)]
    merged = RawMapping(known[-1].file, known[-1].mark)
    cells = {
        key: (each[key], each.marks[2 * position : 2 * position + 2])
        for each in known
        for position, key in enumerate(each)
    }
    for key, (value, marks) in cells.items():
        merged[key] = value
        merged.marks += marks
    return merged


def read_given(fields: Fields) -> Given:
    """Read what is given. Problems go to the findings of ``fields`` and mark it as broken."""
    model = fields.get("model")
    if model is not None:
        model = fields.mapping("model")
    return Given(
        model,
        _rows(fields, "costs", _COSTS, _COST_ORDER, _cost),
        _rows(fields, "usage", _USAGE, _USAGE_ORDER, _usage) or (),
        fields.day("from"),
        fields.day("to"),
        _dimensions(fields),
        fields.text("currency"),
    )


def _dimensions(fields: Fields) -> tuple[str, ...] | None:
    if fields.get("dimensions") is None:
        return None
    return tuple(name for name, _ in fields.identifiers("dimensions"))


def _rows(
    fields: Fields, key: str, shape: Shape, order: Sequence[str], read: Callable[[Fields], Row]
) -> tuple[Row, ...] | None:
    value = fields.get(key)
    if value is None:
        return None
    if not isinstance(value, RawList):
        remedy = f"Write rows under it, such as - [{', '.join(order[:4])}]."
        message = f"{show(key)} of {fields.name()} is {show(value)}; expected a list."
        fields.problem("wrong_type", message, remedy, key)
        return None
    found = []
    for index, item in enumerate(value):
        record = as_record(item, order)
        if record is None:
            message = f"Row {index + 1} of {key} is {show(item)}; expected {', '.join(order)}."
            fields.problem("wrong_type", message, f"Write [{', '.join(order[:4])}].", key, index)
            continue
        inside = Fields(record, shape, fields.findings)
        found.append(read(inside))
        fields.broken |= inside.broken
    return tuple(found)


def as_record(item: object, order: Sequence[str]) -> RawMapping | None:
    """A short list as a record with keys, each cell at its place; None where it is neither."""
    if isinstance(item, RawMapping):
        return item
    if not isinstance(item, RawList) or len(item) > len(order):
        return None
    record = RawMapping(item.file, item.mark)
    for name, cell, mark in zip(order, item, item.marks, strict=False):
        record[name] = cell
        record.marks += (mark, mark)
    return record


def _cost(fields: Fields) -> Row:
    day = fields.day("date")
    return {
        "node": fields.identifier("node"),
        "date": day,
        "dimension": fields.identifier("dimension"),
        "amount": format(fields.decimal("amount"), "f"),
        "currency": fields.text("currency"),
    }


def _usage(fields: Fields) -> Row:
    day = fields.day("date")
    return {
        "node": fields.identifier("node"),
        "date": day,
        "metric": fields.identifier("metric"),
        "value": format(fields.decimal("value"), "f"),
        "labels": json.dumps(dict(fields.labels("labels")), sort_keys=True),
    }


def given_fields(raw: Mapping[str, Any], findings: list[Finding]) -> Fields:
    """The given half of an example, ready to be read."""
    return Fields(raw, SHAPE, findings)
