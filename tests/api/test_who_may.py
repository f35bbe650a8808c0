"""Every path, asked by everybody: who gets an answer, who is denied, and what the log says."""

import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from starlette.routing import Mount, compile_path

from apportion.access import Kind, Principal, Role
from apportion.access.audit import audit_file
from apportion.access.tokens import Token, create_token, revoke_token, token_file
from apportion.api.application import application
from apportion.api.who_may import (
    ADMIN,
    ANYBODY,
    NARROWED_VIEWER,
    VIEWER,
    WHO_MAY,
    Need,
    asked,
    why_not,
)
from apportion.serve_settings import ServeSettings

Ask = Callable[..., TestClient]
NOW = datetime.now(UTC)
SOON = NOW + timedelta(days=1)
TOKENS = {
    "viewer": Token("0" * 12, "viewer", Role.VIEWER, None, NOW, SOON),
    "limited": Token("1" * 12, "limited", Role.VIEWER, frozenset({"search"}), NOW, SOON),
    "analyst": Token("2" * 12, "analyst", Role.ANALYST, None, NOW, SOON),
    "admin": Token("3" * 12, "admin", Role.ADMIN, None, NOW, SOON),
    "revoked": Token("4" * 12, "revoked", Role.ADMIN, None, NOW, SOON),
    "expired": Token("5" * 12, "expired", Role.ADMIN, None, NOW - timedelta(2), NOW),
}
EVERYBODY = ("nobody", "wrong", *TOKENS)
SECRET = "s3cret-" * 6 + "X"
UNKNOWN = {"nobody", "wrong", "revoked", "expired"}
IN_PLACE = {"name": "equal", "path": "swagger-ui.css"}
"""What stands for the parameters of paths where it matters which."""


def text_of(who: str) -> str:
    return f"apportion_{TOKENS[who].token_id if who in TOKENS else '9' * 12}_{SECRET}"


def header_of(who: str) -> dict[str, str]:
    return {} if who == "nobody" else {"Authorization": f"Bearer {text_of(who)}"}


@pytest.fixture
def guarded(small: Path, own: Callable[[Path], Path]) -> Path:
    """A workspace with a token for everybody."""
    folder = own(small)
    # What others tried on the workspace that this one is a copy of.
    audit_file(folder).unlink(missing_ok=True)
    for who, token in TOKENS.items():
        assert create_token(token_file(folder), token, SECRET) == text_of(who)
    revoke_token(token_file(folder), TOKENS["revoked"].token_id, NOW)
    return folder


@pytest.fixture
def client(guarded: Path, ask: Ask) -> TestClient:
    """A server that asks for tokens."""
    return ask(guarded, open_to_all=False)


def log_of(folder: Path) -> list[dict[str, object]]:
    file = audit_file(folder)
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def routes(folder: Path) -> Iterator[tuple[str, str]]:
    """Every method and path that the application answers to."""
    app = application(ServeSettings(os.fspath(folder)))
    for each in iter_route_contexts(app.routes):
        if isinstance(each.route, Mount):
            yield "GET", f"{each.route.path}/{{path:path}}"
            continue
        for method in each.methods:
            yield method, str(each.path)


def test_every_route_stands_in_the_table_and_the_table_has_no_other(small: Path) -> None:
    found = set(routes(small))
    assert len(found) >= 20
    assert sorted(found - set(WHO_MAY)) == [], "say in api/who_may.py who may"
    extra = {(method, path) for method, path in set(WHO_MAY) - found if method != "HEAD"}
    assert not extra


@pytest.mark.parametrize(("method", "path"), WHO_MAY)
def test_a_path_is_asked_for_by_its_own_row(method: str, path: str) -> None:
    assert asked(method, filled(path)).need == WHO_MAY[method, path]


def test_rows_that_one_path_could_mean_take_the_same() -> None:
    # The application takes the route that was declared first, the table its first row.
    patterns = {row: compile_path(row[1])[0] for row in WHO_MAY}
    for (method, path), need in WHO_MAY.items():
        alike = [row for row in WHO_MAY if row[0] == method and patterns[row].match(filled(path))]
        assert (method, path) in alike
        assert {WHO_MAY[row] for row in alike} == {need}


def filled(path: str) -> str:
    """A path with something in the place of its parameters."""
    parts = path.split("{")
    return parts[0] + "".join(
        IN_PLACE.get(part.partition("}")[0].partition(":")[0], "x") + part.partition("}")[2]
        for part in parts[1:]
    )


def expected(who: str, need: Need) -> str:
    """What the table says in words of its own: let in, unknown, or denied."""
    if need is ANYBODY:
        return "let in"
    if who in UNKNOWN:
        return "unknown"
    rank = ["viewer", "analyst", "admin"]
    role = "viewer" if who == "limited" else who
    if rank.index(role) < rank.index(str(need.role)):
        return "denied"
    return "denied" if who == "limited" and not need.narrowed else "let in"


def test_why_somebody_may_not() -> None:
    said = {
        who: [
            why_not(need, principal_of(who)) for need in (ANYBODY, NARROWED_VIEWER, VIEWER, ADMIN)
        ]
        for who in ("limited", "viewer", "admin")
    }
    only_some = "A viewer who is limited to products may not ask this: it tells of all of them."
    needs_admin = "This needs the role admin."
    assert said == {
        "limited": ["", "", only_some, needs_admin],
        "viewer": ["", "", "", needs_admin],
        "admin": ["", "", "", ""],
    }


def principal_of(who: str) -> Principal:
    token = TOKENS[who]
    return Principal(who, token.role, token.products, Kind.TOKEN, token.token_id)


@pytest.mark.parametrize("who", EVERYBODY)
def test_who_may_ask_what(guarded: Path, client: TestClient, who: str) -> None:
    seen = {}
    for number, (method, path) in enumerate(WHO_MAY):
        # Each from an address of its own, or the tenth wrong token would have to wait.
        client._transport.client = (f"192.0.2.{number}", 1)  # type: ignore[attr-defined]
        answer = client.request(method, filled(path), headers=header_of(who))
        status = {401: "unknown", 403: "denied"}.get(answer.status_code, "let in")
        assert answer.status_code < 500, (method, path, answer.text)
        seen[method, path] = status
    assert seen == {row: expected(who, need) for row, need in WHO_MAY.items()}
    turned_away = [row for row, status in seen.items() if status != "let in"]
    log = log_of(guarded)
    denied = [(line["method"], line["path"]) for line in log if line["event"] == "denied"]
    assert denied == [(method, filled(path)) for method, path in turned_away]
    begun = [(line["method"], line["path"]) for line in log if line["event"] == "write_begun"]
    ended = [(line["method"], line["path"]) for line in log if line["event"] == "write_ended"]
    writes = [row for row in seen if seen[row] == "let in" and row[0] not in ("GET", "HEAD")]
    assert begun == ended == [(method, filled(path)) for method, path in writes]
    names = {line["principal"] for line in log}
    assert names <= ({None} if who in UNKNOWN else {who})
    assert SECRET not in audit_file(guarded).read_text() if log else True


def test_a_path_that_is_not_there_is_nobodys(client: TestClient) -> None:
    assert client.get("/api/v1/secrets").status_code == 401
    answer = client.get("/api/v1/secrets", headers=header_of("admin"))
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")
    answer = client.delete("/api/v1/nodes", headers=header_of("admin"))
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")


@pytest.mark.parametrize("path", ["/api/v1/nodes/", "//api/v1/nodes", "/API/v1/nodes", "/api/v1"])
def test_a_path_that_looks_alike_leads_nowhere(client: TestClient, path: str) -> None:
    assert client.get(path, headers=header_of("limited")).status_code == 404


def test_a_route_that_nobody_put_into_the_table_is_not_there(small: Path) -> None:
    app = application(ServeSettings(os.fspath(small)))

    @app.get("/api/v1/forgotten")
    def forgotten() -> str:
        return "everything"

    with TestClient(app, base_url="http://localhost") as client:
        assert client.get("/api/v1/forgotten").status_code == 404


def test_an_open_server_lets_everybody_here_do_everything(small: Path, ask: Ask) -> None:
    client = ask(small)
    assert client.get("/api/v1/metrics").status_code == 200
    assert client.put("/api/v1/model", content=b"no model").status_code not in (401, 403)


def test_an_open_server_takes_a_token_at_its_word(guarded: Path, ask: Ask) -> None:
    client = ask(guarded)
    assert client.get("/api/v1/model", headers=header_of("limited")).status_code == 403
    assert client.get("/api/v1/model", headers=header_of("expired")).status_code == 401


def test_a_token_that_is_revoked_ends_with_the_next_request(
    guarded: Path, client: TestClient
) -> None:
    assert client.get("/api/v1/nodes", headers=header_of("viewer")).status_code == 200
    revoke_token(token_file(guarded), TOKENS["viewer"].token_id, NOW)
    # What it had asked before is remembered, and not for it.
    assert client.get("/api/v1/nodes", headers=header_of("viewer")).status_code == 401


def test_a_write_that_no_log_can_hold_is_not_done(guarded: Path, client: TestClient) -> None:
    model = client.get("/api/v1/model", headers=header_of("admin")).json()["model"]
    audit_file(guarded).unlink(missing_ok=True)
    audit_file(guarded).mkdir()
    model["nodes"].append({"id": "kiosk", "type": "product"})
    answer = client.put("/api/v1/model", json=model, headers=header_of("admin"))
    assert answer.status_code == 503
    assert "kiosk" not in client.get("/api/v1/model", headers=header_of("admin")).text
    # And whoever is denied is denied all the same.
    assert client.get("/api/v1/nodes").status_code == 401


def test_the_document_says_what_each_path_takes(client: TestClient) -> None:
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    for (method, path), need in WHO_MAY.items():
        said = paths.get(path, {}).get(method.lower())
        if said:
            assert ("security" in said) is (need is not ANYBODY)
            assert need is ANYBODY or f"the role {need.role}" in said["description"]
