"""A document in the body of a request, as JSON or YAML, with the places that findings name."""

import json
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
_LONGEST_KEY = 60
_YAML_TYPES = (YAML, "application/x-yaml", "text/yaml", "text/x-yaml")


@dataclass(frozen=True, slots=True)
class Sent:
    """A body that is JSON or YAML, not yet read."""

    data: bytes
    is_json: bool

    def document(self) -> Any:
        """What it holds; a large one takes its time. Raises ``ModelError`` where it is none."""
        return _from_json(self.data) if self.is_json else _from_yaml(self.data)


class RepeatedKeyError(ValueError):
    """A key is given twice in one object of a JSON text."""

    def __init__(self, key: str) -> None:
        """Keep what is wrong."""
        shown = key if len(key) <= _LONGEST_KEY else f"{key[:_LONGEST_KEY]}..."
        message = f"The key {shown!r} is given twice in one object."
        super().__init__(message)
        self.finding = Finding("duplicate_key", message, Place(BODY), "Keep one of the two.")


def with_keys_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of a JSON text, for ``json.loads``. Raises ``RepeatedKeyError``."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise RepeatedKeyError(key)
        found[key] = value
    return found


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
            object_pairs_hook=with_keys_once,
        )
    except RepeatedKeyError as error:
        raise ModelError([error.finding]) from error
    except json.JSONDecodeError as error:
        where = Place(BODY, error.lineno, error.colno)
        raise ModelError([_unreadable(f"Not JSON: {error.msg}.", where)]) from error
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise ModelError([_unreadable(f"Not JSON: {reason}.", Place(BODY))]) from error
    placed = read_yaml(BODY, data, findings)
    return document if findings else placed


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def _unreadable(message: str, where: Place) -> Finding:
    return Finding("unreadable_file", message, where, "Send one object, in UTF-8.")
