"""Which share each receiver got of its sources."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from apportion.api.asking import AskedFilter, AskedPeriod, AskedRows
from apportion.api.described import described_listing
from apportion.api.listings import answer_listing
from apportion.api.reading import read_result
from apportion.report.shares import COLUMNS, shares

router = APIRouter(tags=["costs"])


@router.get("/shares", response_class=Response, responses=described_listing(COLUMNS))
def get_shares(
    request: Request, period: AskedPeriod, named: AskedFilter, rows: AskedRows
) -> Response:
    """One row per edge and stretch of days with the same share; shares are to be read only."""
    return answer_listing(request, shares, read_result(request, period), rows, named)
