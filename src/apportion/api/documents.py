"""A document in the body of a request, as JSON or YAML, with the places that findings name."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, Request

from apportion.api.described import Schema
from apportion.api.problems import ProblemError

JSON = "application/json"
YAML = "application/yaml"
_YAML_TYPES = (YAML, "application/x-yaml", "text/yaml", "text/x-yaml")


@dataclass(frozen=True, slots=True)
class Sent:
    """A body that is JSON or YAML, not yet read: a child process does that."""

    data: bytes
    is_json: bool


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
