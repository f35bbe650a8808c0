"""A document in the body of a request, as JSON or YAML, with the places that findings name."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from http import HTTPStatus
from typing import Annotated, Any, NoReturn

from fastapi import Depends, Request

from apportion.api.described import Schema
from apportion.api.problems import ProblemError
from apportion.findings import Finding, ModelError, Place, only_errors
from apportion.model.read_yaml import read_yaml

BODY = "<body>"
JSON = "application/json"
YAML = "application/yaml"
_YAML_TYPES = (YAML, "application/x-yaml", "text/yaml", "text/x-yaml")


@dataclass(frozen=True, slots=True)
class Sent:
    """A body that is JSON or YAML, not yet read."""

    data: bytes
    is_json: bool

    def document(self) -> Any:
        """What it holds; a large one takes its time. Raises ``ModelError`` where it is none."""
        return _from_json(self.data) if self.is_json else _from_yaml(self.data)


async def _sent(request: Request) -> Sent:
    media = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if media != JSON and media not in _YAML_TYPES:
        said = f"A body of {media!r} is not read here; send {JSON} or {YAML}."
        raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, said)
    return Sent(await request.body(), media == JSON)


SentDocument = Annotated[Sent, Depends(_sent)]
"""The body; raises ``ProblemError`` (415) where it is of another kind."""


def described_document(schema: Schema) -> dict[str, Any]:
    """What OpenAPI says of a body that is such a document."""
    content = {media: {"schema": schema} for media in (JSON, YAML)}
    return {"requestBody": {"required": True, "content": content}}


def _from_yaml(data: bytes) -> Any:
    findings: list[Finding] = []
    document = read_yaml(BODY, data, findings)
    if only_errors(findings):
        raise ModelError(findings)
    return document


def _from_json(data: bytes) -> Any:
    """JSON that is YAML too, as nearly all is, is read as that, because YAML knows places."""
    findings: list[Finding] = []
    try:
        document = json.loads(
            data,
            parse_float=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=lambda pairs: _object(pairs, findings),
        )
    except json.JSONDecodeError as error:
        where = Place(BODY, error.lineno, error.colno)
        raise ModelError([_unreadable(f"Not JSON: {error.msg}.", where)]) from error
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise ModelError([_unreadable(f"Not JSON: {reason}.", Place(BODY))]) from error
    if findings:
        raise ModelError(findings)
    placed = read_yaml(BODY, data, findings)
    return document if findings else placed


def _object(pairs: list[tuple[str, Any]], findings: list[Finding]) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found and not findings:
            message = f"The key {key!r} is given twice in one object."
            findings.append(Finding("duplicate_key", message, Place(BODY), "Keep one of the two."))
        found[key] = value
    return found


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def _unreadable(message: str, where: Place) -> Finding:
    return Finding("unreadable_file", message, where, "Send one object, in UTF-8.")
