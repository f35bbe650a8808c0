"""What OpenAPI says of an answer: schemas made from the records that it is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pyarrow as pa

from apportion.api.formats import FORMATS
from apportion.api.problems import documented
from apportion.report.column import Column, Kind

Schema = dict[str, Any]

AMOUNT: Schema = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}
TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer"}
NAMES: Schema = {"type": "array", "items": TEXT}
DAY: Schema = {"type": "string", "format": "date"}
FINDINGS: Schema = {"type": "array", "items": {"$ref": "#/components/schemas/FindingData"}}
DOUBTS: Mapping[str, Schema] = {"warnings": FINDINGS, "warnings_total": COUNT}
"""The first of what is doubtful about an answer, and how much there is."""

_PLAIN: dict[object, Schema] = {
    Decimal: AMOUNT,
    str: TEXT,
    int: COUNT,
    bool: {"type": "boolean"},
    float: {"type": "number"},
    date: DAY,
    datetime: {"type": "string", "format": "date-time"},
    Any: {},
}
_COLUMNS: dict[Kind, Schema] = {
    Kind.TEXT: {"type": ["string", "null"]},
    Kind.DATE: DAY,
    Kind.COUNT: COUNT,
    Kind.AMOUNT: AMOUNT,
    Kind.RATE: AMOUNT,
    Kind.SHARE: {"type": ["number", "null"]},
}


def schema_of(kind: Any) -> Schema:
    """The schema of a type: of a record, of what its fields can hold, of lists and objects.

    >>> schema_of(tuple[int, ...])
    {'type': 'array', 'items': {'type': 'integer'}}
    """
    if kind in _PLAIN:
        return _PLAIN[kind]
    if is_dataclass(kind):
        return record_schema(kind)
    inner = get_args(kind)
    return _of_many(get_origin(kind), inner) if inner else TEXT


def _of_many(origin: Any, inner: tuple[Any, ...]) -> Schema:
    if origin in (Union, UnionType):
        kinds = [schema_of(each) for each in inner if each is not NoneType]
        return {"anyOf": [*kinds, *([{"type": "null"}] if NoneType in inner else [])]}
    if issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": schema_of(inner[1])}
    if origin is tuple and inner[-1] is not Ellipsis:
        return {"type": "array", "items": {"anyOf": [schema_of(each) for each in inner]}}
    return {"type": "array", "items": schema_of(inner[0])}


def record_schema(kind: Any, but: Sequence[str] = ()) -> Schema:
    """The schema of a record as JSON holds it, without some of its fields."""
    hints = get_type_hints(kind)
    return object_schema(
        {
            each.name: schema_of(hints[each.name])
            for each in fields(kind)
            if each.name not in but and each.metadata.get("json", True)
        }
    )


def object_schema(
    properties: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None
) -> Schema:
    """An object that has all of these keys, and may have the ``optional`` ones."""
    said = {**properties, **(optional or {})}
    return {"type": "object", "properties": said, "required": list(properties)}


def array_schema(items: Schema) -> Schema:
    """A list of these."""
    return {"type": "array", "items": items}


_ARROW: dict[pa.DataType, Schema] = {
    pa.string(): TEXT,
    pa.int64(): COUNT,
    pa.bool_(): {"type": "boolean"},
    pa.date32(): DAY,
}


def table_schema(columns: pa.Schema) -> Schema:
    """A row of a table whose cells are all filled."""
    return object_schema(
        {
            each.name: AMOUNT if pa.types.is_decimal(each.type) else _ARROW[each.type]
            for each in columns
        }
    )


def row_schema(columns: Sequence[Column]) -> Schema:
    """A row of a listing."""
    return object_schema({column.name: _COLUMNS[column.kind] for column in columns})


def described_data(schema: Schema) -> dict[int | str, dict[str, Any]]:
    """What a path says of itself that answers with one object, and ``warnings`` in it."""
    said = object_schema({**schema["properties"], **DOUBTS})
    content = {FORMATS["json"].media_type: {"schema": said}}
    return {
        200: {"description": "The answer.", "content": content},
        **documented(304, 404),
    }


def described_answer(schema: Schema, description: str) -> dict[str, Any]:
    """What OpenAPI says of an answer that is one object."""
    return {
        "description": description,
        "content": {FORMATS["json"].media_type: {"schema": schema}},
    }


def described_rows(
    head: Mapping[str, Schema], row: Schema, optional: Mapping[str, Schema] | None = None
) -> dict[int | str, dict[str, Any]]:
    """What a path says of itself that answers with rows, in any format."""
    said = object_schema({**head, **DOUBTS, "rows": {"type": "array", "items": row}}, optional)
    return described_formats(said)


def described_formats(said: Schema) -> dict[int | str, dict[str, Any]]:
    """What a path says of itself whose JSON has this schema, and that has other formats too."""
    content: dict[str, Any] = {each.media_type: {"schema": TEXT} for each in FORMATS.values()}
    content[FORMATS["json"].media_type] = {"schema": said}
    return {
        200: {"description": "The rows.", "content": content},
        **documented(304, 404, 406),
    }


OF_ONE_NODE = {"node_totals": object_schema({"received": AMOUNT, "given": AMOUNT})}
"""What a listing of edges has besides, where one node is asked for."""


def described_listing(
    columns: Sequence[Column], optional: Mapping[str, Schema] | None = None
) -> dict[int | str, dict[str, Any]]:
    """What a path says of itself that answers with pages of a listing."""
    head = {
        "start_date": DAY,
        "end_date": DAY,
        "currency": TEXT,
        "total_rows": COUNT,
        "totals": {"type": "object", "additionalProperties": AMOUNT},
        "runs": {"type": "array", "items": TEXT},
        "next": {"type": ["string", "null"]},
    }
    return described_rows(head, row_schema(columns), optional)
