"""What each edge carried, day by day."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from apportion.api.asking import AskedFilter, AskedPeriod, AskedRows
from apportion.api.described import OF_ONE_NODE, described_listing
from apportion.api.listings import answer_listing
from apportion.api.reading import read_result
from apportion.report.contributions import COLUMNS, contributions

router = APIRouter(tags=["costs"])


@router.get(
    "/contributions",
    response_class=Response,
    responses=described_listing(COLUMNS, OF_ONE_NODE),
)
def get_contributions(
    request: Request, period: AskedPeriod, named: AskedFilter, rows: AskedRows
) -> Response:
    """One row per edge, day and dimension; `nodes` are sources or receivers.

    Amounts have no total: what flows along two edges in a row would count twice. Where one node is
    asked for, `node_totals` says what it `received` in all and has `given`.
    """
    return answer_listing(request, contributions, read_result(request, period), rows, named)
