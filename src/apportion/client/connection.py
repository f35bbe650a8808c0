"""Requests to a server: sent again where that is safe, and problems raised as exceptions."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx2 as httpx

from apportion.client.problems import error_of, unreachable
from apportion.findings import ApportionError

PREFIX = "/api/v1"
KEY = "Idempotency-Key"
TRIES = 6
"""How often a request is sent where the server gives no answer, or cannot answer now."""

WAITS = 360
"""How often it is asked again while the server still does what was asked for: about an hour."""

_FIRST_WAIT, _LONGEST_WAIT = 0.25, 10.0
_STILL_DONE = "key_in_use"
_PASSING = frozenset({"ledger_busy", "stopped_work", "too_many_waiting", _STILL_DONE})
"""Codes of what is over after a while."""

_GATEWAYS = (502, 503, 504)
_SAFE = ("GET", "PUT")
_FIRST_BAD = 300

Asked = Mapping[str, Any]
Body = Callable[[], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Connection:
    """A server, and how to ask it. ``sleep`` waits for so many seconds.

    What only reads, replaces something whole, or carries an Idempotency-Key is sent again after a
    lost connection, and where the server says that it cannot answer now.
    """

    http: httpx.Client
    sleep: Callable[[float], None] = time.sleep

    def json(
        self,
        method: str,
        path: str,
        asked: Asked | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
    ) -> Any:
        """The JSON of an answer. Raises the ``ApportionError`` that a problem stands for."""
        answer = self.answer(method, path, asked, headers=headers, body=body)
        try:
            return json.loads(answer.content)
        except ValueError as error:
            raise self.not_ours(answer) from error

    def answer(
        self,
        method: str,
        path: str,
        asked: Asked | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
    ) -> httpx.Response:
        """A whole answer. ``body`` gives the parts of what is sent, anew for each try.

        Raises the ``ApportionError`` that a problem stands for.
        """
        again = method in _SAFE or KEY in (headers or {})
        failed = waited = 0
        while True:
            try:
                found = self.http.send(
                    self.http.build_request(
                        method,
                        f"{PREFIX}{path}",
                        params=_parameters(asked or {}),
                        headers=headers,
                        content=body and body(),
                    )
                )
            except httpx.TransportError as error:
                failed += 1
                if not again or failed == TRIES:
                    raise self._unreachable(error) from error
                self.sleep(wait_before(failed))
                continue
            if found.status_code < _FIRST_BAD:
                return found
            problem = self.error_of(found)
            if any(each.code == _STILL_DONE for each in problem.findings):
                waited += 1
            else:
                failed += 1
            if not again or failed == TRIES or waited == WAITS or not _passes(found, problem):
                raise problem
            self.sleep(wait_before(failed + waited, found.headers.get("retry-after", "")))

    @contextmanager
    def lines(self, path: str) -> Iterator[Iterator[str]]:
        """The lines of an answer as they come; raises ``httpx.TransportError`` where they end."""
        request = self.http.build_request("GET", f"{PREFIX}{path}")
        answer = self.http.send(request, stream=True)
        try:
            if answer.status_code >= _FIRST_BAD:
                answer.read()
                raise self.error_of(answer)
            yield answer.iter_lines()
        finally:
            answer.close()

    def error_of(self, answer: httpx.Response) -> ApportionError:
        """The exception that an answer stands for."""
        problem: Mapping[str, Any] = {}
        if answer.headers.get("content-type", "").startswith("application/problem+json"):
            with suppress(ValueError):
                problem = json.loads(answer.content)
        return error_of(answer.status_code, problem, str(answer.url.copy_with(query=None)))

    def not_ours(self, answer: httpx.Response) -> ApportionError:
        """The exception for an answer that is nothing of what was asked for."""
        media = answer.headers.get("content-type", "nothing")
        return unreachable(str(answer.url.copy_with(query=None)), f"what comes is {media}")

    def _unreachable(self, error: Exception) -> ApportionError:
        return unreachable(str(self.http.base_url), str(error) or type(error).__name__)


def _parameters(asked: Asked) -> dict[str, str | Sequence[str]]:
    """What is asked for as a query; what is None or empty is left out."""
    given: dict[str, str | Sequence[str]] = {}
    for name, value in asked.items():
        if value is None or value == "":
            continue
        if isinstance(value, str | int | date):
            given[name] = value.isoformat() if isinstance(value, date) else str(value)
        else:
            given[name] = [str(each) for each in value]
    return given


def _passes(answer: httpx.Response, problem: ApportionError) -> bool:
    """Whether the same request may be answered a little later."""
    if any(each.code in _PASSING for each in problem.findings):
        return True
    told_by_the_program = "application/problem+json" in answer.headers.get("content-type", "")
    return answer.status_code in _GATEWAYS and not told_by_the_program


def wait_before(number: int, asked: str = "") -> float:
    """Seconds before the next try: longer each time, and what the server asks for if it is more."""
    mine: float = min(_FIRST_WAIT * 2.0 ** min(number - 1, 10), _LONGEST_WAIT)
    return max(mine, min(float(asked), _LONGEST_WAIT)) if asked.isdecimal() else mine
