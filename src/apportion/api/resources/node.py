"""One node: what it is, what it cost, where that came from and went, and how it was day by day."""

from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import Response

from apportion.api.answering import answer_data, answer_table, wanted_format
from apportion.api.asking import AskedDimensions, AskedPeriod, FormatName, PathName
from apportion.api.described import (
    COUNT,
    DAY,
    DOUBTS,
    NAMES,
    TEXT,
    described_data,
    described_formats,
    object_schema,
    record_schema,
    row_schema,
    schema_of,
)
from apportion.api.formats import FORMATS
from apportion.api.formats.format import Answer
from apportion.api.problems import ProblemError
from apportion.api.reading import Read, read_result
from apportion.findings import UsageError
from apportion.report.listing import Wanted, require_known
from apportion.report.node import CameFrom, NodeEdge, NodeFigures, WentTo, as_data, node
from apportion.report.timeseries import COST_COLUMNS, USAGE_COLUMNS, cost_by_day, usage_by_day
from apportion.report.timeseries import as_data as series_data

router = APIRouter(tags=["costs"])

_FIGURES = record_schema(NodeFigures)["properties"]
_LABELS = {"type": "object", "additionalProperties": TEXT}
_NODE = object_schema(
    {
        "id": TEXT,
        "name": TEXT,
        "type": TEXT,
        "infrastructure": {"type": "boolean"},
        "labels": _LABELS,
        "part_of": NAMES,
        "archived_on": {"anyOf": [DAY, {"type": "null"}]},
        "start_date": DAY,
        "end_date": DAY,
        "currency": TEXT,
        "days": COUNT,
        **_FIGURES,
        "dimensions": {"type": "array", "items": object_schema({"dimension": TEXT, **_FIGURES})},
        "edges_in": schema_of(tuple[NodeEdge, ...]),
        "edges_out": schema_of(tuple[NodeEdge, ...]),
        "contributions_in": schema_of(tuple[CameFrom, ...]),
        "contributions_out": schema_of(tuple[WentTo, ...]),
    }
)
_SERIES = object_schema(
    {
        "id": TEXT,
        "start_date": DAY,
        "end_date": DAY,
        "currency": TEXT,
        "cost": {"type": "array", "items": row_schema(COST_COLUMNS)},
        "usage": {"type": "array", "items": row_schema(USAGE_COLUMNS)},
        **DOUBTS,
    }
)


# Before the node itself, whose id may hold slashes.
@router.get(
    "/nodes/{node_id:path}/timeseries",
    response_class=Response,
    responses=described_formats(_SERIES),
)
def get_timeseries(
    request: Request,
    node_id: PathName,
    period: AskedPeriod,
    dimensions: AskedDimensions,
    format_name: FormatName = "",
) -> Response:
    """What the node had, received, gave and kept on each day, and what it used by metric.

    Usage is that which the runs read, so that it explains their shares. Flat formats have the costs
    alone.
    """
    chosen = wanted_format(request, format_name)
    read = read_result(request, period)
    wanted = _wanted(read, dimensions)
    _require_node(read, node_id)
    cost = cost_by_day(read.connection, wanted, node_id, read.result.currency)
    if chosen is not FORMATS["json"]:
        about = {"node": node_id, "currency": cost.currency}
        return answer_table(Answer(cost.rows, {}, about), chosen, read.doubts)
    usage = usage_by_day(read.connection, wanted, node_id, read.result.currency)
    return answer_data(series_data(node_id, cost, usage), read.doubts)


@router.get("/nodes/{node_id:path}", response_class=Response, responses=described_data(_NODE))
def get_node(
    request: Request, node_id: PathName, period: AskedPeriod, dimensions: AskedDimensions
) -> Response:
    """What the node is, its five figures in all and by dimension, its edges and contributions."""
    read = read_result(request, period)
    _require_node(read, node_id)
    result = read.result
    wanted = _wanted(read, dimensions)
    found = node(read.connection, result.model, wanted, node_id, result.currency, result.scale)
    return answer_data(as_data(found), read.doubts)


def _require_node(read: Read, node_id: str) -> None:
    alone = Wanted(read.result.start, read.result.end, nodes=(node_id,))
    try:
        require_known(read.connection, read.result.model, alone)
    except UsageError as error:
        said = error.findings[0].message
        raise ProblemError(HTTPStatus.NOT_FOUND, said, error.findings) from error


def _wanted(read: Read, dimensions: tuple[str, ...]) -> Wanted:
    wanted = Wanted(read.result.start, read.result.end, dimensions=dimensions)
    require_known(read.connection, read.result.model, wanted)
    return wanted
