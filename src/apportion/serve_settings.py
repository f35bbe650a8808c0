"""How a server was told to run, as it passes from the command to the worker processes."""

import ipaddress
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

VARIABLE = "APPORTION_SERVE"
"""The environment variable that holds a server's settings as JSON, for its worker processes."""


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """A server's settings. Sizes are in bytes, times in seconds.

    ``open_to_all`` says that whoever reaches the server may do everything, which is so on loopback
    alone, and not behind a proxy. ``origins`` are web pages of other hosts that browsers may let
    in. ``oidc_*`` name who issues bearer tokens, for whom, and where the keys lie; empty where
    there is nobody.
    ``body_bytes`` bounds a document, ``upload_bytes`` a file, ``unpacked_bytes`` what a file may
    grow to; ``idle_seconds`` is how long the next part of a body may take to come, ``read_seconds``
    how long a question may take until its answer begins, ``grace_seconds`` how long a stop waits.
    ``work_seconds`` and ``work_bytes`` bound a process that brings in a file or runs; 0 bytes is a
    share of the memory there is. ``remembered_bytes`` bounds the answers that a worker keeps,
    ``readers`` the questions that it works on at once.
    """

    workspace: str
    open_to_all: bool = True
    host: str = "127.0.0.1"
    origins: tuple[str, ...] = ()
    oidc_issuer: str = ""
    oidc_audience: str = ""
    oidc_keys: str = ""
    oidc_default_role: str = ""
    oidc_role_claim: str = "apportion_role"
    oidc_products_claim: str = "apportion_products"
    body_bytes: int = 8 * 2**20
    upload_bytes: int = 2 * 2**30
    unpacked_bytes: int = 2 * 2**30
    idle_seconds: float = 20.0
    read_seconds: float = 60.0
    grace_seconds: float = 10.0
    remembered_bytes: int = 64 * 2**20
    readers: int = 4
    work_seconds: int = 3600
    work_bytes: int = 0

    @property
    def folder(self) -> Path:
        """The workspace's folder."""
        return Path(self.workspace)


def to_environment(settings: ServeSettings) -> Mapping[str, str]:
    """The settings as the worker processes inherit them."""
    return {VARIABLE: json.dumps(asdict(settings))}


def from_environment() -> ServeSettings:
    """The settings of the server that this process is a worker of."""
    given = json.loads(os.environ[VARIABLE])
    return ServeSettings(**{**given, "origins": tuple(given["origins"])})


def is_loopback(host: str) -> bool:
    """Whether an address or name is reached from this machine alone.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("::")
    (True, True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
