"""Who asks, once that is known, and how somebody is refused."""

from dataclasses import dataclass
from enum import StrEnum

from apportion.access.roles import Role


class Kind(StrEnum):
    """How it is known who asks: nobody else can reach us, by a token of ours, by an issuer's."""

    LOCAL = "local"
    TOKEN = "token"  # noqa: S105
    OIDC = "oidc"


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who may do what a role allows.

    ``products`` are the ids that a viewer is limited to, or None for all. ``token_id`` names the
    token, where it has a name that is no secret.

    Raises ``ValueError`` where somebody who is limited to products would be more than a viewer:
    runs, bills and the model are of all products.
    """

    name: str
    role: Role
    products: frozenset[str] | None
    kind: Kind
    token_id: str | None = None

    def __post_init__(self) -> None:
        """A limit that some routes would not know of is none."""
        if self.products is not None and self.role is not Role.VIEWER:
            raise ValueError("only a viewer can be limited to products")


LOCAL = Principal("local", Role.ADMIN, None, Kind.LOCAL)
"""Whoever reaches a server that listens to this machine alone, or types a command."""


class RefusedError(Exception):
    """A credential is none. The reason is for our log: who is refused is told no more than that."""

    def __init__(self, reason: str) -> None:
        """Keep the reason, which holds nothing of the credential that could be a secret."""
        self.reason = reason
        super().__init__(reason)
