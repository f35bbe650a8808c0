"""Files brought into the ledger: the body is the file, or a form with several taken together."""

from calendar import monthrange
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import JSONResponse, Response

from apportion.api.asking import Day, Name
from apportion.api.described import (
    AMOUNT,
    COUNT,
    TEXT,
    Schema,
    array_schema,
    described_answer,
    object_schema,
    schema_of,
)
from apportion.api.once import IdempotencyKey, broken, once
from apportion.api.problems import documented
from apportion.api.several_files import MEDIA_TYPE
from apportion.api.uploading import Taken, is_form, taken_in
from apportion.api.wording import reworded
from apportion.api.working import FILE_SHARE, working_of
from apportion.findings import QUESTION, Finding, UsageError
from apportion.ingest.incoming import FileReport, Kind, MappedAmount, Total
from apportion.ingest.ingest import COST_COLUMNS, format_named
from apportion.jobs.ingesting import Said, ingest
from apportion.jobs.uploads import LONGEST_NAME
from apportion.plugins import FORMATS, registered
from apportion.report.doubts import require_order

router = APIRouter(prefix="/ingest", tags=["writing"])

UNNAMED = "upload"
"""The name of a file that nobody named."""

_NAMED_BY_FILE = ("costs", "usage")
"""Formats that take the file's name for its source where nobody says it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is said of a file in the query."""

    format: str
    file: str
    source: str
    period: tuple[date, date] | None
    cost_column: str


AskedReplace = Annotated[
    bool,
    Query(
        description="Billable usage and events: the files are all there is of what they speak for, "
        "so rows that they lack go."
    ),
]
AskedMode = Annotated[
    str,
    Query(
        pattern="^(replace|append)?$",
        description="Costs and bills that lack something of what the ledger has of the same: with "
        "replace they are all there is, so what they lack goes; with append they add to it. "
        "Default: such files are refused (409).",
    ),
]


async def _asked(
    format_name: Annotated[
        str,
        Query(
            alias="format",
            pattern="^[a-z0-9_]{0,64}$",
            description="What the file is. Default: that of the path.",
        ),
    ] = "",
    file: Annotated[
        str,
        Query(max_length=LONGEST_NAME, description="The file's name, which findings will name."),
    ] = "",
    source: Annotated[
        Name,
        Query(
            description="Who says it; what one source says of a day or a bill is compared with "
            "what it said before. Default: by the file. Billable usage and events have none."
        ),
    ] = "",
    period: Annotated[
        str,
        Query(
            pattern="^(19[7-9][0-9]|20[0-9]{2}|21[0-9]{2})-(0[1-9]|1[0-2])$|^$",
            description="The file is all there is of this month (2024-01), so it replaces what the "
            "source said of it before. Short for start_date and end_date.",
        ),
    ] = "",
    start_date: Annotated[Day | None, Query(description="First day the file speaks for.")] = None,
    end_date: Annotated[Day | None, Query(description="Last day it speaks for.")] = None,
    cost_column: Annotated[
        str,
        Query(
            pattern=f"^({'|'.join(COST_COLUMNS)})?$",
            description="Which cost of a bill counts. Default: the workspace's.",
        ),
    ] = "",
) -> Asked:
    days = _days(period, start_date, end_date)
    return Asked(format_name, file, source, days, cost_column)


def _days(period: str, start: date | None, end: date | None) -> tuple[date, date] | None:
    if period and (start or end):
        raise _wrong("There are both a period and days.", "Give one of the two.")
    if period:
        year, month = int(period[:4]), int(period[5:])
        return date(year, month, 1), date(year, month, monthrange(year, month)[1])
    if start is None and end is None:
        return None
    if start is None or end is None:
        raise _wrong("There is one day of two.", "Give start_date and end_date, or neither.")
    require_order(start, end)
    return start, end


def _wrong(message: str, remedy: str) -> UsageError:
    return UsageError([Finding("invalid_argument", message, QUESTION, remedy)])


def _format(asked: Asked, kinds: tuple[Kind, ...], usual: str, *, named: bool) -> str:
    """The format of the files, which must be one of those that belong to the path.

    ``named`` says that the files have names of their own.
    """
    if named and asked.file:
        message = "In a form each file has its own name, and there is another in the address."
        raise _wrong(message, "Leave out file.")
    found = format_named(asked.format or usual)
    if found.kind not in kinds:
        fitting = ", ".join(_names(kinds))
        message = f"The format {found.name!r} brings {found.kind}, which does not belong here."
        raise _wrong(message, f"Formats of this path are {fitting}.")
    if found.name in _NAMED_BY_FILE and not (asked.source or asked.file or named):
        message = "Nothing says who says it: there is neither a source nor a file's name."
        raise _wrong(message, "Give source, or file.")
    return found.name


def _names(kinds: tuple[Kind, ...]) -> list[str]:
    return [name for name, each in registered(FORMATS).items() if each.kind in kinds]


_FLAG: Schema = {"type": "boolean"}
_WARNING = object_schema({"code": TEXT, "message": TEXT, "remedy": TEXT})
_DAY_OR_NONE: Schema = {"type": ["string", "null"], "format": "date"}
MOVED = object_schema(
    {
        "what": TEXT,
        "before": TEXT,
        "after": TEXT,
        "days_gone": COUNT,
        "first_day_gone": _DAY_OR_NONE,
        "last_day_gone": _DAY_OR_NONE,
    }
)
MOVED_COSTS = object_schema(
    {
        "source": TEXT,
        "period": TEXT,
        "currency": TEXT,
        "lines_before": COUNT,
        "lines_after": COUNT,
        "before": AMOUNT,
        "after": AMOUNT,
        "days_gone": COUNT,
        "first_day_gone": _DAY_OR_NONE,
        "last_day_gone": _DAY_OR_NONE,
        "amount_gone": AMOUNT,
        "nodes": array_schema(object_schema({"node": TEXT, "before": AMOUNT, "after": AMOUNT})),
    }
)
_INGESTED = object_schema(
    {
        "format": TEXT,
        "kind": TEXT,
        "source": TEXT,
        "source_is_a_guess": _FLAG,
        "lines_read": COUNT,
        "accepted": COUNT,
        "rejected": COUNT,
        "files": schema_of(tuple[FileReport, ...]),
        "totals": schema_of(tuple[Total, ...]),
        "mapped": schema_of(tuple[MappedAmount, ...]),
        "unmapped": schema_of(tuple[MappedAmount, ...]),
        "notes": schema_of(tuple[str, ...]),
        "warnings": {"type": "array", "items": _WARNING},
        "changed": _FLAG,
        "ingest_id": TEXT,
        "rows": COUNT,
        "replaced_rows": COUNT,
        "same_as": TEXT,
        "moved": {"type": "array", "items": MOVED},
        "moved_costs": {"type": "array", "items": MOVED_COSTS},
        "first_day": _DAY_OR_NONE,
        "last_day": _DAY_OR_NONE,
    }
)
_FILE: Schema = {"type": "string", "format": "binary"}
_BODY = {
    "requestBody": {
        "required": True,
        "description": "The file itself, as CSV, JSON or Parquet, which may be packed with gzip; "
        "or a form with several files, which are taken together as one bill.",
        "content": {
            "application/octet-stream": {"schema": _FILE},
            MEDIA_TYPE: {
                "schema": {
                    "type": "object",
                    "properties": {"files": {"type": "array", "items": _FILE}},
                }
            },
        },
    }
}
_UNSAID = (
    "The files would take away what they do not mention, or mix two cuts of the same days, and "
    "nobody said that they should (`unsaid_replacement`). Of costs the `details` of each finding "
    "have source, period and currency, the lines and amounts known, coming and going, and those "
    "known and coming of each day and account in `days`. Or the same lines came in two files or "
    "under two sources (`repeated_lines`), or a request with the same Idempotency-Key is still "
    "being answered (`key_in_use`)."
)
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: described_answer(_INGESTED, "The ledger has the same rows already."),
    201: described_answer(_INGESTED, "The rows are in the ledger."),
    **documented(400),
    409: {**documented(409)[409], "description": _UNSAID},
}


def _bringing(kinds: tuple[Kind, ...], usual: str) -> Callable[..., Awaitable[Response]]:
    async def bring(
        request: Request,
        key: IdempotencyKey,
        asked: Annotated[Asked, Depends(_asked)],
        *,
        replace: AskedReplace = False,
        mode: AskedMode = "",
    ) -> Response:
        format_name = _format(asked, kinds, usual, named=is_form(request))
        said = Said(
            format_name,
            asked.source or None,
            asked.period,
            asked.cost_column or None,
            replace or mode == "replace",
            mode == "append",
        )
        async with taken_in(request, asked.file or UNNAMED) as taken:

            async def work() -> Response:
                return await _brought(request, taken, said)

            return await once(request, key, taken.digest, work)

    return bring


async def _brought(request: Request, taken: Taken, said: Said) -> Response:
    working = working_of(request)
    cost = {"bytes_out": working.settings.unpacked_bytes}
    outcome = await working.do(
        lambda: ingest(
            working.children,
            working.settings.folder,
            taken.upload,
            said,
            cost,
            working.allowed(FILE_SHARE),
        )
    )
    answer = broken(request, outcome)
    if answer is not None:
        return answer
    assert outcome.done is not None
    status = HTTPStatus.CREATED if outcome.done["changed"] else HTTPStatus.OK
    return JSONResponse(reworded(outcome.done), int(status))


def _add(path: str, what: str, kinds: tuple[Kind, ...], usual: str, rule: str) -> None:
    router.add_api_route(
        f"/{path}",
        _bringing(kinds, usual),
        methods=["POST"],
        name=f"post_{path}",
        summary=f"Bring in {what}",
        description="A file with a bad line is refused whole, with every finding. The same content "
        f"again changes nothing. {rule} "
        f"Formats: {', '.join(_names(kinds))}; without one it is read as {usual}.",
        response_class=Response,
        responses=_ANSWERS,
        openapi_extra=_BODY,
    )


_add(
    "costs",
    "a bill",
    (Kind.COSTS,),
    "costs",
    "Files that have nothing in common with what their source said are added, those that mention "
    "all of it take its place; any others are refused (409) until `mode` says what is meant.",
)
_CORRECTED = "A corrected file replaces what its source said of the same days."
_add(
    "usage",
    "usage, that decides shares or is billed",
    (Kind.USAGE, Kind.BILLABLE),
    "usage",
    f"{_CORRECTED} Billable usage that would take away what it does not mention is refused (409) "
    "until `replace` says so.",
)
_add("metrics", "metrics of a monitoring system", (Kind.USAGE,), "dynatrace", _CORRECTED)
