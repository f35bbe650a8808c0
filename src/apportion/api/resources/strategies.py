"""By which strategies an edge's share can be decided."""

from http import HTTPStatus

from fastapi import APIRouter
from starlette.responses import Response

from apportion.api.answering import answer_data
from apportion.api.asking import PathName
from apportion.api.described import described_data, object_schema, record_schema, schema_of
from apportion.api.problems import ProblemError
from apportion.findings import UsageError
from apportion.report.strategies import Described, strategies, strategy

router = APIRouter(prefix="/strategies", tags=["model"])

_ONE = record_schema(Described)
_ALL = object_schema({"strategies": schema_of(tuple[Described, ...])})


@router.get("", response_class=Response, responses=described_data(_ALL))
def get_strategies() -> Response:
    """All strategies, with formula, parameters and a worked example, in the order of names."""
    return answer_data({"strategies": strategies()})


@router.get("/{name}", response_class=Response, responses=described_data(_ONE))
def get_strategy(name: PathName) -> Response:
    """One strategy."""
    try:
        described = strategy(name)
    except UsageError as error:
        finding = error.findings[0]
        raise ProblemError(HTTPStatus.NOT_FOUND, finding.message, error.findings) from error
    return answer_data({each: getattr(described, each) for each in _ONE["properties"]})
