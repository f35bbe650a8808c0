"""Whether the process lives, and whether it is ready: whether the ledger can be read."""

from http import HTTPStatus

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

import apportion
from apportion.api.current import current
from apportion.api.problems import documented, problem
from apportion.findings import ApportionError, Finding
from apportion.ledger.damage import require_readable

router = APIRouter(tags=["server"])

NOT_KEPT = {"Cache-Control": "no-store"}


class Health(BaseModel):
    """That the server answers, and in which version."""

    status: str
    version: str


@router.get("/health", response_model=Health)
async def get_health() -> Response:
    """Whether the process lives. It says nothing of the ledger: see `ready`."""
    return JSONResponse({"status": "ok", "version": apportion.__version__}, headers=NOT_KEPT)


@router.get("/ready", response_model=Health, responses=documented(503))
def get_ready(request: Request) -> Response:
    """Whether questions can be answered: the ledger can be read and the server is not stopping."""
    findings: tuple[Finding, ...] = ()
    said = "The server is stopping."
    if not request.app.state.stopping.is_set():
        try:
            require_readable(current(request.app.state.settings.folder, None).workspace.store)
        except ApportionError as error:
            findings, said = error.findings, "The ledger cannot be read."
        else:
            ready = {"status": "ready", "version": apportion.__version__}
            return JSONResponse(ready, headers=NOT_KEPT)
    return problem(request, HTTPStatus.SERVICE_UNAVAILABLE, said, findings, NOT_KEPT)
