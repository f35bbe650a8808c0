"""Whatever is asked, by whom ever: no failure inside, and no answer that OpenAPI does not tell."""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from apportion.access import Role
from apportion.access.tokens import Token, create_token, token_file
from apportion.api.application import application
from apportion.serve_settings import ServeSettings

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
PATHS = application(ServeSettings("nowhere")).openapi()["paths"]
OPERATIONS = sorted((path, method) for path, methods in PATHS.items() for method in methods)
MORE = int(os.environ.get("APPORTION_API_EXAMPLES", "0"))
READS, WRITES, OTHERS = MORE or 8, MORE or 2, MORE or 1
"""How many questions each path is asked: by who may, what starts a process, by all others."""

NOW = datetime.now(UTC)
ROLES = {
    "viewer": (Role.VIEWER, None),
    "limited": (Role.VIEWER, frozenset({"search"})),
    "analyst": (Role.ANALYST, None),
    "admin": (Role.ADMIN, None),
}
WHO = ["nobody", *ROLES]


@pytest.fixture(scope="module")
def tokens(small: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The header of each caller, beside the schema of a server that asks for tokens."""
    # Some of what is asked changes the workspace.
    folder = shutil.copytree(small, tmp_path_factory.mktemp("asked") / "acme")
    found = {"nobody": ""}
    for number, (name, (role, products)) in enumerate(ROLES.items()):
        token = Token(f"{number:012}", name, role, products, NOW, NOW + timedelta(days=1))
        made = create_token(token_file(folder), token, f"{number}" * 43)
        found[name] = f"Bearer {made}"
    found["folder"] = os.fspath(folder)
    return found


@pytest.fixture(scope="module")
def schema(tokens: dict[str, str]) -> Iterator[schemathesis.BaseSchema]:
    app = application(ServeSettings(tokens["folder"], open_to_all=False))
    with TestClient(app):
        yield schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)


def test_there_is_something_to_ask() -> None:
    assert len(OPERATIONS) >= 40


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_answer_is_one_that_was_described(
    schema: schemathesis.BaseSchema, tokens: dict[str, str], path: str, method: str, who: str
) -> None:
    @given(case=schema[path][method].as_strategy())
    @settings(
        max_examples=_examples(method, who),
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def asked(case: schemathesis.Case) -> None:
        headers = {"Authorization": tokens[who]} if tokens[who] else {}
        case.call_and_validate(checks=CHECKS, headers=headers)

    asked()


def _examples(method: str, who: str) -> int:
    if who != "admin":
        return OTHERS
    return READS if method == "get" else WRITES


GOOD = {
    "account": "advice-line",
    "service_id": "advice-line",
    "organisation": "public-advice",
    "node_id": "appointments",
    "name": "equal",
    "key": "team",
    "year": 2024,
    "financial_year_start": 2024,
    "start_date": "2024-04-01",
    "end_date": "2024-04-30",
    "limit": 3,
    "trend": "true",
}
ANSWERED = [path for path, method in OPERATIONS if method == "get"]


HERE = {"Host": "localhost"}


@pytest.fixture(scope="module")
def rated(platform: Path) -> Iterator[tuple[schemathesis.BaseSchema, dict[str, str]]]:
    """The schema of an open server over the platform, and the ids of its run and a delivery."""
    app = application(ServeSettings(os.fspath(platform)))
    with TestClient(app, base_url="http://localhost") as client:
        ids = {
            "run_id": client.get("/api/v1/runs").json()["runs"][0]["run_id"],
            "delivery_id": client.get("/api/v1/deliveries").json()["deliveries"][0]["delivery"],
        }
        yield schemathesis.openapi.from_asgi("/api/v1/openapi.json", app, headers=HERE), ids


@pytest.mark.parametrize("path", ANSWERED)
def test_a_right_question_has_the_answer_that_was_described(
    rated: tuple[schemathesis.BaseSchema, dict[str, str]], path: str
) -> None:
    described, ids = rated
    operation = described[path]["GET"]
    good = {**GOOD, **ids}
    given = PATHS[path]["get"].get("parameters", [])
    values = {each["name"]: good[each["name"]] for each in given if each["name"] in good}
    places = {each["name"]: each["in"] for each in given}
    case = operation.Case(
        path_parameters={name: values[name] for name in values if places[name] == "path"},
        query={name: values[name] for name in values if places[name] == "query"},
    )
    for media_type in PATHS[path]["get"]["responses"]["200"]["content"]:
        headers = {**HERE, "Accept": media_type}
        answer = case.call_and_validate(checks=CHECKS, headers=headers)
        assert answer.status_code == 200
        assert answer.headers["content-type"][0].startswith(media_type)
