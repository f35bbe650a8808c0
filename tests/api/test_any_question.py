"""Whatever is asked, by whom ever: no failure inside, and no answer that OpenAPI does not tell."""

import os
import shutil
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from apportion.api.application import application
from apportion.serve_settings import ServeSettings

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = int(os.environ.get("APPORTION_API_EXAMPLES", "8"))
PATHS = application(ServeSettings("nowhere")).openapi()["paths"]
OPERATIONS = sorted((path, method) for path, methods in PATHS.items() for method in methods)


@pytest.fixture(scope="module")
def schema(small: Path, tmp_path_factory: pytest.TempPathFactory) -> schemathesis.BaseSchema:
    # Some of what is asked for is done.
    own = shutil.copytree(small, tmp_path_factory.mktemp("asked") / "acme")
    app = application(ServeSettings(os.fspath(own)))
    return schemathesis.openapi.from_asgi(
        "/api/v1/openapi.json", app, headers={"Host": "localhost"}
    )


def test_there_is_something_to_ask() -> None:
    assert len(OPERATIONS) >= 10


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_answer_is_one_that_was_described(
    schema: schemathesis.BaseSchema, path: str, method: str
) -> None:
    @given(case=schema[path][method].as_strategy())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def asked(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=CHECKS, headers={"Host": "localhost"})

    asked()
