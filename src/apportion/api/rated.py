"""What questions about usage and charges share: how they are asked, and how listings answer."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import Path, Query, Request
from starlette.responses import Response

from apportion.api.answering import (
    answer_table,
    name_next,
    page_after,
    place_of,
    rows_wanted,
    wanted_format,
)
from apportion.api.asking import LONGEST_NAME, Day, Rows, RunName
from apportion.api.described import (
    AMOUNT,
    COUNT,
    TEXT,
    Schema,
    described_rows,
    object_schema,
    row_schema,
)
from apportion.api.formats.format import Answer
from apportion.findings import Finding
from apportion.recorded_charges import RecordedCharges
from apportion.report.column import Column, Kind
from apportion.report.paging import table_page
from apportion.report.usage_listing import TYPE, UsageListing, head

RatingId = Annotated[
    RunName,
    Query(
        description="Read this rating, by its id or the beginning of it, or that which held when a "
        "run was made. Default: the latest rating."
    ),
]
AccountPath = Annotated[str, Path(max_length=LONGEST_NAME, description="The account's id.")]
FirstDay = Annotated[Day, Query(description="First day.")]
LastDay = Annotated[Day, Query(description="Last day, included.")]

YEAR_HEAD: Mapping[str, Schema] = {
    "year": COUNT,
    "start_date": {"type": "string", "format": "date"},
    "end_date": {"type": "string", "format": "date"},
}


def answer_usage(
    request: Request,
    found: UsageListing,
    rated: tuple[RecordedCharges, Sequence[Finding]],
    asked: Rows,
    more: Mapping[str, Any] | None = None,
) -> Response:
    """A page of a listing; ``more`` is what JSON says beside its head.

    Raises ``UsageError`` for cursors of other questions.
    """
    charges, doubts = rated
    chosen = wanted_format(request, asked.format)
    question = (request.url.path, charges.rating.run_id, dict(found.asked))
    place = place_of(question, asked.cursor)
    rows, after = table_page(found.rows, rows_wanted(asked, chosen), place)
    following = page_after(question, after) if after else None
    said = {**head(found), **(more or {}), "rating": charges.rating.run_id, "next": following}
    answer = Answer(rows, said, {"currency": found.currency})
    return name_next(request, following, answer_table(answer, chosen, doubts))


def described_usage(
    asked: Mapping[str, Schema], columns: Sequence[Column], more: Mapping[str, Schema] | None = None
) -> dict[int | str, dict[str, Any]]:
    """What a path says of itself that answers with a listing of usage."""
    totals = object_schema({TYPE: TEXT, **{each.name: _total(each) for each in _summed(columns)}})
    costs = any(each.name == "cost" for each in columns)
    said = {
        **asked,
        "currency": TEXT,
        "total_rows": COUNT,
        "totals": {"type": "array", "items": totals},
        **({"total_cost": AMOUNT} if costs else {}),
        **(more or {}),
        "rating": TEXT,
        "next": {"type": ["string", "null"]},
    }
    return described_rows(said, row_schema(columns))


def _summed(columns: Sequence[Column]) -> list[Column]:
    return [each for each in columns if each.summed]


def _total(column: Column) -> Schema:
    return AMOUNT if column.kind is Kind.AMOUNT else COUNT
