"""A token on the command line: given once, to stdout alone, and told of in the audit log."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from apportion.access.audit import audit_file
from apportion.access.tokens import TokenVerifier, list_tokens, token_file

Apportion = Callable[..., Any]


@pytest.fixture
def folder(enter: Callable[[str], Path]) -> Path:
    return enter("new")


def created(apportion: Apportion, *more: str) -> str:
    answer = apportion("token", "create", "nightly", "--role", "viewer", *more)
    assert answer.status == 0, answer.err
    return str(answer.out)


def test_stdout_is_the_token_and_nothing_else(folder: Path, apportion: Apportion) -> None:
    text = created(apportion)
    found = TokenVerifier(token_file(folder)).verify(text.removesuffix("\n"), datetime.now(UTC))
    assert found.name == "nightly"


def test_it_ends_after_ninety_days_unless_told_otherwise(
    folder: Path, apportion: Apportion
) -> None:
    for more in ((), ("--expires", "never"), ("--expires", "2099-01-31"), ("--expires", "1d")):
        created(apportion, *more)
    one_day, named, never, usual = list_tokens(token_file(folder))
    assert usual.expires_at == usual.created_at + timedelta(days=90)
    assert never.expires_at is None
    assert named.expires_at == datetime(2099, 2, 1, tzinfo=UTC)
    assert one_day.expires_at == one_day.created_at + timedelta(days=1)


def test_the_log_knows_of_every_token_and_of_no_secret(folder: Path, apportion: Apportion) -> None:
    text = created(apportion, "--products", "shop", "--products", "search,checkout").strip()
    _, token_id, secret = text.split("_", 2)
    assert apportion("token", "revoke", token_id).status == 0
    assert apportion("token", "revoke", "none").status == 2
    lines = [json.loads(line) for line in audit_file(folder).read_text().splitlines()]
    assert [line["event"] for line in lines] == ["token_created", "token_revoked"]
    said = f"token {token_id} of nightly: viewer, only checkout, search, shop, valid until"
    assert all(line["reason"].startswith(said) for line in lines)
    assert all(line["principal"] and line["kind"] == "local" for line in lines)
    kept = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert not any(secret.encode() in each for each in kept)


def test_a_log_that_cannot_be_written_keeps_no_token_from_being_revoked(
    folder: Path, apportion: Apportion
) -> None:
    text = created(apportion)
    log = audit_file(folder)
    log.unlink()
    log.mkdir()
    assert apportion("token", "create", "late", "--role", "admin").status == 1
    assert apportion("token", "revoke", text.split("_")[1]).status == 1
    (token,) = list_tokens(token_file(folder))
    assert token.revoked_at


def test_without_a_workspace_nothing_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, apportion: Apportion
) -> None:
    monkeypatch.chdir(tmp_path)
    assert apportion("token", "create", "x", "--role", "viewer").status == 2
    assert apportion("-w", str(tmp_path), "token", "list").status == 2
    assert not list(tmp_path.iterdir())
