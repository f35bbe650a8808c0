"""An account's statement: as data, as a page, as a table or as a spreadsheet."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from apportion.api.answering import answer_data, doubts_header, wanted_media
from apportion.api.asking import Year
from apportion.api.described import (
    AMOUNT,
    COUNT,
    DAY,
    DOUBTS,
    TEXT,
    array_schema,
    object_schema,
    record_schema,
)
from apportion.api.problems import documented
from apportion.api.rated import AccountPath, RatingId
from apportion.api.reading import read_charges
from apportion.report.statements.html import content_security_policy
from apportion.report.statements.issue import content, file_name
from apportion.report.statements.layout import Layout
from apportion.report.usage_statement import (
    ACCOUNT_FIELDS,
    Issued,
    StatementAllowance,
    StatementCount,
    StatementLine,
    as_data,
    usage_statement,
)

router = APIRouter(tags=["usage"])

_MEDIA = {
    Layout.JSON: "application/json",
    Layout.HTML: "text/html",
    Layout.CSV: "text/csv",
    Layout.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_LINE = record_schema(StatementLine, but=("first", "last"))["properties"]
_SAID = object_schema(
    {
        "issuer": TEXT,
        "rating": TEXT,
        "rated_at": {"type": "string", "format": "date-time"},
        "account": object_schema(dict.fromkeys(ACCOUNT_FIELDS, TEXT)),
        "organisation": TEXT,
        "year": COUNT,
        "month": TEXT,
        "first_date": DAY,
        "last_date": DAY,
        "currency": TEXT,
        "total": AMOUNT,
        "total_shown": AMOUNT,
        "lines": array_schema(
            object_schema({**_LINE, "first_date": DAY, "last_date": DAY, "cost_shown": AMOUNT})
        ),
        "not_billed": array_schema(record_schema(StatementCount)),
        "allowances": array_schema(record_schema(StatementAllowance)),
        **DOUBTS,
    }
)


def _described() -> dict[int | str, dict[str, Any]]:
    files: dict[str, Any] = {media: {"schema": TEXT} for media in _MEDIA.values()}
    files[_MEDIA[Layout.JSON]] = {"schema": _SAID}
    return {200: {"description": "The statement.", "content": files}, **documented(304, 404, 406)}


@router.get("/statements/{account:path}", response_class=Response, responses=_described())
def get_statement(
    request: Request,
    account: AccountPath,
    year: Year,
    month: Annotated[
        str,
        Query(
            max_length=20,
            description="A month by name, or by number: 1 is the first of the financial year. "
            "Default: all.",
        ),
    ] = "",
    layout: Annotated[
        str,
        Query(
            alias="format",
            pattern="^(|json|html|csv|xlsx)$",
            description="The format, for clients that cannot set the header Accept.",
        ),
    ] = "",
    run: RatingId = "",
) -> Response:
    """A statement of a financial year or month, whose lines as shown sum to its total."""
    chosen = Layout(layout) if layout else _accepted(request)
    charges, doubts = read_charges(request, run, account)
    asked = int(month) if month.isascii() and month.isdigit() else month or None
    charges.require_rated(account)
    found = usage_statement(charges.connection, charges.model, account, year, asked)
    issued = Issued(charges.model.settings.name, charges.rating.run_id, charges.rating.at)
    if chosen is Layout.JSON:
        return answer_data(as_data(found, issued), doubts)
    headers = doubts_header(doubts)
    if chosen is Layout.HTML:
        headers["Content-Security-Policy"] = content_security_policy()
    else:
        headers["Content-Disposition"] = f'attachment; filename="{file_name(found, chosen)}"'
    return Response(content(found, issued, chosen), headers=headers, media_type=_MEDIA[chosen])


def _accepted(request: Request) -> Layout:
    layouts = {media: layout for layout, media in _MEDIA.items()}
    return layouts[wanted_media(request, tuple(layouts))]
