"""An issuer's keys: which are taken, and when they are read or fetched again."""

import json
from pathlib import Path
from typing import Any

import pytest
from issuing import described, key_set, private_key, serving

from apportion.access.issuer_keys import (
    FRESH_SECONDS,
    KEPT_SECONDS,
    LARGEST,
    PAUSE_SECONDS,
    IssuerKeys,
    issuer_keys,
    read_keys,
)
from apportion.findings import AccessError


class Clock:
    """Seconds that pass when told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def unusable(keys: IssuerKeys, key_id: str = "rsa") -> str:
    with pytest.raises(AccessError) as caught:
        keys.find(key_id)
    (finding,) = caught.value.findings
    assert finding.code == "unusable_keys"
    return finding.message


def without(kind: str, *names: str) -> dict[str, Any]:
    return {name: value for name, value in described(kind).items() if name not in names}


def private(kind: str) -> dict[str, Any]:
    import jwt

    key: Any = jwt.algorithms.RSAAlgorithm.to_jwk(private_key(kind), as_dict=True)
    return {**key, "kid": "private", "key_ops": ["verify"]}


SECRET = {"kty": "oct", "kid": "secret", "k": "c2VjcmV0", "alg": "HS256"}


@pytest.mark.parametrize(
    "left_out",
    [
        SECRET,
        {**SECRET, "alg": "RS256"},
        {**described("rsa"), "kid": "x", "alg": "HS256"},
        {**described("rsa"), "kid": "x", "alg": "none"},
        {**described("rsa"), "kid": "x", "alg": "ES256"},
        {**described("rsa"), "kid": "x", "use": "enc"},
        {**described("rsa"), "kid": "x", "key_ops": ["encrypt"]},
        {**described("rsa"), "kid": "x", "key_ops": 1},
        {**described("rsa"), "kid": "x", "n": "!"},
        {**described("rsa"), "kid": "x", "n": 5},
        {**described("rsa"), "kid": ""},
        {**described("rsa"), "kid": 7},
        {**described("rsa-short")},
        {**described("ec-256"), "kid": "x", "crv": "P-384"},
        {**described("ec-256"), "kid": "x", "crv": "secp256k1"},
        without("rsa", "kid"),
        without("rsa", "kty"),
        private("rsa"),
    ],
    ids=lambda key: json.dumps({name: key.get(name) for name in ("kty", "alg", "use", "crv")}),
)
def test_a_key_that_cannot_verify_is_left_out(left_out: dict[str, Any]) -> None:
    keys = read_keys(key_set("ec-256", also=(left_out,)), "keys")
    assert set(keys) == {"ec-256"}
    with pytest.raises(AccessError, match="No key in it can verify"):
        read_keys(key_set(also=(left_out,)), "keys")


def test_a_key_is_for_the_algorithms_of_its_kind_and_of_its_own_word() -> None:
    keys = read_keys(
        key_set("rsa", "ed", also=({**described("rsa"), "kid": "x", "alg": "PS256"},)), ""
    )
    assert keys["rsa"].algorithms == {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
    assert keys["ed"].algorithms == {"EdDSA"}
    assert keys["x"].algorithms == {"PS256"}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no JSON object"),
        (b"[]", "no JSON object"),
        (b'{"keys": 1}', "no JSON object"),
        (b"[" * 100_000, "no JSON object"),
        (b"\xff", "no JSON object"),
        (b'{"keys": [1, null]}', "No key in it"),
        (key_set("rsa", "rsa"), "Two keys have the id 'rsa'"),
        (b" " * (LARGEST + 1), "more than 262,144 bytes"),
    ],
    ids=["empty", "list", "number", "deep", "bytes", "no keys", "twice", "large"],
)
def test_what_is_no_set_of_keys_is_refused(data: bytes, said: str, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_bytes(data)
    assert said in unusable(issuer_keys(str(file)))


def test_a_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    keys = issuer_keys(str(file))
    assert "No such file" in unusable(keys)
    file.write_bytes(key_set("rsa"))
    assert keys.find("rsa")
    file.write_bytes(key_set("ec-256", "ed"))
    assert keys.find("rsa") is None
    assert keys.find("ed")
    file.write_bytes(b"half of")
    assert "no JSON object" in unusable(keys, "ed")


def test_an_unknown_key_is_asked_for_once_a_minute() -> None:
    clock = Clock()
    with serving(key_set("rsa")) as served:
        keys = issuer_keys(served.url, clock)
        assert keys.find("rsa")
        for _ in range(50):
            assert keys.find("ed") is None
        assert len(served.asked) == 1
        served.body = key_set("rsa", "ed")
        clock.now = PAUSE_SECONDS - 1
        assert keys.find("ed") is None
        clock.now = PAUSE_SECONDS
        assert keys.find("ed")
        assert len(served.asked) == 2


def test_a_key_that_was_withdrawn_ends_within_minutes() -> None:
    clock = Clock()
    with serving(key_set("rsa", "ed")) as served:
        keys = issuer_keys(served.url, clock)
        assert keys.find("rsa")
        served.body = key_set("ed")
        clock.now = FRESH_SECONDS - 1
        assert keys.find("rsa")
        clock.now = FRESH_SECONDS
        assert keys.find("rsa") is None
        assert len(served.asked) == 2


def test_an_issuer_that_is_away_is_waited_for_but_not_for_ever() -> None:
    clock = Clock()
    with serving(key_set("rsa")) as served:
        keys = issuer_keys(served.url, clock)
        assert keys.find("rsa")
        served.status = 500
        for clock.now in (FRESH_SECONDS, FRESH_SECONDS + 1, KEPT_SECONDS - 1):
            assert keys.find("rsa")
        assert len(served.asked) == 3
        clock.now = KEPT_SECONDS
        assert "does not answer" in unusable(keys)
        served.status = 200
        clock.now = KEPT_SECONDS + PAUSE_SECONDS
        assert keys.find("rsa")


def test_a_redirect_is_not_followed() -> None:
    with serving(key_set("rsa")) as elsewhere, serving(b"") as served:
        served.status, served.headers = 302, {"Location": elsewhere.url}
        assert "does not answer" in unusable(issuer_keys(served.url))
        assert len(served.asked) == 1
        assert not elsewhere.asked


@pytest.mark.parametrize("body", [b" " * (LARGEST + 1), b"<html>", b""])
def test_an_answer_that_is_no_set_of_keys_gives_no_key(body: bytes) -> None:
    with serving(body) as served:
        assert "does not answer" in unusable(issuer_keys(served.url))


def test_nobody_who_answers_gives_no_key() -> None:
    with serving(b"") as served:
        pass
    assert "does not answer" in unusable(issuer_keys(served.url))


@pytest.mark.parametrize(
    "url",
    [
        "http://issuer.example/keys",
        "http://127.0.0.1.evil.example/keys",
        "http://localhost@issuer.example/keys",
        "ftp://127.0.0.1/keys",
        "file:///etc/passwd",
        "https:///keys",
    ],
)
def test_an_address_that_anybody_could_answer_is_refused(url: str) -> None:
    with pytest.raises(AccessError, match="begins with https://"):
        issuer_keys(url)


@pytest.mark.parametrize("url", ["https://issuer.example/keys", "http://[::1]:1/keys"])
def test_other_addresses_are_asked_when_a_key_is_needed(url: str) -> None:
    assert issuer_keys(url)
