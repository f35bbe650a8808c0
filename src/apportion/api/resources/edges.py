"""What each edge carried in a period."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from apportion.api.asking import AskedFilter, AskedPeriod, AskedRows
from apportion.api.described import OF_ONE_NODE, described_listing
from apportion.api.listings import answer_listing
from apportion.api.reading import read_result
from apportion.report.edges import COLUMNS, edges

router = APIRouter(tags=["costs"])


@router.get("/edges", response_class=Response, responses=described_listing(COLUMNS, OF_ONE_NODE))
def get_edges(
    request: Request, period: AskedPeriod, named: AskedFilter, rows: AskedRows
) -> Response:
    """One row per edge that is active in the period; `nodes` are sources or receivers.

    Where one node is asked for, `node_totals` says what it `received` in all and has `given`.
    """
    return answer_listing(request, edges, read_result(request, period), rows, named)
