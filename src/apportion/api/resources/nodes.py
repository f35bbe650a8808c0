"""What each node had, received, gave on and kept."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from apportion.api.asking import AskedFilter, AskedPeriod, AskedRows
from apportion.api.described import described_listing
from apportion.api.listings import answer_listing
from apportion.api.reading import read_result
from apportion.report.nodes import COLUMNS, nodes

router = APIRouter(tags=["costs"])


@router.get("/nodes", response_class=Response, responses=described_listing(COLUMNS))
def get_nodes(
    request: Request, period: AskedPeriod, named: AskedFilter, rows: AskedRows
) -> Response:
    """One row per node with cost in the period, the dearest first."""
    return answer_listing(request, nodes, read_result(request, period), rows, named)
