"""Who may: roles, tokens, an issuer's bearer tokens, and the log of who did what.

It knows nothing of HTTP: what comes in is the text of a credential, and what goes out is a
``Principal`` or a refusal. Names that need more than the standard library are imported when first
used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from apportion.access.principal import LOCAL, Kind, Principal, RefusedError
from apportion.access.roles import Role, allows

if TYPE_CHECKING:
    from apportion.access.bearer import Bearers
    from apportion.access.failures import Failures

_HOMES = {"Bearers": "apportion.access.bearer", "Failures": "apportion.access.failures"}

__all__ = [
    "LOCAL",
    "Bearers",
    "Failures",
    "Kind",
    "Principal",
    "RefusedError",
    "Role",
    "allows",
]


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module 'apportion.access' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
