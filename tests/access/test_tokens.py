"""Tokens: only the very text that was given counts, while it counts, in every process."""

import json
import logging
import secrets
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from apportion.access import Kind, Principal, RefusedError, Role
from apportion.access.tokens import (
    Token,
    TokenVerifier,
    create_token,
    find_token,
    list_tokens,
    revoke_token,
    token_file,
)
from apportion.findings import AccessError, UsageError

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
END = NOW + timedelta(days=90)
SECRET = "s3cret-" * 6 + "X"
TOKEN = Token("0123456789ab", "nightly", Role.ANALYST, None, NOW, END)
LIMITED = Token("ba9876543210", "shop", Role.VIEWER, frozenset({"shop", "cart"}), NOW)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return token_file(tmp_path)


@pytest.fixture
def text(file: Path) -> str:
    return create_token(file, TOKEN, SECRET)


def refused(verifier: TokenVerifier, text: str, at: datetime = NOW) -> str:
    with pytest.raises(RefusedError) as caught:
        verifier.verify(text, at)
    return caught.value.reason


def test_a_token_says_whose_it_is(file: Path, text: str) -> None:
    limited = create_token(file, LIMITED, secrets.token_urlsafe(32))
    verifier = TokenVerifier(file)
    assert verifier.verify(text, NOW) == Principal(
        "nightly", Role.ANALYST, None, Kind.TOKEN, "0123456789ab"
    )
    assert verifier.verify(limited, NOW).products == {"shop", "cart"}
    assert list_tokens(file) == [LIMITED, TOKEN]


def test_there_is_no_token_before_one_is_made(file: Path) -> None:
    assert list_tokens(file) == []
    verifier = TokenVerifier(file)
    token = f"apportion_0123456789ab_{SECRET}"
    assert refused(verifier, token) == "no token has this id"
    assert create_token(file, TOKEN, SECRET) == token
    assert verifier.verify(token, NOW).name == "nightly"


ALTERED: dict[str, Callable[[str], str]] = {
    "another secret": lambda text: text[:-1] + "Y",
    "another id": lambda text: text.replace("0123456789ab", "0123456789ac"),
    "truncated": lambda text: text[:-1],
    "longer": lambda text: text + "X",
    "other case of the secret": lambda text: text[:-1] + text[-1].swapcase(),
    "other case of the id": lambda text: text.replace("ab_", "AB_"),
    "other case of the beginning": lambda text: text.capitalize(),
    "a blank before it": lambda text: f" {text}",
    "a line after it": lambda text: f"{text}\n",
    "the secret alone": lambda _: SECRET,
    "without a secret": lambda text: text.partition("_s3")[0] + "_",
    "the hash as the secret": lambda text: text.replace(SECRET, "0" * 43),
    "nothing": lambda _: "",
    "a digit of another script": lambda text: text.replace("0", "\u0660"),
    "SQL": lambda text: text.replace("0123456789ab", "' OR 1=1 --"),
}


@pytest.mark.parametrize("alter", ALTERED.values(), ids=ALTERED)
def test_any_other_text_is_refused(file: Path, text: str, alter: Callable[[str], str]) -> None:
    verifier = TokenVerifier(file)
    assert alter(text) != text
    reason = refused(verifier, alter(text))
    assert SECRET not in reason
    assert verifier.verify(text, NOW)


def test_an_unknown_id_costs_the_same_comparison(
    file: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = []

    def compare(left: bytes, right: bytes) -> bool:
        compared.append((len(left), len(right)))
        return left == right

    monkeypatch.setattr("hmac.compare_digest", compare)
    verifier = TokenVerifier(file)
    refused(verifier, text[:-1] + "Y")
    refused(verifier, text.replace("0123456789ab", "0123456789ac"))
    assert compared == [(32, 32)] * 2


def test_a_token_counts_up_to_its_end_and_not_at_it(file: Path, text: str) -> None:
    verifier = TokenVerifier(file)
    assert verifier.verify(text, END - timedelta(microseconds=1))
    assert refused(verifier, text, END) == "token 0123456789ab has expired"
    assert refused(verifier, text, END + timedelta(days=1)) == "token 0123456789ab has expired"
    endless = create_token(file, LIMITED, SECRET)
    assert verifier.verify(endless, NOW + timedelta(days=36500))


def test_one_revoked_in_another_process_is_refused_at_once(file: Path, text: str) -> None:
    other = create_token(file, LIMITED, SECRET)
    verifier = TokenVerifier(file)
    assert verifier.verify(text, NOW)
    code = (
        "import sys; from datetime import *; from pathlib import Path;"
        "from apportion.access.tokens import revoke_token;"
        f"revoke_token(Path(sys.argv[1]), '{TOKEN.token_id}', datetime.now(UTC))"
    )
    subprocess.run([sys.executable, "-c", code, str(file)], check=True)
    assert refused(verifier, text) == "token 0123456789ab was revoked"
    assert verifier.verify(other, NOW)


def test_revoking_again_keeps_the_first_moment(file: Path, text: str) -> None:
    revoke_token(file, TOKEN.token_id, NOW)
    revoke_token(file, TOKEN.token_id, END)
    assert find_token(file, TOKEN.token_id) == replace(TOKEN, revoked_at=NOW)


def test_who_revokes_a_token_that_is_not_there_is_told(file: Path, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        revoke_token(file, "nightly", NOW)
    assert [each.code for each in caught.value.findings] == ["unknown_token"]
    assert TokenVerifier(file).verify(text, NOW)


def test_a_file_that_is_removed_or_replaced_takes_its_tokens_along(
    file: Path, text: str, tmp_path: Path
) -> None:
    verifier = TokenVerifier(file)
    assert verifier.verify(text, NOW)
    elsewhere = token_file(tmp_path / "elsewhere")
    other = create_token(elsewhere, LIMITED, SECRET)
    # The other database closed without a log beside it; ours leaves with the file.
    for left in file.parent.glob("access.sqlite-*"):
        left.unlink()
    elsewhere.replace(file)
    assert refused(verifier, text) == "no token has this id"
    assert verifier.verify(other, NOW)
    for left in file.parent.glob("access.sqlite*"):
        left.unlink()
    assert refused(verifier, other) == "no token has this id"


def test_many_threads_see_each_token_from_when_it_is_made(file: Path) -> None:
    verifier = TokenVerifier(file)

    def make_and_use(number: int) -> str:
        token = replace(TOKEN, token_id=f"{number:012x}", name=f"n{number}")
        made = create_token(file, token, secrets.token_urlsafe(32))
        name = verifier.verify(made, NOW).name
        revoke_token(file, token.token_id, NOW)
        refused(verifier, made)
        return name

    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(make_and_use, range(40)))
    assert names == [f"n{number}" for number in range(40)]


def test_rows_are_read_only_when_the_file_has_changed(
    file: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []
    from apportion.access import tokens

    kept = tokens._kept

    def counted(connection: sqlite3.Connection) -> Any:
        read.append(1)
        return kept(connection)

    monkeypatch.setattr(tokens, "_kept", counted)
    verifier = TokenVerifier(file)
    for _ in range(100):
        verifier.verify(text, NOW)
    assert len(read) == 1
    revoke_token(file, TOKEN.token_id, NOW)
    for _ in range(100):
        refused(verifier, text)
    assert len(read) == 2


def test_no_secret_is_kept_or_logged(
    file: Path, text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    verifier = TokenVerifier(file)
    verifier.verify(text, NOW)
    refused(verifier, text, END)
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert any(b"nightly" in each for each in kept)
    assert not any(SECRET.encode() in each for each in kept)
    assert SECRET not in caplog.text
    assert SECRET not in json.dumps([str(each) for each in list_tokens(file)])


def test_files_and_folder_are_for_their_owner_alone(file: Path, text: str) -> None:
    TokenVerifier(file).verify(text, NOW)
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert {each.stat().st_mode & 0o077 for each in file.parent.iterdir()} == {0}


@pytest.mark.parametrize(
    "wrong",
    [
        replace(TOKEN, name=""),
        replace(TOKEN, name="  "),
        replace(TOKEN, name="a\nb"),
        replace(TOKEN, name="\x1b[31mred"),
        replace(TOKEN, name="x" * 101),
        replace(TOKEN, products=frozenset({"shop"})),
        replace(LIMITED, products=frozenset()),
        replace(TOKEN, expires_at=NOW),
    ],
    ids=["no name", "blank", "two lines", "control", "long", "limit", "no product", "over"],
)
def test_what_would_be_no_token_is_refused(file: Path, wrong: Token) -> None:
    with pytest.raises(UsageError) as caught:
        create_token(file, wrong, SECRET)
    assert [each.code for each in caught.value.findings] == ["invalid_argument"]
    assert list_tokens(file) == []


@pytest.mark.parametrize("secret", ["short", "x" * 44, "x" * 42 + "\n", "x" * 42 + "é"])
def test_a_secret_of_another_form_makes_no_token(file: Path, secret: str) -> None:
    with pytest.raises(ValueError, match="another form"):
        create_token(file, TOKEN, secret)
    assert list_tokens(file) == []


def test_a_file_that_cannot_be_read_lets_nobody_in(file: Path, text: str) -> None:
    verifier = TokenVerifier(file)
    assert verifier.verify(text, NOW)
    for left in file.parent.glob("access.sqlite-*"):
        left.unlink()
    damaged = file.with_name("damaged")
    damaged.write_bytes(b"no database" * 1000)
    damaged.replace(file)
    for _ in range(2):
        with pytest.raises(AccessError) as caught:
            verifier.verify(text, NOW)
        assert [each.code for each in caught.value.findings] == ["storage_failed"]


@pytest.mark.parametrize(("column", "value"), [("role", "king"), ("products", "5")])
def test_a_row_that_says_nothing_lets_nobody_in(
    file: Path, text: str, column: str, value: str
) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute(f"UPDATE tokens SET {column} = ?", [value])
    connection.close()
    with pytest.raises(AccessError) as caught:
        TokenVerifier(file).verify(text, NOW)
    assert [each.code for each in caught.value.findings] == ["storage_failed"]
