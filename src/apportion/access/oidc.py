"""Bearer tokens of an issuer (OpenID Connect): signed claims, verified with its public keys."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from apportion.access.issuer_keys import ALGORITHMS, IssuerKeys
from apportion.access.principal import Kind, Principal, RefusedError
from apportion.access.roles import Role

LONGEST = 8 * 1024
LEEWAY_SECONDS = 30
_REQUIRED = ["exp", "iat", "iss", "aud", "sub"]
_NAME_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Issuer:
    """Whose tokens count, and what they say of somebody.

    ``name`` is the claim ``iss``, ``audience`` one of the claim ``aud``. The claim ``role_claim``
    is a role or a list with roles among others, of which the highest counts; somebody without that
    claim has ``default_role`` or is refused where there is none. The claim ``products_claim`` is a
    list of the ids that a viewer is limited to; without it there is no limit.
    """

    name: str
    audience: str
    role_claim: str = "apportion_role"
    products_claim: str = "apportion_products"
    default_role: Role | None = None


def verify_signed(text: str, issuer: Issuer, keys: IssuerKeys) -> Principal:
    """Who an issuer says this is.

    The algorithm is one that the named key can verify; the token does not choose it. Raises
    ``RefusedError``, and ``AccessError`` where the issuer's keys cannot be had.
    """
    if len(text) > LONGEST:
        raise RefusedError(f"a signed token has more than {LONGEST:,} characters")
    try:
        claims = _claims(text, issuer, keys)
    except jwt.PyJWTError as error:
        raise RefusedError(f"a signed token is refused: {type(error).__name__}") from error
    except (ValueError, OverflowError, TypeError, RecursionError) as error:
        raise RefusedError(f"a signed token cannot be read: {type(error).__name__}") from error
    name = claims["sub"]
    if not 0 < len(name) <= _NAME_LENGTH:
        raise RefusedError("a signed token names nobody, or too long a name")
    token_id = claims.get("jti")
    products = _products(claims, issuer)
    role = _role(claims, issuer)
    if products is not None and role is not Role.VIEWER:
        raise RefusedError(f"a signed token limits an {role} to products, which only a viewer can")
    return Principal(name, role, products, Kind.OIDC, token_id)


def _claims(text: str, issuer: Issuer, keys: IssuerKeys) -> dict[str, Any]:
    header = jwt.get_unverified_header(text)
    algorithm, key_id = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        raise RefusedError("a signed token has an algorithm that is not taken")
    if not isinstance(key_id, str):
        raise RefusedError("a signed token does not say which key signed it")
    key = keys.find(key_id)
    if key is None:
        raise RefusedError("a signed token names a key that the issuer does not have")
    if algorithm not in key.algorithms:
        raise RefusedError("a signed token has an algorithm that its key is not for")
    claims: dict[str, Any] = jwt.decode(
        text,
        key.key,
        algorithms=[algorithm],
        audience=issuer.audience,
        issuer=issuer.name,
        leeway=LEEWAY_SECONDS,
        options={"require": _REQUIRED},
    )
    return claims


def _role(claims: Mapping[str, Any], issuer: Issuer) -> Role:
    if issuer.role_claim not in claims:
        if issuer.default_role is None:
            raise RefusedError("a signed token has no role")
        return issuer.default_role
    said = claims[issuer.role_claim]
    named = said if isinstance(said, list) else [said]
    found = [role for role in Role if str(role) in named]
    if not found:
        raise RefusedError("a signed token has a role that is none of ours")
    return found[-1]


def _products(claims: Mapping[str, Any], issuer: Issuer) -> frozenset[str] | None:
    if issuer.products_claim not in claims:
        return None
    said = claims[issuer.products_claim]
    if not isinstance(said, list) or not all(isinstance(each, str) for each in said):
        raise RefusedError("a signed token limits its holder to something else than ids")
    return frozenset(said)
