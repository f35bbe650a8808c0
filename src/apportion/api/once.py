"""Writes under an Idempotency-Key: done once, and answered as the first time when repeated."""

import hashlib
import logging
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated

import anyio
from fastapi import Depends, Header, Request
from starlette.responses import Response

from apportion.access import LOCAL, Principal
from apportion.api.problems import FAULT, ProblemError, problem
from apportion.api.working import working_of
from apportion.findings import ApportionError
from apportion.jobs.keys import LONGEST, Answer, Keyed, answered_once, fingerprint_of, require_key
from apportion.jobs.outcomes import INTERNAL, Outcome

_LOGGER = logging.getLogger("apportion.requests")

REPLAYED = "Idempotent-Replayed"
_KEPT_HEADERS = ("content-type", "location")
_BEGUN = frozenset({"crashed_work", "memory_exceeded", "time_exceeded"})
"""Codes of work that was begun and would break again: the answer that says so is kept."""


async def _key(
    request: Request,
    idempotency_key: Annotated[
        str,
        Header(
            max_length=LONGEST,
            description="Chosen by chance for each new request: who repeats a request with its key "
            "gets its first answer, and nothing is done twice. Kept for seven days.",
        ),
    ] = "",
) -> str:
    return require_key(idempotency_key) if "idempotency-key" in request.headers else ""


IdempotencyKey = Annotated[str, Depends(_key)]


def principal_of(request: Request) -> Principal:
    """Who asks."""
    found: Principal | None = getattr(request.state, "principal", None)
    return found or LOCAL


@dataclass(frozen=True, slots=True)
class Promise:
    """A run that an answer names, and what is answered of one that was begun already.

    That is the case where the server was killed between the run's beginning and its answer.
    """

    run_id: str
    told: Callable[[str], Awaitable[Response]]


async def body_digest(request: Request) -> str:
    """The SHA-256 of a body that is a document."""
    return hashlib.sha256(await request.body()).hexdigest()


async def once(
    request: Request,
    key: str,
    digest: str,
    work: Callable[[], Awaitable[Response]],
    promise: Promise | None = None,
) -> Response:
    """Answer by ``work``, or, under a key that came before, by what was answered then.

    ``digest`` is the SHA-256 of the body. What is refused by raising is not kept. Raises
    ``JobError`` (``key_reused``, ``key_in_use``).
    """
    if not key:
        return await work()
    principal = principal_of(request)
    asked = Keyed(
        f"{principal.kind}:{principal.name}",
        request.method,
        request.url.path,
        key,
        fingerprint_of(request.url.query, digest),
        promise.run_id if promise else "",
    )
    working = working_of(request)
    held = ExitStack()
    try:
        answering = answered_once(working.settings.folder, asked, datetime.now(UTC))
        claim = await working.look(lambda: held.enter_context(answering))
        if claim.first is not None:
            return _again(claim.first)
        if promise and claim.begun_run:
            work = partial(promise.told, claim.begun_run)
        answer = await _answered(request, work)
        headers = {name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers}
        claim.keep(Answer(answer.status_code, headers, bytes(answer.body)))
        return answer
    finally:
        with anyio.CancelScope(shield=True):
            await working.look(held.close)


async def _answered(request: Request, work: Callable[[], Awaitable[Response]]) -> Response:
    try:
        return await work()
    except (ApportionError, ProblemError):
        raise
    except Exception:
        # It was begun, and nobody knows how far it came; to do it again could do it twice.
        request_id = getattr(request.state, "request_id", "")
        _LOGGER.exception("The request failed", extra={"request_id": request_id})
        return problem(request, HTTPStatus.INTERNAL_SERVER_ERROR, FAULT)


def _again(first: Answer) -> Response:
    return Response(first.body, first.status, {**first.headers, REPLAYED: "true"})


def broken(request: Request, outcome: Outcome) -> Response | None:
    """Nothing where the work was done, or the answer that says that it broke.

    Raises the error where it was refused, so that it can be asked for again under the same key.
    """
    if outcome.done is not None:
        return None
    if outcome.error == INTERNAL:
        return problem(request, HTTPStatus.INTERNAL_SERVER_ERROR, FAULT)
    error = outcome.as_error()
    if any(each.code in _BEGUN for each in error.findings):
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return problem(request, status, error.findings[0].message, error.findings, error=error)
    raise error
