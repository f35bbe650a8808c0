"""Whose a bearer credential is: a token of ours, or one that an issuer signed."""

from dataclasses import dataclass
from datetime import datetime

from apportion.access.issuer_keys import IssuerKeys
from apportion.access.oidc import Issuer, verify_signed
from apportion.access.principal import Principal, RefusedError
from apportion.access.tokens import BEGINNING, TokenVerifier


@dataclass(frozen=True, slots=True)
class Bearers:
    """Whose credentials count: those of tokens and, where there is one, those of an issuer."""

    tokens: TokenVerifier
    issuer: Issuer | None = None
    keys: IssuerKeys | None = None

    def principal(self, credential: str, now: datetime) -> Principal:
        """Who this is. Raises ``RefusedError``, and ``AccessError`` where that cannot be known."""
        if credential.startswith(BEGINNING):
            return self.tokens.verify(credential, now)
        if self.issuer is None or self.keys is None:
            raise RefusedError("the credential is no token of ours, and no issuer is set")
        return verify_signed(credential, self.issuer, self.keys)
