"""What the runs of a period assumed, counted."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from apportion.api.answering import answer_table, wanted_format
from apportion.api.asking import AskedPeriod, FormatName
from apportion.api.described import COUNT, TEXT, described_rows, object_schema
from apportion.api.formats.format import Answer
from apportion.api.reading import read_result
from apportion.result import WARNING_SCHEMA

router = APIRouter(tags=["costs"])

WARNING = object_schema(
    dict.fromkeys(WARNING_SCHEMA.names, TEXT)
    | {
        "days": {"anyOf": [COUNT, {"type": "null"}]},
        "amount": {"anyOf": [TEXT, {"type": "null"}]},
    }
)


@router.get("/warnings", response_class=Response, responses=described_rows({}, WARNING))
def get_warnings(request: Request, period: AskedPeriod, format_name: FormatName = "") -> Response:
    """One row per assumption: its code and sentence, the edge and metric, days and money."""
    chosen = wanted_format(request, format_name)
    read = read_result(request, period)
    return answer_table(Answer(read.result.warnings, {}), chosen, read.doubts)
