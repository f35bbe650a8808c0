"""The public keys of a token issuer (a JWKS), from a file or a URL, read anew when they change."""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from threading import Lock
from time import monotonic
from types import MappingProxyType
from typing import Any, Protocol
from urllib.parse import urlsplit

import jwt

from apportion.findings import AccessError, Finding, Place

_LOGGER = logging.getLogger("apportion.access")

LARGEST = 256 * 1024
SECONDS = 5.0
"""How long an issuer may take to send its keys."""
FRESH_SECONDS = 600.0
"""How long keys count before they are fetched again: a key that was withdrawn ends with it."""
KEPT_SECONDS = 24 * 3600.0
"""How long keys count while the issuer does not answer."""
PAUSE_SECONDS = 60.0
"""A stranger can name any key, so that an unknown one is asked for no more often than this."""
RSA_BITS = 2048

_BY_TYPE: Mapping[tuple[str, str], frozenset[str]] = MappingProxyType(
    {
        ("RSA", ""): frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
        ("EC", "P-256"): frozenset({"ES256"}),
        ("EC", "P-384"): frozenset({"ES384"}),
        ("OKP", "Ed25519"): frozenset({"EdDSA"}),
        ("OKP", "Ed448"): frozenset({"EdDSA"}),
    }
)
"""What a type of key and its curve can sign. Keys of other types, secrets too, are not taken."""

ALGORITHMS = frozenset[str]().union(*_BY_TYPE.values())


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """A public key and the algorithms it may verify."""

    algorithms: frozenset[str]
    key: Any


class IssuerKeys(Protocol):
    """Where keys are found by their id."""

    def find(self, key_id: str) -> IssuerKey | None:
        """The key of this id. Raises ``AccessError`` (``unusable_keys``)."""


def issuer_keys(where: str, clock: Callable[[], float] = monotonic) -> IssuerKeys:
    """The keys at a URL or in a file; ``clock`` counts seconds.

    Raises ``AccessError`` (``unusable_keys``) for a URL that anybody on the way could answer.
    """
    if "://" not in where:
        return _FileKeys(Path(where))
    parts = urlsplit(where)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname))
    if not is_safe or not parts.hostname:
        raise _unusable(where, "The address of an issuer's keys begins with https://.")
    return _UrlKeys(where, clock)


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False


class _FileKeys:
    """Keys of a file, read again whenever it is another."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = Lock()
        self._seen: tuple[int, ...] = ()
        self._keys: Mapping[str, IssuerKey] = MappingProxyType({})

    def find(self, key_id: str) -> IssuerKey | None:
        with self._lock:
            try:
                found = self._file.stat()
                seen = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
                if seen != self._seen:
                    with self._file.open("rb") as opened:
                        data = opened.read(LARGEST + 1)
                    self._keys, self._seen = read_keys(data, str(self._file)), seen
            except OSError as error:
                raise _unusable(str(self._file), f"{error.strerror}.") from error
            return self._keys.get(key_id)


class _UrlKeys:
    """Keys of a URL, fetched again when they are old and when one is unknown, but not too often."""

    def __init__(self, url: str, clock: Callable[[], float]) -> None:
        self._url = url
        self._clock = clock
        self._lock = Lock()
        self._keys: Mapping[str, IssuerKey] = MappingProxyType({})
        self._fetched: float | None = None
        self._tried: float | None = None

    def find(self, key_id: str) -> IssuerKey | None:
        found = self._keys.get(key_id)
        if found is not None and self._age() < FRESH_SECONDS:
            return found
        with self._lock:
            if key_id not in self._keys or self._age() >= FRESH_SECONDS:
                self._fetch_unless_just_tried()
            if self._age() >= KEPT_SECONDS:
                raise _unusable(self._url, "The issuer does not answer with its keys.")
            return self._keys.get(key_id)

    def _age(self) -> float:
        return KEPT_SECONDS if self._fetched is None else self._clock() - self._fetched

    def _fetch_unless_just_tried(self) -> None:
        now = self._clock()
        if self._tried is not None and now - self._tried < PAUSE_SECONDS:
            return
        self._tried = now
        try:
            self._keys = read_keys(_fetch(self._url, self._clock), self._url)
            self._fetched = now
        except AccessError as error:
            # Known keys count for a while, so that an issuer's bad hour is not ours.
            _LOGGER.warning("The issuer's keys stay as they were: %s", error)


def _fetch(url: str, clock: Callable[[], float]) -> bytes:
    import httpx2 as httpx  # noqa: PLC0415  # only keys at a URL need it

    parts, size, deadline = [], 0, clock() + SECONDS
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    try:
        with httpx.stream(
            "GET", url, headers=headers, timeout=SECONDS, follow_redirects=False
        ) as answer:
            if answer.status_code != 200:
                raise _unusable(url, f"The issuer answers with status {answer.status_code}.")
            for part in answer.iter_raw():
                size += len(part)
                if size > LARGEST:
                    raise _too_large(url)
                if clock() > deadline:
                    raise _unusable(url, "The issuer takes too long to send its keys.")
                parts.append(part)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _unusable(url, f"The issuer does not answer: {type(error).__name__}.") from error
    return b"".join(parts)


def read_keys(data: bytes, where: str) -> Mapping[str, IssuerKey]:
    """The keys of a JWKS that can verify signatures, by their ids.

    Keys without an id, for other uses, and of types that are not taken are left out. Raises
    ``AccessError`` (``unusable_keys``) where no key remains or two have the same id.
    """
    if len(data) > LARGEST:
        raise _too_large(where)
    try:
        listed = json.loads(data)["keys"]
        described = [each for each in listed if isinstance(each, dict)]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _unusable(where, "This is no JSON object with a list of keys.") from error
    keys: dict[str, IssuerKey] = {}
    for each in described:
        key = _usable(each)
        if key is None:
            _LOGGER.info("A key of the issuer is left out: kid=%r", each.get("kid"))
        elif each["kid"] in keys:
            raise _unusable(where, f"Two keys have the id {each['kid']!r}.")
        else:
            keys[each["kid"]] = key
    if not keys:
        raise _unusable(where, "No key in it can verify a token.")
    return MappingProxyType(keys)


def _usable(described: Mapping[str, Any]) -> IssuerKey | None:
    key_id, use = described.get("kid"), described.get("use", "sig")
    operations = described.get("key_ops", ["verify"])
    if not isinstance(key_id, str) or not key_id or use != "sig":
        return None
    if not isinstance(operations, list) or "verify" not in operations:
        return None
    curve = described.get("crv", "")
    algorithms = _BY_TYPE.get((str(described.get("kty")), str(curve)), frozenset())
    if "alg" in described:
        algorithms &= {str(described["alg"])}
    # A private key in a public place is no proof of who signed.
    if not algorithms or "d" in described:
        return None
    try:
        key = jwt.PyJWK.from_dict(dict(described), min(algorithms)).key
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        _LOGGER.info("A key of the issuer cannot be read: kid=%r %s", key_id, type(error).__name__)
        return None
    if getattr(key, "key_size", RSA_BITS) < RSA_BITS and described["kty"] == "RSA":
        return None
    return IssuerKey(algorithms, key)


def _too_large(where: str) -> AccessError:
    return _unusable(where, f"The keys take more than {LARGEST:,} bytes.")


def _unusable(where: str, message: str) -> AccessError:
    remedy = "Ask whoever runs the issuer, and look at the setting."
    return AccessError([Finding("unusable_keys", message, Place(where), remedy)])
