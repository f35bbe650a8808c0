"""The model: what it says, what is wrong with it, and another in its place."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from starlette.responses import JSONResponse, Response

from apportion.api.answering import answer_data
from apportion.api.described import (
    COUNT,
    FINDINGS,
    TEXT,
    Schema,
    described_data,
    object_schema,
    schema_of,
)
from apportion.api.documents import SentDocument, described_document
from apportion.api.once import broken
from apportion.api.problems import ProblemError, documented, without_folder
from apportion.api.reading import workspace_of
from apportion.api.wording import reworded, told
from apportion.api.working import FILE_SHARE, working_of
from apportion.findings import Finding, only_errors
from apportion.jobs.outcomes import MOST_FINDINGS, Outcome
from apportion.jobs.putting import put_model as put_in_child
from apportion.jobs.uploads import private_folder
from apportion.ledger.model_versions import ModelVersion
from apportion.model.build import LIST_KINDS
from apportion.model.kinds import settings

router = APIRouter(prefix="/model", tags=["model"])

_FLAG: Schema = {"type": "boolean"}


def _keys(meanings: Any) -> Schema:
    return {
        "type": "object",
        "properties": {key: {"description": meanings[key]} for key in meanings},
    }


_MODEL: Schema = {
    "type": "object",
    "properties": {
        "settings": _keys(settings.MEANINGS),
        **{
            name: {"type": "array", "items": _keys(kind.shape.meanings)}
            for name, kind in LIST_KINDS.items()
        },
    },
}
_GIVEN = object_schema({"digest": TEXT, "folder": TEXT, "model": _MODEL})
_JUDGED: Schema = {
    "type": "object",
    "properties": {
        "valid": _FLAG,
        "errors": COUNT,
        "warnings": COUNT,
        "nodes": COUNT,
        "edges": COUNT,
        "folder": TEXT,
        "findings": FINDINGS,
    },
    "required": ["valid", "errors", "warnings", "findings"],
}
_PUT = object_schema(
    {
        "folder": TEXT,
        "version": {"type": ["integer", "null"]},
        "digest": TEXT,
        "written": _FLAG,
        "warnings": FINDINGS,
    }
)
_VERSIONS = object_schema({"versions": schema_of(tuple[ModelVersion, ...])})


def _answers(schema: Schema, description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


@router.get("", response_class=Response, responses=described_data(_GIVEN))
def get_model(request: Request) -> Response:
    """The model in canonical order, as it can be put again.

    The ETag begins with the model's digest; give it back in `If-Match` when you put a change.
    """
    model = workspace_of(request).model
    said = {
        "digest": model.digest,
        "folder": model.settings.model_folder,
        "model": model.to_dict(),
    }
    answer = answer_data(said, _placed(request, model.warnings))
    answer.headers["ETag"] = f'"{model.digest}"'
    return answer


@router.get(
    "/findings",
    response_class=Response,
    responses={200: _answers(_JUDGED, "The findings."), **documented(304)},
)
def get_findings(request: Request) -> Response:
    """Everything that is wrong or doubtful about the model; it answers for a broken one too."""
    workspace = workspace_of(request)
    findings = workspace.validate()
    size: dict[str, int | str] = {"folder": ""}
    if not only_errors(findings):
        model = workspace.model
        size = {
            "nodes": len(model.nodes),
            "edges": len(model.edges),
            "folder": model.settings.model_folder,
        }
    errors = len(only_errors(findings))
    said = {
        "valid": errors == 0,
        "errors": errors,
        "warnings": len(findings) - errors,
        **size,
        "findings": told(_placed(request, findings)),
    }
    return JSONResponse(said)


@router.get("/versions", response_class=Response, responses=described_data(_VERSIONS))
def get_versions(request: Request) -> Response:
    """The models that were put, the latest first, and which of them counts."""
    return answer_data({"versions": workspace_of(request).model_versions()})


@router.put(
    "",
    response_class=Response,
    responses={
        200: _answers(_PUT, "The model is the same as before."),
        201: _answers(_PUT, "The model counts from now on."),
        **documented(404, 412, 415),
    },
    openapi_extra=described_document(_MODEL),
)
async def put_model(
    request: Request,
    sent: SentDocument,
    if_match: Annotated[
        str,
        Header(
            max_length=200,
            description="Refuse (412) where the model is no longer the one of this ETag.",
        ),
    ] = "",
) -> Response:
    """Judge a model whole and let it count from now on, or refuse it with all that is wrong.

    It holds the lists of a model. Settings may only repeat the workspace's.
    """
    working = working_of(request)

    def put() -> Outcome:
        with private_folder(working.settings.folder) as private:
            return put_in_child(
                working.children,
                working.settings.folder,
                private,
                sent.data,
                working.allowed(FILE_SHARE),
                is_json=sent.is_json,
                expected_digest=_digest_in(if_match),
            )

    outcome = await working.do(put)
    answer = broken(request, _with_precondition(outcome))
    if answer is not None:
        return answer
    assert outcome.done is not None
    status = HTTPStatus.CREATED if outcome.done["written"] else HTTPStatus.OK
    headers = {"ETag": f'"{outcome.done["digest"]}"', "Location": request.url.path}
    return JSONResponse(reworded(outcome.done), int(status), headers)


def _with_precondition(outcome: Outcome) -> Outcome:
    """The outcome. Raises ``ProblemError`` (412) where the model was another by then."""
    if any(each["code"] == "model_changed" for each in outcome.findings):
        error = outcome.as_error()
        said = error.findings[0].message
        raise ProblemError(HTTPStatus.PRECONDITION_FAILED, said, error.findings) from error
    return outcome


def _digest_in(if_match: str) -> str:
    """The digest that an ETag of the model begins with; empty where any model will do.

    >>> _digest_in('W/"ab12-99"'), _digest_in("*"), _digest_in('""')
    ('ab12', '', 'none')
    """
    given = if_match.strip()
    if given in ("", "*"):
        return ""
    tag = given.removeprefix("W/").strip('"')
    # A tag without a digest is that of no model, and no leave to replace whichever there is.
    return tag.partition("-")[0] or "none"


def _placed(request: Request, findings: Sequence[Finding]) -> list[Finding]:
    """The findings, of which those that are told name no folder of the server."""
    folder = request.app.state.settings.workspace
    first = [without_folder(folder, each) for each in findings[:MOST_FINDINGS]]
    return [*first, *findings[MOST_FINDINGS:]]
