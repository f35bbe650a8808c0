"""What each node had and kept, day by day."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from apportion.api.asking import AskedFilter, AskedPeriod, AskedRows
from apportion.api.described import described_listing
from apportion.api.listings import answer_listing
from apportion.api.reading import read_result
from apportion.report.allocations import COLUMNS, allocations

router = APIRouter(tags=["costs"])


@router.get("/allocations", response_class=Response, responses=described_listing(COLUMNS))
def get_allocations(
    request: Request, period: AskedPeriod, named: AskedFilter, rows: AskedRows
) -> Response:
    """One row per node, day and dimension: direct, indirect, holistic, given, retained."""
    return answer_listing(request, allocations, read_result(request, period), rows, named)
