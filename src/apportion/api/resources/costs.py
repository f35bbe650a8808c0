"""All cost, by the type of the nodes that had it or by the value of a label that they bear."""

from typing import Annotated

import duckdb
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from apportion.api.asking import LONGEST_NAME, AskedFilter, AskedPeriod, AskedRows
from apportion.api.described import described_listing
from apportion.api.listings import answer_listing
from apportion.api.reading import read_result
from apportion.model import Model
from apportion.report import costs_by_label as by_label
from apportion.report import costs_by_type as by_type
from apportion.report.listing import Listing, Wanted

router = APIRouter(prefix="/costs", tags=["costs"])


@router.get("/by-type", response_class=Response, responses=described_listing(by_type.COLUMNS))
def get_costs_by_type(
    request: Request, period: AskedPeriod, named: AskedFilter, rows: AskedRows
) -> Response:
    """One row per type of node; direct cost sums to all cost, and so does what is retained."""
    read = read_result(request, period)
    return answer_listing(request, by_type.costs_by_type, read, rows, named)


@router.get("/by-label", response_class=Response, responses=described_listing(by_label.COLUMNS))
def get_costs_by_label(
    request: Request,
    period: AskedPeriod,
    named: AskedFilter,
    rows: AskedRows,
    key: Annotated[str, Query(max_length=LONGEST_NAME, description="The label.")],
) -> Response:
    """One row per value of a label; the empty value stands for all nodes without it."""

    def ask(
        connection: duckdb.DuckDBPyConnection, model: Model, wanted: Wanted, currency: str
    ) -> Listing:
        return by_label.costs_by_label(connection, model, wanted, key, currency)

    return answer_listing(request, ask, read_result(request, period), rows, named)
