"""A workspace behind a server, with the method names of ``Workspace``."""

import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlsplit

import httpx2 as httpx

from apportion.client import records
from apportion.client.charges import Charges, charges
from apportion.client.connection import KEY, Connection
from apportion.client.deliveries import Changed, Delivered, Inventoried, changed, inventoried
from apportion.client.result import Result, result
from apportion.client.running import Progress, RunOutcome, follow, wanted
from apportion.client.uploads import upload
from apportion.findings import QUESTION, Finding, UsageError

_JSON = {"Content-Type": "application/json"}
_PATHS = {"costs": "costs", "focus": "costs", "dynatrace": "metrics"}
_KINDS = ("costs", "usage", "metrics")


class Client:
    """A workspace that a server has.

    ``timeout`` is how many seconds the server may be silent. Requests are sent again after a lost
    connection where that cannot do anything twice; ``new_key`` gives the keys by which the server
    knows a write that is repeated, ``sleep`` waits between the tries.

    Methods raise what those of ``Workspace`` raise, with the same findings; their details have
    ``http_status``. Where the server refuses who asks it is a ``UsageError`` (``request_refused``),
    where it gives no answer a ``LedgerError`` (``server_unreachable``).
    """

    def __init__(
        self,
        base_url: str,
        *,
        token: str = "",
        timeout: float = 60.0,
        new_key: Callable[[], str] = lambda: secrets.token_hex(16),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Name a server, such as ``http://127.0.0.1:8000``; nothing is sent yet.

        Raises ``UsageError`` where the address is none.
        """
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            message = f"{base_url!r} is no address of a server."
            remedy = "Give one such as http://127.0.0.1:8000."
            raise UsageError([Finding("invalid_argument", message, QUESTION, remedy)])
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        http = httpx.Client(base_url=base_url.rstrip("/"), headers=headers, timeout=timeout)
        self._connection = Connection(http, sleep)
        self._new_key = new_key

    def __repr__(self) -> str:
        """Name the server, and not the token."""
        return f"Client({str(self._connection.http.base_url)!r})"

    def close(self) -> None:
        """Close the connections."""
        self._connection.http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def model(self) -> records.ServedModel:
        """The model as it is now. Raises ``ModelError``."""
        return records.served_model(self._connection.json("GET", "/model"))

    def put_model(
        self, document: Mapping[str, Any], *, expected_digest: str = ""
    ) -> records.PutModel:
        """Put a model, with the keys of the model's files, in the place of the one there is.

        With ``expected_digest`` it is refused where the model is another by now
        (``model_changed``). Raises ``ModelError`` with all findings; the model then is as it was.
        """
        match = {"If-Match": f'"{expected_digest}"'} if expected_digest else {}
        told = self._send("PUT", "/model", document, match)
        return records.put_model(told)

    def model_versions(self) -> list[records.ModelVersion]:
        """The models that were put, the latest first."""
        told = self._connection.json("GET", "/model/versions")
        return [records.ModelVersion.of(each) for each in told["versions"]]

    def ingest(
        self,
        format_name: str,
        *paths: Path | str,
        source: str | None = None,
        period: tuple[date, date] | None = None,
        cost_column: str | None = None,
        replace: bool = False,
        append: bool = False,
        kind: str = "",
        idempotency_key: str = "",
    ) -> records.Ingested:
        """Send files of one format to be brought into the ledger together, all or nothing.

        ``replace`` says that the files are all there is of what they speak for, so that what they
        lack goes; ``append`` that they add to what the ledger has, which only costs can (`D4`).
        ``kind`` is ``costs``, ``usage`` or ``metrics``, for formats of plug-ins. Give an
        ``idempotency_key`` of your own where the program itself may be started again and must not
        bring the file twice.

        Raises ``IngestError`` (``unsaid_replacement`` where neither is said and has to be),
        ``ModelError``, ``LedgerError``; the ledger then is as it was.
        """
        sent = upload(paths, f"apportion-{self._new_key()}")
        start, end = period or (None, None)
        asked = {
            "format": format_name,
            "file": sent.name,
            "source": source,
            "start_date": start,
            "end_date": end,
            "cost_column": cost_column,
            "replace": "true" if replace else None,
            "mode": "append" if append else None,
        }
        kind = kind or _PATHS.get(format_name, "usage")
        if kind not in _KINDS:
            message = f"{kind!r} is no kind of file; expected {', '.join(_KINDS)}."
            raise UsageError([Finding("invalid_argument", message, QUESTION)])
        headers = {KEY: idempotency_key or self._new_key(), **sent.headers()}
        told = self._connection.json(
            "POST", f"/ingest/{kind}", asked, headers=headers, body=sent.body
        )
        return records.ingested(told)

    def deliveries(self) -> list[Delivered]:
        """What came in of costs, the latest first, and whether it counts."""
        told = self._connection.json("GET", "/deliveries")
        return [Delivered.of(each) for each in told["deliveries"]]

    def delivery(self, delivery: str) -> Inventoried:
        """One delivery with its parts and its history, by its id or the beginning of it.

        Raises ``LedgerError`` (``unknown_delivery``).
        """
        return inventoried(self._connection.json("GET", _delivery_path(delivery)))

    def withdraw(self, delivery: str, reason: str, *, idempotency_key: str = "") -> Changed:
        """Let a delivery count no more; what it had superseded counts again.

        Raises ``LedgerError`` (``unknown_delivery``), ``UsageError`` where nothing of it counts or
        there is no reason, ``IngestError`` (``unsaid_replacement``).
        """
        key = {KEY: idempotency_key or self._new_key()}
        path = f"{_delivery_path(delivery)}/withdrawal"
        return changed(self._send("POST", path, {"reason": reason}, key))

    def restore(
        self,
        delivery: str,
        reason: str,
        *,
        replace: bool = False,
        append: bool = False,
        idempotency_key: str = "",
    ) -> Changed:
        """Let a delivery count again that was withdrawn, as if it came now.

        Raises ``LedgerError`` (``unknown_delivery``), ``UsageError`` where it is not withdrawn or
        there is no reason, ``IngestError`` (``unsaid_replacement``).
        """
        key = {KEY: idempotency_key or self._new_key()}
        path = f"{_delivery_path(delivery)}/restoration"
        mode = "replace" if replace else "append" if append else ""
        return changed(self._send("POST", path, {"reason": reason, "mode": mode}, key))

    def run(
        self,
        start: date,
        end: date,
        *,
        dimensions: Sequence[str] | None = None,
        currency: str = "",
        on_progress: Progress | None = None,
        if_busy: str = "wait",
        idempotency_key: str = "",
    ) -> RunOutcome:
        """Have the costs of a period attributed, proved and recorded, and wait for the end.

        ``if_busy`` is ``wait`` or ``refuse``: what is wanted while another run is under way
        (``run_under_way``). ``on_progress`` is told how many days are done, and of how many.

        Raises ``ModelError``, ``RunError``, ``LedgerError``, ``JobError``; nothing is then
        published.
        """
        listed = None if dimensions is None else list(dimensions)
        body = wanted(start, end, listed, currency, if_busy)
        headers = {KEY: idempotency_key or self._new_key(), **_JSON}
        begun = self._connection.json("POST", "/runs", headers=headers, body=lambda: iter([body]))
        return follow(self._connection, begun["run_id"], on_progress)

    def runs(self) -> list[records.Run]:
        """All completed runs, the latest first."""
        told = self._connection.json("GET", "/runs")
        return [records.Run.of(each) for each in told["runs"]]

    def result(
        self,
        start: date | None = None,
        end: date | None = None,
        *,
        run: str = "",
        currency: str = "",
    ) -> Result:
        """The results of a period: of one run, or for each day of the latest that covers it.

        Without dates it is the period of the run named, or all days that runs cover. Raises
        ``LedgerError`` (``unknown_run``, ``no_run``), ``UsageError``.
        """
        return result(self._connection, start, end, run, currency)

    def charges(self, run: str = "") -> Charges:
        """The charges of the latest rating, or of the one named, with the views on them.

        Raises ``LedgerError`` (``no_run``, ``unknown_run``).
        """
        return charges(self._connection, run)

    def rate(self, *, idempotency_key: str = "") -> records.RatingOutcome:
        """Have all billable usage rated. Raises ``RunError``, ``LedgerError``, ``JobError``."""
        headers = {KEY: idempotency_key or self._new_key()}
        return records.rating_outcome(self._connection.json("POST", "/ratings", headers=headers))

    def margin(self, start: date, end: date, by: str = "product") -> dict[str, Any]:
        """Charges beside cost for a period, by ``product``, ``account`` or ``organisation``.

        It is what ``apportion show margin --json`` gives: amounts are decimal texts.
        """
        asked = {"start_date": start, "end_date": end, "by": by}
        told: dict[str, Any] = self._connection.json("GET", "/margin", asked)
        return told

    def statement(self, account: str, year: int, month: int | str | None = None) -> dict[str, Any]:
        """An account's statement for a financial year, or a month of it.

        It is what ``apportion usage statement --json`` gives: amounts are decimal texts. Raises
        ``UsageError``, ``LedgerError`` (``no_run``).
        """
        path = f"/statements/{quote(account, safe='')}"
        told: dict[str, Any] = self._connection.json("GET", path, {"year": year, "month": month})
        return told

    def allowances(self, account: str, year: int, channel: str = "") -> dict[str, Any]:
        """What is free for an account in a year, by channel, and where each figure is from.

        It is what ``apportion allowance show --json`` gives. Raises ``UsageError``.
        """
        asked = {"account": account, "year": year, "channel": channel}
        told: dict[str, Any] = self._connection.json("GET", "/allowances", asked)
        return told

    def set_allowance(
        self,
        account: str,
        channel: str,
        year: int,
        units: int,
        *,
        custom: bool = True,
        idempotency_key: str = "",
    ) -> dict[str, Any]:
        """Set an account's allowance; gives what it was and every year that it changed.

        Charges follow with the next rating. Raises ``UsageError``, ``LedgerError``.
        """
        asked = {"account": account, "channel": channel, "year": year, "units": units}
        key = {KEY: idempotency_key or self._new_key()}
        told: dict[str, Any] = self._send("POST", "/allowances", {**asked, "custom": custom}, key)
        return told

    def _send(
        self, method: str, path: str, document: Mapping[str, Any], headers: Mapping[str, str]
    ) -> Any:
        body = json.dumps(document, default=_plain).encode()
        return self._connection.json(
            method, path, headers={**_JSON, **headers}, body=lambda: iter([body])
        )


def _delivery_path(delivery: str) -> str:
    return f"/deliveries/{quote(delivery, safe='')}"


def _plain(value: Any) -> str:
    """What a document of Python's own values is in JSON; a model reads texts as exactly these."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON")
