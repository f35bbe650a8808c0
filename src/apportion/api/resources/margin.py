"""Charges beside cost: what each product, account or organisation leaves."""

from dataclasses import replace
from typing import Annotated

import pyarrow as pa
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from apportion.api.answering import answer_data, answer_table, wanted_format
from apportion.api.asking import EndDate, FormatName, Period, RunId, StartDate
from apportion.api.described import (
    AMOUNT,
    COUNT,
    DAY,
    DOUBTS,
    TEXT,
    Schema,
    array_schema,
    described_formats,
    object_schema,
)
from apportion.api.formats import FORMATS
from apportion.api.formats.format import Answer
from apportion.api.rated import RatingId
from apportion.api.reading import read_charges, read_result, workspace_of
from apportion.report.margin import SCALE, By, as_data, margin

router = APIRouter(tags=["usage"])

_NAMES = array_schema(TEXT)
_MAYBE: Schema = {"anyOf": [AMOUNT, {"type": "null"}]}
_LINE = {
    "accounts": _NAMES,
    "products": _NAMES,
    "charges": AMOUNT,
    "holistic_cost": AMOUNT,
    "margin": AMOUNT,
    "chargeable_units": COUNT,
    "unit_cost": _MAYBE,
    "rate": _MAYBE,
}
_SAID = object_schema(
    {
        "start_date": DAY,
        "end_date": DAY,
        "currency": TEXT,
        "by": {"type": "string", "enum": [str(each) for each in By]},
        "lines": array_schema(object_schema({"id": TEXT, "name": TEXT, **_LINE})),
        "total": object_schema(_LINE),
        "accounts_without_product": _NAMES,
        "products_without_account": _NAMES,
        "cost_without_product": AMOUNT,
        "days_without_run": array_schema(object_schema({"from": DAY, "to": DAY})),
        **DOUBTS,
    }
)
_AMOUNT = pa.decimal128(38, SCALE)
_COLUMNS = pa.schema(
    [
        ("id", pa.string()),
        ("name", pa.string()),
        ("accounts", pa.list_(pa.string())),
        ("products", pa.list_(pa.string())),
        ("charges", _AMOUNT),
        ("holistic_cost", _AMOUNT),
        ("margin", _AMOUNT),
        ("chargeable_units", pa.int64()),
        ("unit_cost", _AMOUNT),
        ("rate", _AMOUNT),
    ]
)


async def _of_runs(
    start_date: StartDate = None, end_date: EndDate = None, run: RunId = ""
) -> Period:
    return Period(start_date, end_date, "", run)


@router.get("/margin", response_class=Response, responses=described_formats(_SAID))
def get_margin(
    request: Request,
    period: Annotated[Period, Depends(_of_runs)],
    by: Annotated[By, Query(description="What a line stands for.")] = By.PRODUCT,
    rating: RatingId = "",
    format_name: FormatName = "",
) -> Response:
    """Charges less holistic cost; `run` chooses the cost, `rating` the charges.

    A line without id holds what belongs to no product, account or organisation.
    """
    chosen = wanted_format(request, format_name)
    workspace_of(request).billing.require_accounts()
    charges, of_charges = read_charges(request, rating)
    cost = read_result(request, replace(period, currency=charges.rating.currency))
    result = cost.result
    found = margin(
        charges.connection,
        charges.model,
        result.start,
        result.end,
        by,
        result.currency,
        result.gaps,
        costs=cost.connection,
    )
    said = as_data(replace(found, gaps=result.gaps))
    doubts = (*of_charges, *cost.doubts)
    if chosen is FORMATS["json"]:
        return answer_data(said, doubts)
    lines = pa.Table.from_pylist(said["lines"], schema=_COLUMNS)
    about = {"currency": found.currency, "start_date": found.start, "end_date": found.end}
    return answer_table(Answer(lines, {}, about), chosen, doubts)
