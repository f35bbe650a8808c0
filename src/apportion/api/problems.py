"""Errors as problem details (RFC 9457), with the findings that the command line shows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import duckdb
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response

from apportion.api.wording import told
from apportion.findings import (
    ApportionError,
    Finding,
    IngestError,
    JobError,
    LedgerError,
    ModelError,
    Place,
    RunError,
    UsageError,
)
from apportion.jobs.outcomes import MOST_FINDINGS
from apportion.ledger.damage import damage

MEDIA_TYPE = "application/problem+json"

NOT_FOUND_CODES = frozenset(
    {
        "unknown_run",
        "unknown_delivery",
        "no_run",
        "unknown_account",
        "unknown_organisation",
        "unknown_node",
    }
)
"""Codes that tell of something that is not there, rather than of a wrong question."""

_STATUS: Mapping[type[ApportionError], HTTPStatus] = {
    UsageError: HTTPStatus.UNPROCESSABLE_ENTITY,
    ModelError: HTTPStatus.UNPROCESSABLE_ENTITY,
    IngestError: HTTPStatus.UNPROCESSABLE_ENTITY,
    RunError: HTTPStatus.UNPROCESSABLE_ENTITY,
    JobError: HTTPStatus.UNPROCESSABLE_ENTITY,
    LedgerError: HTTPStatus.SERVICE_UNAVAILABLE,
}

_STATUS_OF_CODES: Mapping[str, HTTPStatus] = {
    "ledger_busy": HTTPStatus.SERVICE_UNAVAILABLE,
    "damaged_ledger": HTTPStatus.SERVICE_UNAVAILABLE,
    "run_under_way": HTTPStatus.CONFLICT,
    "key_in_use": HTTPStatus.CONFLICT,
    "older_ledger": HTTPStatus.CONFLICT,
    "unsaid_replacement": HTTPStatus.CONFLICT,
    "repeated_lines": HTTPStatus.CONFLICT,
    "too_many_waiting": HTTPStatus.TOO_MANY_REQUESTS,
    "stopped_work": HTTPStatus.SERVICE_UNAVAILABLE,
}
_TRY_AGAIN = (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS)

FAULT = "This is a fault of the program. The request's id leads to its place in the server's log."
"""What is told of an error that nobody foresaw."""


class FindingData(BaseModel):
    """One thing that is wrong or doubtful; lines and columns count from 1, 0 is not known."""

    severity: str
    code: str
    message: str
    remedy: str
    file: str
    line: int
    column: int
    details: dict[str, Any]


class Problem(BaseModel):
    """What went wrong: ``type`` and ``title`` are the same for all of a kind.

    ``error`` names the exception that Python raises for it; it is empty for problems of the request
    itself. ``findings`` are the first of them where there are many; ``findings_total`` counts all.
    """

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    error: str
    findings_total: int
    findings: list[FindingData]


class ProblemError(Exception):
    """A problem that is no finding: of the request, not of what it is about."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        findings: Sequence[Finding] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Keep what the answer will say."""
        super().__init__(detail)
        self.status, self.detail, self.findings = status, detail, tuple(findings)
        self.headers = dict(headers or {})


def problem_body(
    status: HTTPStatus,
    detail: str,
    request_id: str,
    findings: Sequence[Finding] = (),
    error: str = "",
    total: int | None = None,
) -> bytes:
    """A problem as JSON, with the first of its findings; ``total`` counts all of them."""
    code = findings[0].code if findings else ""
    said = {
        "type": f"urn:apportion:problem:{code}" if code else "about:blank",
        "title": status.phrase,
        "status": int(status),
        "detail": detail,
        "request_id": request_id,
        "error": error,
        "findings_total": len(findings) if total is None else total,
        "findings": told(findings),
    }
    return json.dumps(said).encode()


def problem(
    request: Request,
    status: HTTPStatus,
    detail: str,
    findings: Sequence[Finding] = (),
    headers: Mapping[str, str] | None = None,
    error: BaseException | None = None,
) -> Response:
    """A problem as an answer. ``error`` is what it was raised for, if the findings are of one."""
    folder = request.app.state.settings.workspace
    placed = [without_folder(folder, each) for each in findings[:MOST_FINDINGS]]
    detail = detail.replace(folder, _HERE)
    named = type(error).__name__ if isinstance(error, ApportionError) else ""
    request_id = getattr(request.state, "request_id", "")
    total = max(len(findings), error.total if isinstance(error, ApportionError) else 0)
    body = problem_body(status, detail, request_id, placed, named, total)
    return Response(body, int(status), dict(headers or {}), MEDIA_TYPE)


_HERE = "<workspace>"


def without_folder(folder: str, finding: Finding) -> Finding:
    """A finding that does not tell where the workspace lies on the server's disk."""
    return replace(
        finding,
        message=finding.message.replace(folder, _HERE),
        remedy=finding.remedy.replace(folder, _HERE),
        where=_without(folder, finding.where),
        also=tuple(_without(folder, each) for each in finding.also),
    )


def _without(folder: str, place: Place) -> Place:
    return replace(place, file=place.file.replace(folder, _HERE))


def status_of(error: ApportionError) -> HTTPStatus:
    """Which status tells of an error: it is the question's, the input's or the ledger's fault.

    Of a model or a file that names what is not there, nothing is missing at the address asked for.
    """
    asked = isinstance(error, UsageError | LedgerError)
    if asked and all(each.code in NOT_FOUND_CODES for each in error.findings):
        return HTTPStatus.NOT_FOUND
    for each in error.findings:
        if each.code in _STATUS_OF_CODES:
            return _STATUS_OF_CODES[each.code]
    return _STATUS.get(type(error), HTTPStatus.UNPROCESSABLE_ENTITY)


def answer_errors(app: FastAPI) -> None:
    """Let every error of a resource become a problem."""

    @app.exception_handler(ApportionError)
    async def _of_findings(request: Request, error: ApportionError) -> Response:
        status = status_of(error)
        headers = {"Retry-After": "5"} if status in _TRY_AGAIN else {}
        said = error.findings[0].message
        return problem(request, status, said, error.findings, headers, error)

    @app.exception_handler(ProblemError)
    async def _of_request(request: Request, error: ProblemError) -> Response:
        cause = error.__cause__
        return problem(request, error.status, error.detail, error.findings, error.headers, cause)

    @app.exception_handler(RequestValidationError)
    async def _of_parameters(request: Request, error: RequestValidationError) -> Response:
        findings = [_invalid(each) for each in error.errors()]
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return problem(request, status, findings[0].message, findings)

    @app.exception_handler(duckdb.InterruptException)
    async def _of_long_questions(request: Request, _: duckdb.InterruptException) -> Response:
        most = request.app.state.settings.read_seconds
        said = f"The answer took longer than {most:g} seconds. Ask for fewer days or nodes."
        return problem(request, HTTPStatus.SERVICE_UNAVAILABLE, said)

    @app.exception_handler(duckdb.Error)
    def _of_the_disk(request: Request, error: duckdb.Error) -> Response:
        damaged = damage(error, request.app.state.settings.folder)
        if damaged is None:
            raise error
        said = damaged.findings[0].message
        status = status_of(damaged)
        return problem(request, status, said, damaged.findings, {}, damaged)

    @app.exception_handler(HTTPException)
    async def _of_routing(request: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        return problem(request, status, error.detail, headers=error.headers)


def _invalid(said: Mapping[str, Any]) -> Finding:
    where, *path = said["loc"]
    name = ".".join(map(str, path))
    said_plainly = said["msg"].removeprefix("Value error, ")
    return Finding(
        "invalid_argument",
        f"{name}: {said_plainly}." if name else f"{said_plainly}.",
        Place(f"<{where}>"),
        "The parameters are described at /api/docs.",
    )


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems that a path may answer with, for its OpenAPI."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status in statuses
    }
