"""Deliveries: what came in, whether it counts, and taking it back."""

from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from apportion.api.answering import answer_data
from apportion.api.described import (
    AMOUNT,
    COUNT,
    DAY,
    TEXT,
    Schema,
    array_schema,
    described_answer,
    described_data,
    object_schema,
    record_schema,
)
from apportion.api.once import IdempotencyKey, body_digest, broken, once
from apportion.api.problems import documented
from apportion.api.reading import workspace_of
from apportion.api.resources.ingest import MOVED, MOVED_COSTS
from apportion.api.wording import reworded
from apportion.api.working import FILE_SHARE, working_of
from apportion.jobs.outcomes import Outcome
from apportion.jobs.taking_back import TakingBack, take_back
from apportion.jobs.uploads import private_folder
from apportion.ledger.inventory import Delivered, Event, Part, ingests_without_lines
from apportion.report.deliveries import as_data, in_full_as_data

router = APIRouter(prefix="/deliveries", tags=["writing"])

LONGEST_REASON = 1000

DeliveryPath = Annotated[
    str,
    Path(pattern="^[0-9A-Za-z-]{1,64}$", description="A delivery's id, or the beginning of it."),
]
Reason = Annotated[
    str, Field(min_length=1, max_length=LONGEST_REASON, description="Why; it is kept.")
]


class WithdrawalAsked(BaseModel):
    """Why a delivery is to count no more."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class RestorationAsked(BaseModel):
    """Why a delivery is to count again, and what it means for what counts by now."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason
    mode: Annotated[
        Literal["", "replace", "append"],
        Field(
            description="`replace`: the delivery is all there is of what it speaks for. `append`: "
            "it adds to what the ledger has. Without one it is refused (409) where it has to be "
            "said."
        ),
    ] = ""


def _or_none(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


_DELIVERY = record_schema(Delivered)
_DELIVERY["properties"] |= {
    "standing": TEXT,
    "totals": {
        "type": "object",
        "additionalProperties": {"type": "object", "additionalProperties": _or_none(AMOUNT)},
    },
}
_ALL = object_schema({"deliveries": array_schema(_DELIVERY), "ingests_without_lines": COUNT})
_ONE = object_schema(
    {
        "delivery": _DELIVERY,
        "parts": array_schema(record_schema(Part)),
        "history": array_schema(record_schema(Event)),
    }
)
_RUN = object_schema({"run_id": TEXT, "start_date": DAY, "end_date": DAY, "currency": TEXT})
_CHANGED = object_schema(
    {
        "change": TEXT,
        "kind": TEXT,
        "delivery": TEXT,
        "reason": TEXT,
        "rows": COUNT,
        "replaced_rows": COUNT,
        "moved": array_schema(MOVED),
        "moved_costs": array_schema(MOVED_COSTS),
        "first_day": _or_none(DAY),
        "last_day": _or_none(DAY),
        "outdated_runs": array_schema(_RUN),
    }
)
_ANSWERS: dict[int | str, dict[str, Any]] = {
    201: described_answer(_CHANGED, "It is recorded; this is what moved."),
    **documented(404, 409),
}


@router.get("", response_class=Response, responses=described_data(_ALL))
def get_deliveries(request: Request) -> Response:
    """What came in of costs, the latest first, and whether each counts."""
    workspace = workspace_of(request)
    listed = [as_data(each) for each in workspace.deliveries()]
    unlisted = ingests_without_lines(workspace.store)
    return answer_data({"deliveries": listed, "ingests_without_lines": unlisted})


@router.get("/{delivery_id}", response_class=Response, responses=described_data(_ONE))
def get_delivery(request: Request, delivery_id: DeliveryPath) -> Response:
    """One delivery: its files, what counts of it, and what was done with it."""
    return answer_data(in_full_as_data(workspace_of(request).delivery(delivery_id)))


@router.post(
    "/{delivery_id}/withdrawal", status_code=201, response_class=Response, responses=_ANSWERS
)
async def post_withdrawal(
    request: Request, key: IdempotencyKey, delivery_id: DeliveryPath, asked: WithdrawalAsked
) -> Response:
    """Let a delivery count no more; what it had superseded counts again. Its lines stay."""
    return await _changed(request, key, TakingBack("withdrawal", delivery_id, asked.reason))


@router.post(
    "/{delivery_id}/restoration", status_code=201, response_class=Response, responses=_ANSWERS
)
async def post_restoration(
    request: Request, key: IdempotencyKey, delivery_id: DeliveryPath, asked: RestorationAsked
) -> Response:
    """Let a delivery count again that was withdrawn, as if it came now."""
    wanted = TakingBack("restoration", delivery_id, asked.reason, asked.mode)
    return await _changed(request, key, wanted)


async def _changed(request: Request, key: str, asked: TakingBack) -> Response:
    working = working_of(request)

    def done() -> Outcome:
        with private_folder(working.settings.folder) as private:
            folder, allowed = working.settings.folder, working.allowed(FILE_SHARE)
            return take_back(working.children, folder, private, asked, allowed)

    async def work() -> Response:
        outcome = await working.do(done)
        answer = broken(request, outcome)
        if answer is not None:
            return answer
        return JSONResponse(reworded(outcome.done), int(HTTPStatus.CREATED))

    return await once(request, key, await body_digest(request), work)
