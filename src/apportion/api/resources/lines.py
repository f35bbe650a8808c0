"""The lines of bills behind a node's direct cost."""

from http import HTTPStatus
from typing import Any

import pyarrow as pa
from fastapi import APIRouter, Request
from starlette.responses import Response

from apportion import database
from apportion.api.answering import (
    answer_table,
    name_next,
    page_after,
    place_of,
    rows_wanted,
    wanted_format,
)
from apportion.api.asking import AskedDimensions, AskedRows, Day, PathName
from apportion.api.described import (
    AMOUNT,
    COUNT,
    DAY,
    TEXT,
    Schema,
    described_rows,
    object_schema,
    record_schema,
)
from apportion.api.formats.format import Answer
from apportion.api.listings import asked_of
from apportion.api.problems import ProblemError
from apportion.api.reading import watched, workspace_of
from apportion.api.visibility import narrowed_model, products_of
from apportion.findings import UsageError
from apportion.ledger.bill_lines import BILL_LINES
from apportion.ledger.runs import pinned_versions
from apportion.report.node_lines import KEPT, LINE, LinesProof, LinesWanted, head, node_lines
from apportion.report.paging import rows_before
from apportion.workspace import Workspace

router = APIRouter(tags=["costs"])

_OR_NULL = {"type": "null"}


def _cell(kind: pa.DataType) -> Schema:
    if pa.types.is_decimal(kind):
        return AMOUNT
    if pa.types.is_timestamp(kind):
        return {"type": "string", "format": "date-time"}
    if pa.types.is_map(kind):
        return {"type": "object", "additionalProperties": TEXT}
    return {pa.int64(): COUNT, pa.date32(): DAY}.get(kind, TEXT)


_PROOF = record_schema(LinesProof)["properties"]
_HEAD = {
    "node": TEXT,
    "start_date": {"anyOf": [DAY, _OR_NULL]},
    "end_date": {"anyOf": [DAY, _OR_NULL]},
    "total_rows": COUNT,
    "sums": {"type": "array", "items": object_schema({**_PROOF, "holds": {"type": "boolean"}})},
    "next": {"type": ["string", "null"]},
}
_ROW = object_schema(
    {field.name: _cell(field.type) for field in LINE},
    {name: {"anyOf": [_cell(BILL_LINES.schema.field(name).type), _OR_NULL]} for name in KEPT},
)


# Before the node itself, whose id may hold slashes.
@router.get(
    "/nodes/{node_id:path}/lines", response_class=Response, responses=described_rows(_HEAD, _ROW)
)
def get_lines(
    request: Request,
    node_id: PathName,
    dimensions: AskedDimensions,
    rows: AskedRows,
    start_date: Day | None = None,
    end_date: Day | None = None,
) -> Response:
    """The lines of bills that the node's direct cost was made of, the largest first.

    It is the cost that the ledger has now, whatever a run has read; without dates that of all days.
    `cost` is the whole line's, `cost_within` what of it falls on the days asked for. `sums` has by
    currency the exact sum of all lines beside the direct cost, and whether they differ by no more
    than the rounding of bills. A line has all columns of its bill that any line of the answer has
    something in.
    """
    workspace = workspace_of(request)
    chosen = wanted_format(request, rows.format)
    counting = sorted(pinned_versions(workspace.store).items())
    question = (request.url.path, counting, asked_of(request))
    skipped = rows_before(place_of(question, rows.cursor))
    limit = rows_wanted(rows, chosen)
    wanted = LinesWanted(node_id, start_date, end_date, dimensions, None, limit, skipped)
    connection = watched(request, database.connect())
    seen = _seen(request, workspace)
    try:
        found = node_lines(connection, workspace.store, workspace.model, wanted, seen)
    except UsageError as error:
        if any(node_id == each.details.get("node") for each in error.findings):
            message = error.findings[0].message
            raise ProblemError(HTTPStatus.NOT_FOUND, message, error.findings) from error
        raise
    reached = skipped + found.table.num_rows
    following = page_after(question, (str(reached),)) if reached < found.total_rows else None
    said: dict[str, Any] = {**head(found), "next": following}
    answer = answer_table(Answer(found.table, said, {"node": node_id}), chosen, found.findings)
    return name_next(request, following, answer)


def _seen(request: Request, workspace: Workspace) -> frozenset[str] | None:
    """The nodes that who asks may see, or None where there is no limit."""
    products = products_of(request)
    if products is None:
        return None
    return frozenset(node.id for node in narrowed_model(workspace.model, products).nodes)
