"""The proof of a result, made anew from its rows: the first step in finding out what is wrong."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from apportion import database
from apportion.api.answering import answer_data
from apportion.api.asking import AskedDimensions, AskedPeriod
from apportion.api.described import AMOUNT, TEXT, described_data, object_schema, record_schema
from apportion.api.reading import read_result, watched, workspace_of
from apportion.api.resources.warnings import WARNING as ASSUMPTION
from apportion.reconcile.reconciliation import Reconciliation
from apportion.report.assumptions import assumptions
from apportion.report.doubts import unproven, without_assumed
from apportion.report.links import NAMES
from apportion.report.links import as_data as links_data
from apportion.report.listing import Wanted, require_known

router = APIRouter(prefix="/debug", tags=["costs"])

_LIST = {"type": "array", "items": TEXT}
_LINK = object_schema(
    {
        "link": {"type": "string", "enum": list(NAMES)},
        "currency": TEXT,
        "one": AMOUNT,
        "other": AMOUNT,
        "difference": AMOUNT,
        "holds": {"type": "boolean"},
    }
)
_SAID = object_schema(
    {
        **record_schema(Reconciliation)["properties"],
        "runs": _LIST,
        "gaps": {"type": "array", "items": _LIST},
        "links": {"type": "array", "items": _LINK},
        "assumptions": {"type": "array", "items": ASSUMPTION},
    }
)


@router.get("/reconciliation", response_class=Response, responses=described_data(_SAID))
def get_reconciliation(
    request: Request, period: AskedPeriod, dimensions: AskedDimensions
) -> Response:
    """What came in, where it went, what is left and why, and every invariant that does not hold.

    `links` has both sides of each link from the files to the products, and whether they are one.
    A bill is taken whole there, so with `dimensions` there are no links.
    """
    read = read_result(request, period)
    wanted = Wanted(read.result.start, read.result.end, dimensions=dimensions)
    require_known(read.connection, read.result.model, wanted)
    proof = read.proof(dimensions)
    assert proof is not None
    said = {**proof.to_dict(), **read.result.answered_by}
    said["links"] = []
    if not dimensions:
        connection = watched(request, database.connect())
        found = workspace_of(request).links(read.result, proof, connection)
        said["links"] = links_data(found)
    recorded = read.result.warnings.to_pylist()
    said["assumptions"] = assumptions(recorded, without_assumed(read.doubts))
    return answer_data(said, (*unproven(read.result, proof), *read.doubts))
