"""The listings of a report as answers: filters, pages, and what OpenAPI says of them."""

from collections.abc import Callable, Sequence
from typing import Any

import duckdb
from fastapi import Request
from starlette.responses import Response

from apportion.api.answering import answer_table, place_of, rows_wanted, wanted_format
from apportion.api.asking import Filter, Rows
from apportion.api.formats import FORMATS
from apportion.api.formats.format import Answer
from apportion.api.problems import documented
from apportion.api.reading import Read
from apportion.model import Model
from apportion.report.column import Column, Kind
from apportion.report.listing import Listing, Wanted, require_known
from apportion.report.listing_data import head

Ask = Callable[[duckdb.DuckDBPyConnection, Model, Wanted, str], Listing]

_AMOUNT = {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"}
_SCHEMAS: dict[Kind, dict[str, Any]] = {
    Kind.TEXT: {"type": ["string", "null"]},
    Kind.DATE: {"type": "string", "format": "date"},
    Kind.COUNT: {"type": "integer"},
    Kind.AMOUNT: _AMOUNT,
    Kind.RATE: _AMOUNT,
    Kind.SHARE: {"type": ["number", "null"]},
}


def answer_listing(
    request: Request,
    ask: Ask,
    read: Read,
    asked: Rows,
    named: Filter,
) -> Response:
    """Ask for a listing and answer with a page of it.

    Raises ``UsageError`` for names that nothing bears and cursors of other questions.
    """
    result = read.result
    chosen = wanted_format(request, asked.format)
    pieces = [(each.run_id, each.first, each.last) for each in result.pieces]
    question = (request.url.path, pieces, named)
    place_of(question, asked.cursor)
    wanted = Wanted(
        result.start,
        result.end,
        named.nodes,
        named.dimensions,
        rows_wanted(asked, chosen),
    )
    require_known(read.connection, result.model, wanted)
    found = ask(read.connection, result.model, wanted, result.currency)
    following = None
    said = {
        **head(found),
        "runs": [each.run_id for each in result.runs],
        "next": following,
    }
    about: dict[str, Any] = {"currency": found.currency}
    if "date" not in found.rows.column_names:
        about |= {"start_date": found.start, "end_date": found.end}
    answer = answer_table(Answer(found.rows, said, about), chosen, read.doubts)
    if following:
        answer.headers["Link"] = f'<{_next_page(request, following)}>; rel="next"'
    return answer


def _next_page(request: Request, cursor: str) -> str:
    url = request.url.include_query_params(cursor=cursor)
    return f"{url.path}?{url.query}"


def documented_listing(columns: Sequence[Column]) -> dict[int | str, dict[str, Any]]:
    """What a path that answers with a listing says of itself in OpenAPI."""
    names = [column.name for column in columns]
    row = {
        "type": "object",
        "properties": {column.name: _SCHEMAS[column.kind] for column in columns},
        "required": names,
    }
    said = {
        "start_date": _SCHEMAS[Kind.DATE],
        "end_date": _SCHEMAS[Kind.DATE],
        "currency": {"type": "string"},
        "total_rows": {"type": "integer"},
        "totals": {"type": "object", "additionalProperties": _AMOUNT},
        "runs": {"type": "array", "items": {"type": "string"}},
        "next": {"type": ["string", "null"]},
        "warnings": {"type": "array", "items": {"$ref": "#/components/schemas/FindingData"}},
    }
    return documented_rows(said, row)


def documented_rows(head: dict[str, Any], row: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    """What a path that answers with rows, in any format, says of itself in OpenAPI."""
    schema = {
        "type": "object",
        "properties": {**head, "rows": {"type": "array", "items": row}},
        "required": [*head, "rows"],
    }
    content: dict[str, Any] = {
        each.media_type: {"schema": {"type": "string"}} for each in FORMATS.values()
    }
    content[FORMATS["json"].media_type] = {"schema": schema}
    return {
        200: {"description": "The rows.", "content": content},
        **documented(304, 404, 406),
    }
