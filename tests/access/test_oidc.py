"""Tokens of an issuer: those that are right, and every way of making one that is not."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from pathlib import Path
from time import time
from typing import Any

import jwt
import pytest
from issuing import AUDIENCE, ISSUER, claims, described, key_set, public_pem, signed

from apportion.access import Bearers, Kind, Principal, RefusedError, Role
from apportion.access.issuer_keys import issuer_keys
from apportion.access.oidc import LONGEST, Issuer, verify_signed
from apportion.access.tokens import TokenVerifier, token_file

WHO = Issuer(ISSUER, AUDIENCE)
KINDS = ("rsa", "ec-256", "ec-384", "ed")


def verified(tmp_path: Path, token: str, issuer: Issuer = WHO) -> Principal:
    file = tmp_path / "keys.json"
    if not file.exists():
        file.write_bytes(key_set(*KINDS))
    return verify_signed(token, issuer, issuer_keys(str(file)))


def refused(tmp_path: Path, token: str, issuer: Issuer = WHO) -> str:
    with pytest.raises(RefusedError) as caught:
        verified(tmp_path, token, issuer)
    assert not any(part in caught.value.reason for part in token.split(".") if len(part) > 8)
    return caught.value.reason


@pytest.mark.parametrize(
    ("algorithm", "kind"),
    [
        *((each, "rsa") for each in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")),
        ("ES256", "ec-256"),
        ("ES384", "ec-384"),
        ("EdDSA", "ed"),
    ],
)
def test_a_right_token_says_who_it_is(tmp_path: Path, algorithm: str, kind: str) -> None:
    found = verified(tmp_path, signed(algorithm, kind))
    assert found == Principal("ada", Role.ANALYST, None, Kind.OIDC, "t1")


def part(data: Any) -> str:
    text = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def with_secret(header: dict[str, Any], secret: bytes) -> str:
    """A token that is signed with a shared secret; PyJWT itself would refuse to sign so."""
    said = f"{part(header)}.{part(claims())}"
    signature = hmac.new(secret, said.encode(), hashlib.sha256).digest()
    return f"{said}.{part(signature)}"


def altered_claims() -> str:
    head, _, signature = signed().split(".")
    return f"{head}.{part(claims(apportion_role='admin'))}.{signature}"


NOT_TAKEN = "a signed token has an algorithm that is not taken"
NOT_ITS = "a signed token has an algorithm that its key is not for"
REFUSED: dict[str, tuple[Callable[[], str], str]] = {
    "alg none": (lambda: jwt.encode(claims(), None, "none", {"kid": "rsa"}), NOT_TAKEN),
    "alg None": (lambda: f"{part({'alg': 'None', 'kid': 'rsa'})}.{part(claims())}.", NOT_TAKEN),
    "alg none, kept signature": (
        lambda: ".".join([part({"alg": "none", "kid": "rsa"}), *signed().split(".")[1:]]),
        NOT_TAKEN,
    ),
    "no alg": (
        lambda: f"{part({'kid': 'rsa'})}.{part(claims())}.{part(b'x')}",
        NOT_TAKEN,
    ),
    "HS256 by the public key": (
        lambda: with_secret({"alg": "HS256", "kid": "rsa"}, public_pem("rsa")),
        NOT_TAKEN,
    ),
    "RS256 said, signed with the public key as secret": (
        lambda: with_secret({"alg": "RS256", "kid": "rsa"}, public_pem("rsa")),
        "a signed token is refused: InvalidSignatureError",
    ),
    "an algorithm in a list": (
        lambda: f"{part({'alg': ['RS256'], 'kid': 'rsa'})}.{part(claims())}.{part(b'x')}",
        "a signed token cannot be read: TypeError",
    ),
    "the key of another kind": (lambda: signed("ES256", "ec-256", {"kid": "rsa"}), NOT_ITS),
    "the curve of another": (lambda: signed("ES256", "ec-256", {"kid": "ec-384"}), NOT_ITS),
    "a key that nobody published": (
        lambda: signed(kind="rsa-other", headers={"kid": "rsa"}),
        "a signed token is refused: InvalidSignatureError",
    ),
    "a key that came along": (
        lambda: signed(kind="rsa-other", headers={"kid": "rsa", "jwk": described("rsa-other")}),
        "a signed token is refused: InvalidSignatureError",
    ),
    "unknown kid": (
        lambda: signed(headers={"kid": "other"}),
        "a signed token names a key that the issuer does not have",
    ),
    "kid as a path": (
        lambda: signed(headers={"kid": "../../etc/passwd"}),
        "a signed token names a key that the issuer does not have",
    ),
    "no kid": (lambda: signed(headers={}), "a signed token does not say which key signed it"),
    "unknown critical extension": (
        lambda: signed(headers={"kid": "rsa", "crit": ["x"], "x": 1}),
        "a signed token is refused: InvalidTokenError",
    ),
    "altered claims": (altered_claims, "a signed token is refused: InvalidSignatureError"),
    "no signature": (
        lambda: signed().rpartition(".")[0] + ".",
        "a signed token is refused: InvalidSignatureError",
    ),
    "two parts": (
        lambda: signed().rpartition(".")[0],
        "a signed token is refused: DecodeError",
    ),
    "wrong aud": (
        lambda: signed(aud="another"),
        "a signed token is refused: InvalidAudienceError",
    ),
    "aud of others": (
        lambda: signed(aud=["a", "b"]),
        "a signed token is refused: InvalidAudienceError",
    ),
    "aud that begins alike": (
        lambda: signed(aud=AUDIENCE + "-test"),
        "a signed token is refused: InvalidAudienceError",
    ),
    "wrong iss": (
        lambda: signed(iss=ISSUER + ".evil.example"),
        "a signed token is refused: InvalidIssuerError",
    ),
    "iss with a slash": (
        lambda: signed(iss=ISSUER + "/"),
        "a signed token is refused: InvalidIssuerError",
    ),
    "expired": (
        lambda: signed(exp=int(time()) - 31),
        "a signed token is refused: ExpiredSignatureError",
    ),
    "nbf in the future": (
        lambda: signed(nbf=int(time()) + 60),
        "a signed token is refused: ImmatureSignatureError",
    ),
    "iat in the future": (
        lambda: signed(iat=int(time()) + 60),
        "a signed token is refused: ImmatureSignatureError",
    ),
    "exp beyond all numbers": (
        lambda: signed(exp=float("inf")),
        "a signed token is refused: DecodeError",
    ),
    "exp that is no number": (
        lambda: signed(exp="tomorrow"),
        "a signed token is refused: DecodeError",
    ),
    **{
        f"missing {name}": (
            lambda name=name: signed(**{name: None}),
            "a signed token is refused: MissingRequiredClaimError",
        )
        for name in ("exp", "iat", "iss", "aud", "sub")
    },
    "nobody": (lambda: signed(sub=""), "a signed token names nobody, or too long a name"),
    "a long name": (
        lambda: signed(sub="x" * 201),
        "a signed token names nobody, or too long a name",
    ),
    "a number for a name": (
        lambda: signed(sub=7),
        "a signed token is refused: InvalidSubjectError",
    ),
    "no role": (lambda: signed(apportion_role=None), "a signed token has no role"),
    "unknown role": (
        lambda: signed(apportion_role="root"),
        "a signed token has a role that is none of ours",
    ),
    "role in other case": (
        lambda: signed(apportion_role="ADMIN"),
        "a signed token has a role that is none of ours",
    ),
    "role of another type": (
        lambda: signed(apportion_role={"admin": True}),
        "a signed token has a role that is none of ours",
    ),
    "an analyst with a limit": (
        lambda: signed(apportion_products=["shop"]),
        "a signed token limits an analyst to products, which only a viewer can",
    ),
    "a limit that is a text": (
        lambda: signed(apportion_role="viewer", apportion_products="shop"),
        "a signed token limits its holder to something else than ids",
    ),
    "a limit with numbers": (
        lambda: signed(apportion_role="viewer", apportion_products=["shop", 1]),
        "a signed token limits its holder to something else than ids",
    ),
    "giant": (
        lambda: signed(filler="x" * LONGEST),
        f"a signed token has more than {LONGEST:,} characters",
    ),
    "a deep header": (
        lambda: f"{part(b'[' * 6000)}.e30.x",
        "a signed token is refused: DecodeError",
    ),
    "no token": (lambda: "hello", "a signed token is refused: DecodeError"),
    "nothing": (lambda: "", "a signed token is refused: DecodeError"),
    "another alphabet": (lambda: "é.é.é", "a signed token is refused: DecodeError"),
}


@pytest.mark.parametrize(("make", "reason"), REFUSED.values(), ids=REFUSED)
def test_any_other_token_is_refused(tmp_path: Path, make: Callable[[], str], reason: str) -> None:
    assert refused(tmp_path, make()) == reason


def test_a_clock_may_be_thirty_seconds_off(tmp_path: Path) -> None:
    now = int(time())
    assert verified(tmp_path, signed(exp=now - 15, nbf=now + 15, iat=now + 15))


def test_one_of_several_audiences_is_enough(tmp_path: Path) -> None:
    assert verified(tmp_path, signed(aud=["another", AUDIENCE]))


def test_roles_come_from_the_claim_that_is_set(tmp_path: Path) -> None:
    other = Issuer(ISSUER, AUDIENCE, "roles", "shops", Role.VIEWER)
    assert verified(tmp_path, signed(), other).role is Role.VIEWER
    assert verified(tmp_path, signed(roles="admin"), other).role is Role.ADMIN
    assert verified(tmp_path, signed(roles=["x", "analyst", "viewer"]), other).role is Role.ANALYST
    assert refused(tmp_path, signed(roles=[]), other) == (
        "a signed token has a role that is none of ours"
    )
    limited = verified(tmp_path, signed(shops=["a", "b"]), other)
    assert (limited.role, limited.products) == (Role.VIEWER, {"a", "b"})


def test_a_limit_to_nothing_is_not_the_lack_of_a_limit(tmp_path: Path) -> None:
    nothing = verified(tmp_path, signed(apportion_role="viewer", apportion_products=[]))
    assert nothing.products == frozenset()
    assert verified(tmp_path, signed(apportion_role="viewer")).products is None


def test_both_kinds_of_credential_are_told_apart(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    now = datetime.now(UTC)
    (tmp_path / "keys.json").write_bytes(key_set("rsa"))
    tokens = TokenVerifier(token_file(tmp_path))
    with_issuer = Bearers(tokens, WHO, issuer_keys(str(tmp_path / "keys.json")))
    assert with_issuer.principal(signed(), now).kind is Kind.OIDC
    with pytest.raises(RefusedError, match="another form"):
        with_issuer.principal("apportion_x", now)
    with pytest.raises(RefusedError, match="no issuer is set"):
        Bearers(tokens).principal(signed(), now)
