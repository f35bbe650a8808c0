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
    """Refuse a request with a query parameter that its path does not take, or takes once only.

    Raises ``ProblemError`` (422) with a finding for each of the first few.
    """
    findings = wrong_parameters(request)
    if findings:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, findings[0].message, findings)


def wrong_parameters(request: Request) -> list[Finding]:
    """A finding for each of the first few parameters that the path takes not at all, or once."""
    taken = dict(_taken(request.scope["route"].dependant))
    given = Counter(name for name, _ in request.query_params.multi_items())
    twice = [
        name
        for name, times in sorted(given.items())
        if times > 1 and name in taken and not _is_list(taken[name])
    ]
    unknown = sorted(given.keys() - taken.keys())
    findings = [_unknown(each, sorted(taken)) for each in unknown]
    return [*findings, *map(_given_twice, twice)][:_SHOWN]


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


def _taken(asked: Dependant) -> Iterator[tuple[str, Any]]:
    """The query parameters of a path with their types."""
    yield from ((each.alias, each.field_info.annotation) for each in asked.query_params)
    for each in asked.dependencies:
        yield from _taken(each)


def _is_list(kind: Any) -> bool:
    return any(get_origin(each) is list for each in (kind, *get_args(kind)))


def _given_twice(name: str) -> Finding:
    message = f"The parameter {name!r} is given more than once, and is taken once."
    return Finding("invalid_argument", message, Place("<query>"), "Leave out all but one.")


def _unknown(name: str, taken: list[str]) -> Finding:
    meant = _MEANT.get(name, "")
    near = [meant] if meant in taken else get_close_matches(name[:_LONGEST], taken, 1)
    shown = name if len(name) <= _LONGEST else f"{name[:_LONGEST]}..."
    message = f"This path takes no parameter {shown!r}."
    listed = f"It takes: {', '.join(taken)}." if taken else "It takes none."
    remedy = f"Did you mean {near[0]!r}? {listed}" if near else listed
    return Finding("invalid_argument", message, Place("<query>"), remedy)
