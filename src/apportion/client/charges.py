"""The charges of a rating as a server has them, with the views of ``Workspace.charges``."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any
from urllib.parse import quote

import pyarrow as pa

from apportion.client.arrow import table
from apportion.client.connection import Connection

_BESIDE = "currency"
"""What the server writes beside each row; here it is the same for all."""

_ORDER = (
    "account",
    "date",
    "channel",
    "provider",
    "rate_multiplier",
    "international",
    "template",
)


@dataclass(frozen=True)
class Charges:
    """The charges of one rating, whose id is ``rating``. Views are fetched when asked for."""

    connection: Connection
    rating: str

    def monthly(self, account: str, year: int) -> pa.Table:
        """What an account used and owes in each month of a financial year."""
        return self._view(f"/usage/accounts/{quote(account, safe='')}/monthly", year=year)

    def yearly(self, account: str, year: int) -> pa.Table:
        """What an account used and owes in a financial year."""
        return self._view(f"/usage/accounts/{quote(account, safe='')}/yearly", year=year)

    def organisation(self, organisation: str, year: int) -> pa.Table:
        """What each account of an organisation used and owes in a financial year."""
        return self._view(f"/usage/organisations/{quote(organisation, safe='')}", year=year)

    def daily(self, start: date, end: date) -> pa.Table:
        """The platform's volumes by day and channel."""
        return self._view("/usage/platform/daily", start_date=start, end_date=end)

    def providers(self, start: date, end: date) -> pa.Table:
        """The platform's volumes by day, provider and channel."""
        return self._view("/usage/platform/providers", start_date=start, end_date=end)

    def accounts(self, start: date, end: date) -> pa.Table:
        """Each account's volumes by channel."""
        return self._view("/usage/platform/accounts", start_date=start, end_date=end)

    def charges(self, start: date, end: date) -> pa.Table:
        """What each account owes for days of one financial year."""
        return self._view("/usage/platform/charges", start_date=start, end_date=end)

    @cached_property
    def rows(self) -> pa.Table:
        """The rated rows, in order of account and day."""
        return self._view("/usage/rows").sort_by([(name, "ascending") for name in _ORDER])

    def _view(self, path: str, **asked: Any) -> pa.Table:
        found = table(self.connection, path, {**asked, "run": self.rating})
        return found.drop_columns([_BESIDE]) if _BESIDE in found.column_names else found


def charges(connection: Connection, run: str) -> Charges:
    """The charges that answer now. Raises ``LedgerError`` (``no_run``, ``unknown_run``)."""
    told = connection.json("GET", "/usage/rows", {"run": run, "limit": 1})
    return Charges(connection, told["rating"])
