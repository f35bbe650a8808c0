"""What each product costs, by itself and with all that is part of it."""

import pyarrow as pa
from fastapi import APIRouter, Request
from starlette.responses import Response

from apportion.api.answering import answer_data, answer_table, wanted_format
from apportion.api.asking import AskedFilter, AskedPeriod, FormatName, Limit
from apportion.api.described import (
    AMOUNT,
    COUNT,
    DAY,
    DOUBTS,
    TEXT,
    described_formats,
    object_schema,
    record_schema,
)
from apportion.api.formats import FORMATS
from apportion.api.formats.format import Answer
from apportion.api.reading import read_result
from apportion.report.listing import Wanted, require_known
from apportion.report.products import SHOWN, ProductLine, ServingProduct, as_data, products

router = APIRouter(tags=["costs"])

_PRODUCT = record_schema(ProductLine, but=SHOWN)
_SERVING = record_schema(ServingProduct, but=SHOWN)
_NAMES = {"type": "array", "items": TEXT}
_PRODUCTS = object_schema(
    {
        "start_date": DAY,
        "end_date": DAY,
        "currency": TEXT,
        "total": AMOUNT,
        "total_lines": COUNT,
        "products": {"type": "array", "items": _PRODUCT},
        "infrastructure": {"type": "array", "items": _SERVING},
        "runs": _NAMES,
        "without_cost": _NAMES,
        "kept_nothing": _NAMES,
        "kept_unallocated": _NAMES,
        **DOUBTS,
    }
)


@router.get("/products", response_class=Response, responses=described_formats(_PRODUCTS))
def get_products(
    request: Request,
    period: AskedPeriod,
    named: AskedFilter,
    limit: Limit = None,
    format_name: FormatName = "",
) -> Response:
    """All products, in the order of the hierarchy, the dearest first.

    `holistic` is the full cost of a product, `given` what it passed on to others, `own` what it
    keeps, `subtree` that with all that is part of it. `infrastructure` are the products that
    serve others as a platform does.

    A product that is part of several stands below each; from the second time on `again` is true,
    and a sum leaves that line out.
    """
    chosen = wanted_format(request, format_name)
    read = read_result(request, period)
    result = read.result
    wanted = Wanted(result.start, result.end, named.nodes, named.dimensions, limit)
    require_known(read.connection, result.model, wanted)
    found = products(read.connection, result.model, wanted, result.currency, result.scale)
    said = {**as_data(found), "runs": [each.run_id for each in result.runs]}
    if chosen is FORMATS["json"]:
        return answer_data(said, read.doubts)
    lines = pa.Table.from_pylist(said["products"], schema=_lines_schema(result.scale))
    about = {"currency": found.currency, "start_date": found.start, "end_date": found.end}
    return answer_table(Answer(lines, {}, about), chosen, read.doubts)


def _lines_schema(scale: int) -> pa.Schema:
    amount = pa.decimal128(38, scale)
    return pa.schema(
        [
            ("id", pa.string()),
            ("name", pa.string()),
            ("depth", pa.int64()),
            ("part_of", pa.list_(pa.string())),
            ("holistic", amount),
            ("given", amount),
            ("own", amount),
            ("subtree", amount),
            ("again", pa.bool_()),
        ]
    )
