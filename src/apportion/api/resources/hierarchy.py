"""The products as they are part of each other, what each costs, and whether that can be right."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from apportion.api.answering import answer_data
from apportion.api.asking import AskedFilter, AskedPeriod
from apportion.api.described import (
    AMOUNT,
    DAY,
    NAMES,
    TEXT,
    Schema,
    described_data,
    object_schema,
    record_schema,
)
from apportion.api.reading import read_result
from apportion.report.hierarchy import (
    FIGURES,
    OF_INFRASTRUCTURE,
    Summary,
    TrendDay,
    as_data,
    hierarchy,
    trends,
)
from apportion.report.listing import Wanted, require_known
from apportion.report.sanity import sanity

router = APIRouter(tags=["costs"])

_TREND = {"type": "array", "items": record_schema(TrendDay)}
_FLAG: Schema = {"type": "boolean"}
_PRODUCT = object_schema(
    {
        "id": TEXT,
        "name": TEXT,
        **dict.fromkeys([*FIGURES, "own_cost", "subtree_cost"], AMOUNT),
        "again": _FLAG,
        # A product holds products, which a schema without a name cannot say.
        "children": {"type": "array", "items": {"type": "object"}},
    }
)
_PRODUCT["properties"]["trend"] = _TREND
_SUMMARY = object_schema(
    {
        **record_schema(Summary)["properties"],
        **{name: {"anyOf": [AMOUNT, {"type": "null"}]} for name in OF_INFRASTRUCTURE},
        "sanity_check_passed": {"anyOf": [_FLAG, {"type": "null"}]},
        "sanity_check_warnings": NAMES,
    }
)
_SAID = object_schema(
    {
        "start_date": DAY,
        "end_date": DAY,
        "currency": TEXT,
        "total_cost": AMOUNT,
        "products": {"type": "array", "items": _PRODUCT},
        "summary": _SUMMARY,
        "runs": NAMES,
    }
)


Trend = Annotated[bool, Query(description="With what each product cost on each day.")]


@router.get("/products/hierarchy", response_class=Response, responses=described_data(_SAID))
def get_hierarchy(
    request: Request,
    period: AskedPeriod,
    named: AskedFilter,
    trend: Trend = False,  # noqa: FBT002 - FastAPI takes parameters by name
) -> Response:
    """Every product, below what it is part of: direct, indirect, holistic and retained cost.

    A product that is part of several stands below each, from the second time on with `again`, and
    is counted once. The summary says how large all is, and whether the figures can be right, which
    is derived from the rows anew. Who may see only some products is not told what they cannot tell:
    it is null.
    """
    read = read_result(request, period)
    result = read.result
    wanted = Wanted(result.start, result.end, named.nodes, named.dimensions)
    require_known(read.connection, result.model, wanted)
    proof = read.proof(named.dimensions)
    asked = (read.connection, result.model, wanted)
    found = hierarchy(*asked, result.currency, result.scale, proof)
    problems = sanity(*asked, found, result.scale, proof)
    said = as_data(found, problems, trends(*asked) if trend else None)
    return answer_data({**said, "runs": [each.run_id for each in result.runs]}, read.doubts)
