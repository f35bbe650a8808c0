"""Runs: begun, watched while they are on their way, and read once they are recorded."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path as Folder
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response, StreamingResponse

from apportion.api.asking import LONGEST_NAME, MOST_NAMES, CurrencyCode, Day
from apportion.api.described import (
    COUNT,
    FINDINGS,
    TEXT,
    Schema,
    described_answer,
    object_schema,
    record_schema,
)
from apportion.api.once import IdempotencyKey, Promise, body_digest, broken, once, principal_of
from apportion.api.problems import documented
from apportion.api.reading import workspace_of
from apportion.api.resources.health import NOT_KEPT
from apportion.api.resources.warnings import WARNING
from apportion.api.run_events import events_of
from apportion.api.wording import reworded
from apportion.api.working import RUN_SHARE, working_of
from apportion.jobs.outcomes import MOST_FINDINGS
from apportion.jobs.runs import IfBusy, RunAsked, begin_run, job, jobs
from apportion.jobs.table import Job, State
from apportion.ledger.runs import Run
from apportion.report.doubts import require_order
from apportion.report.json_text import plain
from apportion.report.runs import as_data, listed_as_data
from apportion.workspace import Workspace

router = APIRouter(prefix="/runs", tags=["runs"])

MOST_JOBS = 200
"""How many runs that are not recorded are listed, the latest."""

RunPath = Annotated[
    str, Path(pattern="^[0-9A-Za-z-]{1,64}$", description="A run's id, or the beginning of it.")
]


class RunWanted(BaseModel):
    """A run that is wanted: of which days, in which currency, over which kinds of cost."""

    model_config = ConfigDict(extra="forbid")

    start_date: Day
    end_date: Day
    dimensions: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]] | None,
        Field(
            min_length=1,
            max_length=MOST_NAMES,
            description="Only these kinds of cost; null means all.",
        ),
    ] = None
    currency: Annotated[
        CurrencyCode, Field(description="Convert to this. Empty: the workspace's.")
    ] = ""
    if_busy: Annotated[
        IfBusy, Field(description="While another run is under way: be refused (409), or wait.")
    ] = IfBusy.REFUSE


def _or_none(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


_REQUEST = object_schema(
    {
        "start_date": TEXT,
        "end_date": TEXT,
        "dimensions": _or_none({"type": "array", "items": TEXT}),
        "currency": TEXT,
    }
)
_JOB: Mapping[str, Schema] = {
    "run_id": TEXT,
    "state": {"type": "string", "enum": [str(each) for each in State]},
    "days_done": COUNT,
    "days_total": COUNT,
    "asked_by": _or_none(TEXT),
    "asked_at": _or_none({"type": "string", "format": "date-time"}),
    "request": _or_none(_REQUEST),
    "error": TEXT,
    "findings": FINDINGS,
    "findings_total": COUNT,
}
_RECORD = record_schema(Run)
_RECORD["properties"] |= {
    "dimensions": _or_none({"type": "array", "items": TEXT}),
    "timings": {"type": "object"},
}
_LISTED = object_schema({**_RECORD["properties"], "superseded": {"type": "boolean"}})
_ALL = object_schema(
    {
        "runs": {"type": "array", "items": _LISTED},
        "jobs": {"type": "array", "items": object_schema(_JOB)},
    }
)
_ONE = object_schema(
    {
        **_JOB,
        "run": _or_none(_RECORD),
        "warnings": {"type": "array", "items": WARNING},
        "warnings_total": COUNT,
    }
)
_BEGUN: dict[int | str, dict[str, Any]] = {
    202: {
        **described_answer(object_schema(_JOB), "The run is on its way."),
        "headers": {"Location": {"description": "Where it is told how far.", "schema": TEXT}},
    },
    **documented(409),
}
_EVENT: Schema = {
    "type": "object",
    "properties": {
        "event": {"type": "string", "enum": ["progress", "end", "stopping"]},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
    "required": ["event", "data"],
}
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events `progress`, `end` and `stopping`, each with JSON as of the run.",
        "content": {"text/event-stream": {"schema": _EVENT}},
    },
    **documented(404),
}


def job_data(found: Job) -> dict[str, Any]:
    """How far a run is that a server began."""
    return {
        "run_id": found.run_id,
        "state": str(found.state),
        "days_done": found.days_done,
        "days_total": found.days_total,
        "asked_by": found.asked_by,
        "asked_at": found.at,
        "request": dict(found.request),
        "error": found.outcome.get("error", ""),
        "findings": reworded(found.outcome.get("findings", [])),
        "findings_total": found.outcome.get("total", 0),
    }


def run_data(workspace: Workspace, run_id: str, found: Job | None) -> dict[str, Any]:
    """All that is known of a run: how far it is, and its record once it has one.

    Of what it assumed these are the first; ``GET /warnings`` has all.

    Raises ``LedgerError`` (``unknown_run``).
    """
    if found is not None and found.state is not State.COMPLETED:
        return {**job_data(found), "run": None, "warnings": [], "warnings_total": 0}
    result = workspace.result(run=run_id)
    run = result.runs[0]
    known = job_data(found) if found is not None else _of_record(run)
    assumed = result.warnings
    return {
        **known,
        "run": as_data(run),
        "warnings": assumed.slice(0, MOST_FINDINGS).to_pylist(),
        "warnings_total": assumed.num_rows,
    }


def _of_record(run: Run) -> dict[str, Any]:
    """How far a run is that somebody made without a server."""
    days = (run.end_date - run.start_date).days + 1
    return {
        "run_id": run.run_id,
        "state": str(State.COMPLETED),
        "days_done": days,
        "days_total": days,
        "asked_by": None,
        "asked_at": None,
        "request": None,
        "error": "",
        "findings": [],
        "findings_total": 0,
    }


def _json(data: Mapping[str, Any], status: HTTPStatus = HTTPStatus.OK) -> Response:
    body = json.dumps(data, default=plain) + "\n"
    return Response(body, int(status), NOT_KEPT, "application/json")


@router.post("", status_code=202, response_class=Response, responses=_BEGUN)
async def post_run(request: Request, key: IdempotencyKey, wanted: RunWanted) -> Response:
    """Begin a run; the answer says where to ask how far it is.

    One run at a time is made in a workspace. The run goes on when the connection is closed.
    """
    require_order(wanted.start_date, wanted.end_date)
    workspace, working = workspace_of(request), working_of(request)
    asked = RunAsked(
        workspace.new_run_id(),
        wanted.start_date,
        wanted.end_date,
        principal_of(request).name,
        datetime.now(UTC),
        None if wanted.dimensions is None else tuple(wanted.dimensions),
        wanted.currency,
        wanted.if_busy,
    )

    async def told(run_id: str) -> Response:
        found = await working.look(partial(job, working.settings.folder, run_id))
        assert found is not None
        headers = {"Location": f"{request.url.path}/{run_id}"}
        return JSONResponse(job_data(found), int(HTTPStatus.ACCEPTED), headers)

    async def work() -> Response:
        # A model that is wrong is better told now than as the end of a run.
        await working.look(lambda: workspace.model)
        folder = working.settings.folder
        begun = await working.look(
            partial(begin_run, working.children, folder, asked, working.allowed(RUN_SHARE))
        )
        answer = broken(request, begun)
        return answer or await told(asked.run_id)

    return await once(request, key, await body_digest(request), work, Promise(asked.run_id, told))


@router.get("", response_class=Response, responses={200: described_answer(_ALL, "The runs.")})
def get_runs(request: Request) -> Response:
    """The recorded runs, and those that were asked for and are not recorded; the latest first."""
    recorded = listed_as_data(workspace_of(request).runs())
    others = jobs(_folder(request), MOST_JOBS)
    return _json({"runs": recorded, "jobs": [job_data(each) for each in others]})


@router.get(
    "/{run_id}",
    response_class=Response,
    responses={200: described_answer(_ONE, "The run."), **documented(404)},
)
def get_run(request: Request, run_id: RunPath) -> Response:
    """How far a run is and, once it is recorded, its record and what it assumed."""
    return _json(run_data(workspace_of(request), run_id, job(_folder(request), run_id)))


@router.get("/{run_id}/events", response_class=Response, responses=_STREAM)
async def get_events(request: Request, run_id: RunPath) -> Response:
    """How far a run is, as server-sent events until it ends.

    The stream ends with `end`, which holds what the run's own path answers, or with `stopping`
    where the server stops: then ask again.
    """
    working, workspace = working_of(request), workspace_of(request)

    def whole(found: Job | None) -> dict[str, Any]:
        return run_data(workspace, run_id, found)

    found = await working.look(partial(job, working.settings.folder, run_id))
    if found is None:
        await working.look(partial(whole, None))
    events = events_of(request, run_id, job_data, whole)
    headers = {**NOT_KEPT, "X-Accel-Buffering": "no"}
    return StreamingResponse(events, headers=headers, media_type="text/event-stream")


def _folder(request: Request) -> Folder:
    return working_of(request).settings.folder
