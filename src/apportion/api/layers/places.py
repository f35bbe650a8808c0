"""How many questions a caller may have worked on at once, so that one leaves room for others.

A place is held until the answer is taken whole. So answers that nobody reads are held in memory no
more often than there are places; the caller's further questions wait, before anything is computed.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.types import Scope

from apportion.access import LOCAL
from apportion.access.failures import client_of

WAITING = 30
"""Questions of one caller that may wait for their turn; more are refused (429)."""


class TooManyError(Exception):
    """A caller has more questions waiting than may wait."""


@dataclass(slots=True)
class _Caller:
    """What one caller has under way: ``held`` counts questions worked on or waiting."""

    turns: asyncio.Semaphore
    held: int = 0


class Places:
    """The places of all callers of a worker process: half of its readers for each."""

    def __init__(self, readers: int) -> None:
        """Begin with nobody."""
        self._at_once = max(readers // 2, 1)
        self._callers: dict[str, _Caller] = {}

    @asynccontextmanager
    async def hold(self, who: str) -> AsyncIterator[None]:
        """Hold a place of a caller, in the order of asking. Raises ``TooManyError``."""
        caller = self._callers.get(who)
        if caller is None:
            caller = self._callers[who] = _Caller(asyncio.Semaphore(self._at_once))
        if caller.held >= self._at_once + WAITING:
            raise TooManyError
        caller.held += 1
        try:
            async with caller.turns:
                yield
        finally:
            caller.held -= 1
            if not caller.held:
                del self._callers[who]


def caller_of(scope: Scope) -> str:
    """Who asks: a token's or an issuer's name, or the address where the server is open to all."""
    principal = scope["state"].get("principal")
    if principal is not None and principal is not LOCAL:
        return f"{principal.kind}:{principal.name}"
    client = scope.get("client")
    return client_of(client[0]) if client else ""
