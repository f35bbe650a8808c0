"""What is free for an account in a financial year, shown and set."""

from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

import pyarrow as pa
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt
from starlette.responses import JSONResponse, Response

from apportion.api.answering import answer_data, answer_table, wanted_format
from apportion.api.asking import LONGEST_NAME, FormatName, Name, Year
from apportion.api.described import (
    COUNT,
    DOUBTS,
    TEXT,
    array_schema,
    described_answer,
    described_formats,
    object_schema,
)
from apportion.api.formats import FORMATS
from apportion.api.formats.format import Answer
from apportion.api.once import IdempotencyKey, body_digest, once
from apportion.api.problems import documented
from apportion.api.reading import billing_model, workspace_of
from apportion.api.working import working_of
from apportion.billing import Billing
from apportion.model.billing import LARGEST_COUNT
from apportion.rating.views.asking import billed_channels, require_account
from apportion.report.allowances import as_data, changed_as_data

router = APIRouter(prefix="/allowances", tags=["usage"])

_FLAG = {"type": "boolean"}
_RESOLVED = object_schema(
    {"channel": TEXT, "unit": TEXT, "units": COUNT, "is_default": _FLAG, "origin": TEXT}
)
_YEAR = object_schema({"year": COUNT, "units": COUNT, "custom": _FLAG})
_CHANGED = object_schema(
    {
        "account": TEXT,
        "channel": TEXT,
        "before": _RESOLVED,
        "changed": {"type": "array", "items": _YEAR},
    }
)
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: described_answer(_CHANGED, "What it was, and every year that changed."),
    **documented(404, 409),
}


_SHOWN = object_schema(
    {"account": TEXT, "year": COUNT, "allowances": array_schema(_RESOLVED), **DOUBTS}
)
_COLUMNS = pa.schema(
    [
        ("account", pa.string()),
        ("year", pa.int64()),
        ("channel", pa.string()),
        ("unit", pa.string()),
        ("units", pa.int64()),
        ("is_default", pa.bool_()),
        ("origin", pa.string()),
    ]
)


@router.get("", response_class=Response, responses=described_formats(_SHOWN))
def get_allowances(
    request: Request,
    account: Annotated[str, Query(max_length=LONGEST_NAME, description="The account's id.")],
    year: Year,
    channel: Annotated[Name, Query(description="Default: each channel that is billed.")] = "",
    format_name: FormatName = "",
) -> Response:
    """An account's allowance for each channel: set, carried over, or by default, and from where."""
    chosen = wanted_format(request, format_name)
    model = billing_model(request)
    require_account(model, account)
    billing = workspace_of(request).billing
    channels = [channel] if channel else billed_channels(model)
    found = [billing.allowance(account, each, year) for each in channels]
    said = as_data(model, account, year, found)
    if chosen is FORMATS["json"]:
        return answer_data(said)
    lines = [{"account": account, "year": year, **each} for each in said["allowances"]]
    return answer_table(Answer(pa.Table.from_pylist(lines, schema=_COLUMNS), {}), chosen, ())


class AllowanceAsked(BaseModel):
    """So many units are free for an account; unless custom, not in the years after it."""

    model_config = ConfigDict(extra="forbid")

    account: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
    channel: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
    year: Annotated[StrictInt, Field(ge=1970, le=2199, description="The year it begins in.")]
    units: Annotated[StrictInt, Field(ge=0, le=LARGEST_COUNT)]
    custom: StrictBool = True


@router.post("", response_class=Response, responses=_ANSWERS)
async def post_allowance(request: Request, key: IdempotencyKey, asked: AllowanceAsked) -> Response:
    """Set what is free for an account in a financial year; charges follow with the next rating.

    For a past year it changes that year alone; for this or a later one also the later years that
    have an allowance of their own.
    """
    working = working_of(request)
    billing = workspace_of(request).billing

    async def work() -> Response:
        return await working.look(partial(_set, billing, asked))

    return await once(request, key, await body_digest(request), work)


def _set(billing: Billing, asked: AllowanceAsked) -> Response:
    meter = (asked.account, asked.channel, asked.year)
    before = billing.allowance(*meter)
    changed = billing.set_allowance(*meter, asked.units, custom=asked.custom)
    return JSONResponse(changed_as_data(billing.model, before, changed), int(HTTPStatus.OK))
