"""Whoever comes with a false token, a false name, or on behalf of somebody's browser stays out."""

import json
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from fastapi.testclient import TestClient
from issuing import AUDIENCE, ISSUER, claims, key_set, public_pem, serving, signed
from serving import Served

from apportion.access import Role
from apportion.access.audit import audit_file
from apportion.access.tokens import Token, create_token, revoke_token, token_file

Ask = Callable[..., TestClient]
Serve = Callable[..., AbstractContextManager[Served]]
NOW = datetime.now(UTC)
TOKEN = Token("0123456789ab", "nightly", Role.ADMIN, None, NOW, NOW + timedelta(days=1))
SECRET = "s3cret-" * 6 + "X"
TEXT = f"apportion_{TOKEN.token_id}_{SECRET}"
RIGHT = {"Authorization": f"Bearer {TEXT}"}
WRONG = {"Authorization": f"Bearer {TEXT[:-1]}Y"}
NODES = "/api/v1/nodes"


@pytest.fixture
def folder(small: Path, own: Callable[[Path], Path]) -> Path:
    workspace = own(small)
    # What others tried on the workspace that this one is a copy of.
    audit_file(workspace).unlink(missing_ok=True)
    create_token(token_file(workspace), TOKEN, SECRET)
    return workspace


@pytest.fixture
def client(folder: Path, ask: Ask) -> TestClient:
    return ask(folder, open_to_all=False)


def denied(folder: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in audit_file(folder).read_text().splitlines()]
    return [line for line in lines if line["event"] == "denied"]


class TestTokens:
    def test_who_guesses_has_to_wait_and_nobody_else(
        self, folder: Path, client: TestClient
    ) -> None:
        for _ in range(10):
            answer = client.get(NODES, headers=WRONG)
            assert answer.status_code == 401
            assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
            assert answer.json()["detail"] == "The token is not valid."
        answer = client.get(NODES, headers=WRONG)
        assert answer.status_code == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 60
        assert client.get(NODES, headers=RIGHT).status_code == 200
        assert client.get("/api/v1/health").status_code == 200
        assert [line["status"] for line in denied(folder)] == [401] * 10 + [429]
        assert {line["reason"] for line in denied(folder)} == {
            "the secret of token 0123456789ab is another"
        }

    def test_without_a_token_one_is_told_how_to_bring_it(self, client: TestClient) -> None:
        for _ in range(20):
            answer = client.get(NODES)
            assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
            assert answer.headers["Content-Type"] == "application/problem+json"

    @pytest.mark.parametrize("name", ["access_token", "token", "authorization", "api_key"])
    def test_a_token_in_the_address_is_none_and_is_not_logged(
        self, folder: Path, client: TestClient, name: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        assert client.get(NODES, params={name: TEXT}).status_code == 401
        assert client.get(f"{NODES}/{TEXT}").status_code == 401
        assert client.get(NODES, headers={"Cookie": f"{name}={TEXT}"}).status_code == 401
        ours = [each.__dict__ for each in caplog.records if each.name.startswith("apportion")]
        assert len(ours) >= 3
        assert SECRET not in repr(ours)
        assert SECRET not in audit_file(folder).read_text()

    @pytest.mark.parametrize(
        "headers",
        [
            [("Authorization", TEXT)],
            [("Authorization", f"Basic {TEXT}")],
            [("Authorization", f"Bearer {TEXT} {TEXT}")],
            [("Authorization", f"Bearer {TEXT},{TEXT}")],
            [("Authorization", f"Bearer {TEXT}"), ("Authorization", f"Bearer {TEXT}")],
            [("Authorization", f"Bearer {TEXT}"), ("Authorization", "Basic eA==")],
            [("Authorization", "Bearer")],
            [("Authorization", "Bearer ")],
            [("Authorization", "")],
            [("Authorization", "Bearer \xe9\xff")],
            [("Proxy-Authorization", f"Bearer {TEXT}")],
            [("X-Forwarded-User", "admin")],
        ],
    )
    def test_a_header_that_is_not_just_one_token_is_none(
        self, client: TestClient, headers: list[tuple[str, str]]
    ) -> None:
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
        assert client.get(NODES, headers=raw).status_code == 401

    def test_the_scheme_may_be_written_in_any_case(self, client: TestClient) -> None:
        assert client.get(NODES, headers={"Authorization": f"bearer {TEXT}"}).status_code == 200

    def test_tokens_that_cannot_be_read_let_nobody_in(
        self, folder: Path, client: TestClient
    ) -> None:
        for left in token_file(folder).parent.glob("access.sqlite*"):
            left.unlink()
        token_file(folder).write_bytes(b"no database" * 1000)
        answer = client.get(NODES, headers=RIGHT)
        assert answer.status_code == 503
        assert str(folder) not in answer.text

    def test_what_a_stranger_writes_breaks_no_line_of_the_log(
        self, folder: Path, client: TestClient
    ) -> None:
        raw = [
            (b"Idempotency-Key", b"a\r\nb\x00\x1b[31m\xff"),
            (b"X-Request-Id", b"x\r\nSet-Cookie: a=b"),
        ]
        answer = client.post(f"{NODES}/%0d%0a%1b[31m", headers=raw)
        assert (answer.status_code, answer.headers["Connection"]) == (401, "close")
        assert "set-cookie" not in answer.headers
        assert "\n" not in answer.headers["X-Request-Id"]
        (line,) = denied(folder)
        assert line["path"] == f"{NODES}/\r\n\x1b[31m"
        assert audit_file(folder).read_bytes().count(b"\n") == 1


class TestOpenServer:
    @pytest.mark.parametrize(
        "host", ["localhost", "localhost:8080", "127.0.0.1:8080", "127.1.2.3", "[::1]:8080"]
    )
    def test_names_of_this_machine_are_answered(self, small: Path, ask: Ask, host: str) -> None:
        assert ask(small).get(NODES, headers={"Host": host}).status_code == 200

    @pytest.mark.parametrize(
        "host",
        [
            "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "0.0.0.0",
            "localhost@evil.example", "evil.example:localhost", "[::1", "", "192.0.2.1",
            "localhost.", "[::ffff:192.0.2.1]",
        ],
    )  # fmt: skip
    def test_a_name_that_was_made_to_point_here_is_not(
        self, folder: Path, ask: Ask, host: str
    ) -> None:
        client = ask(folder)
        for path in (NODES, "/api/v1/health", "/api/docs"):
            answer = client.get(path, headers={"Host": host})
            assert answer.status_code == 403
        assert len(denied(folder)) == 3
        # Tokens do not depend on names, so whoever has one may come by any.
        guarded = ask(folder, open_to_all=False)
        assert guarded.get(NODES, headers={**RIGHT, "Host": host}).status_code == 200

    @pytest.mark.parametrize("name", ["Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"])
    def test_nothing_comes_through_a_proxy(self, small: Path, ask: Ask, name: str) -> None:
        answer = ask(small).get(NODES, headers={name: "192.0.2.1"})
        assert answer.status_code == 403
        assert "--require-tokens" in answer.json()["detail"]


STRANGE: list[dict[str, str]] = [
    {"Origin": "https://evil.example"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost:3000"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    {"Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain"},
]
OURS: list[dict[str, str]] = [
    {},
    {"Origin": "http://localhost"},
    {"Origin": "https://localhost"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://costs.example"},
    {"Sec-Fetch-Site": "none"},
]


class TestPages:
    @pytest.mark.parametrize("headers", STRANGE)
    def test_a_page_of_another_origin_cannot_write(
        self, folder: Path, ask: Ask, headers: dict[str, str]
    ) -> None:
        for client in (ask(folder), ask(folder, open_to_all=False)):
            answer = client.put("/api/v1/model", json={}, headers={**RIGHT, **headers})
            assert answer.status_code == 403
            assert "--origin" in answer.json()["detail"]
        assert [line["event"] for line in denied(folder)] == ["denied"] * 2

    @pytest.mark.parametrize("headers", OURS)
    def test_ours_can(self, folder: Path, ask: Ask, headers: dict[str, str]) -> None:
        answer = ask(folder).put("/api/v1/model", json={"nodes": 1}, headers=headers)
        assert answer.status_code == 422

    def test_browsers_show_answers_to_no_other_page(self, small: Path, ask: Ask) -> None:
        client = ask(small)
        answer = client.get(NODES, headers={"Origin": "https://pages.example"})
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        asked = {"Origin": "https://pages.example", "Access-Control-Request-Method": "GET"}
        answer = client.options(NODES, headers=asked)
        assert answer.status_code in (403, 405)
        assert not [name for name in answer.headers if name.startswith("access-control")]

    def test_but_to_those_that_the_settings_let_in(self, folder: Path, ask: Ask) -> None:
        page = "https://pages.example"
        client = ask(folder, open_to_all=False, origins=(page,))
        asked = {
            "Origin": page,
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": "authorization",
        }
        before = client.options(NODES, headers=asked)
        assert (before.status_code, before.headers["Access-Control-Allow-Origin"]) == (200, page)
        answer = client.get(NODES, headers={**RIGHT, "Origin": page})
        assert answer.headers["Access-Control-Allow-Origin"] == page
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert client.get(NODES, headers={"Origin": page}).status_code == 401
        cross = {**RIGHT, "Origin": page, "Sec-Fetch-Site": "cross-site"}
        assert client.put("/api/v1/model", json={"nodes": 1}, headers=cross).status_code == 422
        other = client.get(NODES, headers={**RIGHT, "Origin": "https://evil.example"})
        assert "Access-Control-Allow-Origin" not in other.headers


class TestSignedTokens:
    @pytest.fixture
    def client(self, folder: Path, tmp_path: Path, ask: Ask) -> TestClient:
        keys = tmp_path / "keys.json"
        keys.write_bytes(key_set("rsa", "ec-256"))
        return ask(
            folder,
            open_to_all=False,
            oidc_issuer=ISSUER,
            oidc_audience=AUDIENCE,
            oidc_keys=str(keys),
        )

    @staticmethod
    def got(client: TestClient, token: str, path: str = NODES) -> httpx.Response:
        answer: httpx.Response = client.get(path, headers={"Authorization": f"Bearer {token}"})
        return answer

    def test_roles_and_limits_are_those_of_the_claims(self, client: TestClient) -> None:
        assert self.got(client, signed()).status_code == 200
        limited = signed(apportion_role="viewer", apportion_products=["search"])
        assert [row["node"] for row in self.got(client, limited).json()["rows"]] == ["search"]
        assert self.got(client, limited, "/api/v1/model").status_code == 403
        assert client.get(NODES, headers=RIGHT).status_code == 200

    def test_every_other_is_refused_with_the_same_words(
        self, folder: Path, client: TestClient
    ) -> None:
        import jwt

        tried = [
            jwt.encode(claims(apportion_role="admin"), None, "none", {"kid": "rsa"}),
            _with_public_key_as_secret(),
            signed(aud="another"),
            signed(iss="https://evil.example"),
            signed(exp=1),
            signed(headers={"kid": "unknown"}),
            signed(kind="rsa-other", headers={"kid": "rsa"}),
            signed(apportion_role="root"),
            signed(exp=None),
        ]
        answers = [self.got(client, token) for token in tried]
        assert [answer.status_code for answer in answers] == [401] * len(tried)
        assert {answer.json()["detail"] for answer in answers} == {"The token is not valid."}
        reasons = [line["reason"] for line in denied(folder)]
        assert len(set(reasons)) >= 7
        log = audit_file(folder).read_text()
        assert not [token for token in tried if token.split(".")[1] in log]

    def test_an_issuer_whose_keys_cannot_be_had_is_no_fault_of_the_token(
        self, folder: Path, ask: Ask
    ) -> None:
        with serving(b"no keys") as issuer:
            client = ask(
                folder,
                open_to_all=False,
                oidc_issuer=ISSUER,
                oidc_audience=AUDIENCE,
                oidc_keys=issuer.url,
            )
            assert self.got(client, signed()).status_code == 503
            assert client.get(NODES, headers=RIGHT).status_code == 200
            assert len(issuer.asked) == 1


def _with_public_key_as_secret() -> str:
    import base64
    import hashlib
    import hmac

    def part(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    header = json.dumps({"alg": "HS256", "kid": "rsa"}).encode()
    said = f"{part(header)}.{part(json.dumps(claims()).encode())}"
    return f"{said}.{part(hmac.new(public_pem('rsa'), said.encode(), hashlib.sha256).digest())}"


def test_several_workers_know_the_same(folder: Path, serve: Serve) -> None:
    with serve(folder, "--require-tokens", "--workers", "2") as running:
        url = f"{running.url}{NODES}"
        # Each on a connection of its own, so that both workers are asked.
        statuses = [httpx.get(url, headers=WRONG, timeout=1800).status_code for _ in range(14)]
        assert statuses == [401] * 10 + [429] * 4
        assert {httpx.get(url, headers=RIGHT, timeout=1800).status_code for _ in range(8)} == {200}
        revoke_token(token_file(folder), TOKEN.token_id, NOW)
        assert {httpx.get(url, headers=RIGHT, timeout=1800).status_code for _ in range(8)} <= {
            401,
            429,
        }
        assert running.stop() == 0
        assert SECRET not in running.log_text()
