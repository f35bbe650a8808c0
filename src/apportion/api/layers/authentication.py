"""Who asks: whoever is on this machine, where the server is open, or whoever shows a token.

A token comes in the header ``Authorization`` alone: addresses end up in logs and histories.
"""

import logging
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from apportion.access import LOCAL, Bearers, Failures, Principal, RefusedError, Role
from apportion.access.failures import failures_file
from apportion.access.issuer_keys import issuer_keys
from apportion.access.oidc import Issuer
from apportion.access.tokens import BEGINNING, TokenVerifier, token_file
from apportion.api.layers.refusing import DeniedError, answer_problem, deny, now
from apportion.api.layers.threads import in_thread
from apportion.api.who_may import ANYBODY, asked
from apportion.findings import AccessError
from apportion.serve_settings import ServeSettings

_LOGGER = logging.getLogger("apportion.access")
_CHALLENGE = "Bearer"
_INVALID = 'Bearer error="invalid_token"'


class Authentication:
    """Puts a ``Principal`` into the request's state, or answers that nobody is known to ask."""

    def __init__(self, app: ASGIApp, settings: ServeSettings) -> None:
        """Stand before an application. Raises ``AccessError`` where the issuer's keys are amiss."""
        self.app, self.settings = app, settings
        self._bearers = _bearers(settings)
        self._failures = Failures(failures_file(settings.folder))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find out who asks, and pass the request on."""
        if scope["type"] == "http" and asked(scope["method"], scope["path"]).need != ANYBODY:
            try:
                scope["state"]["principal"] = await self._principal(scope)
            except DeniedError as denied:
                await deny(scope, send, self.settings.folder, denied)
                return
            except AccessError as error:
                _LOGGER.error("Nobody can be known: %s", error)  # noqa: TRY400
                said = "Who asks cannot be found out just now."
                status, headers = HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": "5"}
                await answer_problem(scope, send, status, said, headers)
                return
        await self.app(scope, receive, send)

    async def _principal(self, scope: Scope) -> Principal:
        given = Headers(scope=scope).getlist("authorization")
        if not given:
            if self.settings.open_to_all:
                return LOCAL
            said = "Say who asks, in a header: Authorization: Bearer TOKEN"
            raise DeniedError(
                HTTPStatus.UNAUTHORIZED,
                said,
                "there is no credential",
                {"WWW-Authenticate": _CHALLENGE},
            )
        try:
            credential = _credential(given)
            if credential.startswith(BEGINNING):
                # Microseconds, and no file is read unless tokens have changed.
                return self._bearers.principal(credential, now())
            return await in_thread(lambda: self._bearers.principal(credential, now()))
        except RefusedError as refused:
            raise await self._failed(scope, refused) from refused

    async def _failed(self, scope: Scope, refused: RefusedError) -> DeniedError:
        client = scope.get("client")
        address = client[0] if client else ""
        wait = await in_thread(lambda: self._failures.count(address, now()))
        if wait:
            said = f"Too many attempts have failed. Wait {wait} seconds."
            headers = {"Retry-After": str(wait), "WWW-Authenticate": _INVALID}
            return DeniedError(HTTPStatus.TOO_MANY_REQUESTS, said, refused.reason, headers)
        return DeniedError(
            HTTPStatus.UNAUTHORIZED,
            "The token is not valid.",
            refused.reason,
            {"WWW-Authenticate": _INVALID},
        )


def _credential(given: list[str]) -> str:
    """The credential in the header. Raises ``RefusedError`` where there is not one, and of ours."""
    if len(given) > 1:
        raise RefusedError("there are several credentials")
    scheme, _, credential = given[0].partition(" ")
    if scheme.lower() != "bearer":
        raise RefusedError("the credential is of another scheme")
    return credential.strip(" ")


def _bearers(settings: ServeSettings) -> Bearers:
    tokens = TokenVerifier(token_file(settings.folder))
    if not settings.oidc_issuer:
        return Bearers(tokens)
    issuer = Issuer(
        settings.oidc_issuer,
        settings.oidc_audience,
        settings.oidc_role_claim,
        settings.oidc_products_claim,
        Role(settings.oidc_default_role) if settings.oidc_default_role else None,
    )
    return Bearers(tokens, issuer, issuer_keys(settings.oidc_keys))
