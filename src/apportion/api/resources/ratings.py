"""Ratings: usage in the ledger becomes charges in the ledger."""

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from apportion.api.answering import answer_data
from apportion.api.described import (
    COUNT,
    FINDINGS,
    TEXT,
    described_answer,
    described_data,
    object_schema,
    record_schema,
)
from apportion.api.once import IdempotencyKey, body_digest, broken, once
from apportion.api.problems import documented
from apportion.api.reading import workspace_of
from apportion.api.wording import reworded
from apportion.api.working import RUN_SHARE, working_of
from apportion.jobs.outcomes import Outcome
from apportion.jobs.rating import rate
from apportion.jobs.uploads import private_folder
from apportion.ledger.record_rating import Rating
from apportion.report.ratings import as_data

router = APIRouter(prefix="/ratings", tags=["usage"])

_WARNING = {"code": TEXT, "message": TEXT, "severity": TEXT, "account": TEXT}
_WARNINGS = {"type": "array", "items": object_schema(_WARNING)}
_DAY_OR_NONE = {"type": ["string", "null"], "format": "date"}
_RECORD = record_schema(Rating, but=("model",))
_RECORD["properties"] |= {
    "chargeable_units": COUNT,
    "findings": _WARNINGS,
    "start_date": _DAY_OR_NONE,
    "end_date": _DAY_OR_NONE,
}
_RATINGS = object_schema({"ratings": {"type": "array", "items": _RECORD}})
_RATED = object_schema({"is_new": {"type": "boolean"}, "rating": _RECORD, "warnings": FINDINGS})
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: described_answer(_RATED, "Usage, rates and allowances are those of the latest rating."),
    201: described_answer(_RATED, "The charges are in the ledger."),
    **documented(409),
}


@router.get("", response_class=Response, responses=described_data(_RATINGS))
def get_ratings(request: Request) -> Response:
    """The completed ratings, the latest first."""
    billing = workspace_of(request).billing
    known = billing.ratings() if billing.has_usage() else []
    return answer_data({"ratings": [as_data(each) for each in known]})


@router.post("", response_class=Response, responses=_ANSWERS)
async def post_rating(request: Request, key: IdempotencyKey) -> Response:
    """Rate all billable usage anew, prove the charges and record them.

    Where usage, rates and allowances are those of the latest rating, nothing is done.
    """
    working = working_of(request)

    def rated() -> Outcome:
        with private_folder(working.settings.folder) as private:
            return rate(
                working.children, working.settings.folder, private, working.allowed(RUN_SHARE)
            )

    async def work() -> Response:
        outcome = await working.do(rated)
        answer = broken(request, outcome)
        if answer is not None:
            return answer
        assert outcome.done is not None
        status = HTTPStatus.CREATED if outcome.done["is_new"] else HTTPStatus.OK
        return JSONResponse(reworded(outcome.done), int(status))

    return await once(request, key, await body_digest(request), work)
