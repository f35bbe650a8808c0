"""Questions with two readings are refused: unknown parameters, and what is given twice."""

import json
from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches
from http import HTTPStatus
from typing import Any, get_args, get_origin

from fastapi import Request
from fastapi.dependencies.models import Dependant

from apportion.api.problems import ProblemError
from apportion.findings import Finding, Place
from apportion.jobs.putting import RepeatedKeyError, with_keys_once

_SHOWN = 5
_LONGEST = 60
_MEANT = {
    "from": "start_date",
    "to": "end_date",
    "start": "start_date",
    "end": "end_date",
    "node": "nodes",
    "dimension": "dimensions",
    "run_id": "run",
    "rows": "limit",
    "after": "cursor",
}
"""What the command line or a habit calls a parameter, and its name here."""


def require_known_parameters(request: Request) -> None:
    """Refuse a query parameter that the path does not take, or takes once and is given twice.

    Raises ``ProblemError`` (422) with a finding for each of the first few.
    """
    findings = unknown_parameters(request) or _repeated_parameters(request)
    if findings:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, findings[0].message, findings)


def unknown_parameters(request: Request) -> list[Finding]:
    """A finding for each of the first few parameters that the request's path does not take."""
    taken = sorted({each.alias for each in _query_fields(request.scope["route"].dependant)})
    unknown = sorted(set(request.query_params) - set(taken))
    return [_unknown(each, taken) for each in unknown[:_SHOWN]]


def _repeated_parameters(request: Request) -> list[Finding]:
    """A finding for each of the first few that hold one value and are given several."""
    single = {
        each.alias
        for each in _query_fields(request.scope["route"].dependant)
        if not _takes_several(each.field_info.annotation)
    }
    given = Counter(name for name, _ in request.query_params.multi_items() if name in single)
    return [
        Finding(
            "invalid_argument",
            f"The parameter {name!r} is given {count} times, and takes one value.",
            Place("<query>"),
            "Give it once.",
        )
        for name, count in sorted(given.items())
        if count > 1
    ][:_SHOWN]


async def require_keys_once(request: Request) -> None:
    """Refuse a JSON body with a key that is given twice, which of the two nobody can know.

    Bodies that are no JSON are for the path's own reader to refuse. Raises ``ProblemError`` (422).
    """
    if request.scope["route"].body_field is None:
        return
    try:
        json.loads(await request.body(), object_pairs_hook=with_keys_once)
    except RepeatedKeyError as error:
        finding = error.finding
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        raise ProblemError(status, finding.message, [finding]) from error
    except (ValueError, RecursionError):
        return


def _takes_several(annotation: Any) -> bool:
    return any(get_origin(each) is list for each in (annotation, *get_args(annotation)))


def _query_fields(asked: Dependant) -> Iterator[Any]:
    yield from asked.query_params
    for each in asked.dependencies:
        yield from _query_fields(each)


def _unknown(name: str, taken: list[str]) -> Finding:
    meant = _MEANT.get(name, "")
    near = [meant] if meant in taken else get_close_matches(name[:_LONGEST], taken, 1)
    shown = name if len(name) <= _LONGEST else f"{name[:_LONGEST]}..."
    message = f"This path takes no parameter {shown!r}."
    listed = f"It takes: {', '.join(taken)}." if taken else "It takes none."
    remedy = f"Did you mean {near[0]!r}? {listed}" if near else listed
    return Finding("invalid_argument", message, Place("<query>"), remedy)
