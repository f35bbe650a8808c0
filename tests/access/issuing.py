"""An issuer of signed tokens: keys of each kind, claims, a JWKS, and a server that gives it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import time
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

ISSUER, AUDIENCE = "https://issuer.example", "apportion"


@cache
def private_key(kind: str) -> Any:
    """A key of a kind, the same one each time; ``rsa-other`` is one that nobody published."""
    if kind.startswith("rsa"):
        return rsa.generate_private_key(65537, 1024 if kind == "rsa-short" else 2048)
    if kind.startswith("ec"):
        return ec.generate_private_key(ec.SECP384R1() if kind == "ec-384" else ec.SECP256R1())
    return ed25519.Ed25519PrivateKey.generate()


def public_pem(kind: str) -> bytes:
    """The public key as everybody may have it."""
    return (
        private_key(kind)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def described(kind: str, **more: Any) -> dict[str, Any]:
    """The public key as a JWKS has it; its id is its kind."""
    algorithm = {"rsa": jwt.algorithms.RSAAlgorithm, "ec": jwt.algorithms.ECAlgorithm}.get(
        kind.partition("-")[0], jwt.algorithms.OKPAlgorithm
    )
    public: Any = algorithm.to_jwk(private_key(kind).public_key(), as_dict=True)
    return {**public, "kid": kind, "use": "sig", **more} | {"key_ops": ["verify"]}


def key_set(*kinds: str, also: tuple[dict[str, Any], ...] = ()) -> bytes:
    """A JWKS."""
    return json.dumps({"keys": [*map(described, kinds), *also]}).encode()


def claims(**changed: Any) -> dict[str, Any]:
    """What a good token says; a claim that is changed to None is left out."""
    now = int(time())
    said = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "ada",
        "jti": "t1",
        "iat": now,
        "exp": now + 300,
        "apportion_role": "analyst",
        **changed,
    }
    return {name: value for name, value in said.items() if value is not None}


def signed(
    algorithm: str = "RS256",
    kind: str = "rsa",
    headers: dict[str, Any] | None = None,
    **changed: Any,
) -> str:
    """A token; its header says the id of its key unless told otherwise."""
    headers = {"kid": kind} if headers is None else headers
    return jwt.encode(claims(**changed), private_key(kind), algorithm, headers)


@dataclass
class Served:
    """What a server answers, and what it was asked."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    url: str = ""


@contextmanager
def serving(body: bytes) -> Iterator[Served]:
    """A server on this machine that gives a body, or what is put in its place."""
    served = Served(body)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append(self.path)
            self.send_response(served.status)
            for name, value in served.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(served.body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_port}/keys"
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
