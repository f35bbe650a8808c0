"""The listings of a report as answers, under filters and in pages."""

from collections.abc import Callable
from typing import Any

import duckdb
import pyarrow as pa
from fastapi import Request
from starlette.responses import Response

from apportion.api.answering import (
    answer_table,
    name_next,
    page_after,
    place_of,
    rows_wanted,
    wanted_format,
)
from apportion.api.asking import Filter, Rows
from apportion.api.formats.format import Answer
from apportion.api.reading import Read
from apportion.model import Model
from apportion.report.listing import Listing, Wanted, require_known
from apportion.report.listing_data import head
from apportion.report.listing_parts import in_parts

Ask = Callable[[duckdb.DuckDBPyConnection, Model, Wanted, str], Listing]


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
    question = (request.url.path, pieces, asked_of(request))
    place = place_of(question, asked.cursor)
    wanted = Wanted(
        result.start,
        result.end,
        named.nodes,
        named.dimensions,
        rows_wanted(asked, chosen),
        place,
    )
    require_known(read.connection, result.model, wanted)

    def answer(wanted: Wanted) -> Listing:
        read.working.require_time()
        return ask(read.connection, result.model, wanted, result.currency)

    found, tables = in_parts(answer, wanted)
    following = page_after(question, found.following) if found.following else None
    said = {
        **head(found),
        "runs": [each.run_id for each in result.runs],
        "next": following,
    }
    about: dict[str, Any] = {"currency": found.currency}
    if "date" not in found.rows.column_names:
        about |= {"start_date": found.start, "end_date": found.end}
    batches = (batch for table in tables for batch in table.to_batches())
    rows = pa.RecordBatchReader.from_batches(found.rows.schema, batches)
    return name_next(
        request, following, answer_table(Answer(rows, said, about), chosen, read.doubts)
    )


_OF_PAGES = frozenset({"cursor", "format", "limit"})


def asked_of(request: Request) -> list[tuple[str, str]]:
    """What makes a question another one: all parameters but those that cut it into pages."""
    given = request.query_params.multi_items()
    return sorted(each for each in given if each[0] not in _OF_PAGES)
