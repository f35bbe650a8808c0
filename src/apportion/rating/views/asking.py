"""What the views share: names that must be known, periods that must be one, and accounts' names."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date

import duckdb
import pyarrow as pa

from apportion.findings import Finding, Place, UsageError
from apportion.model import Account, Model
from apportion.model.kinds.allowances import FIRST_YEAR, LAST_YEAR
from apportion.model.spelling import did_you_mean
from apportion.rating.calendar import financial_year

CHARGES = "charges"
"""The view that all questions are about."""

NAMED = "named_accounts"

_NAMED = pa.schema(
    [
        ("account", pa.string()),
        ("name", pa.string()),
        ("organisation", pa.string()),
        ("contact_names", pa.string()),
        ("contact_emails", pa.string()),
        ("reference", pa.string()),
        ("purchase_order", pa.string()),
    ]
)


def require_account(model: Model, account: str) -> Account:
    """The account with an id. Raises ``UsageError`` (``unknown_account``)."""
    found = model.account_index.get(account)
    if found is None:
        raise _unknown("account", "unknown_account", account, model.account_index)
    return found


def require_channel(model: Model, channel: str) -> None:
    """Raise ``UsageError`` (``unknown_channel``) for one that the model lacks."""
    if channel not in model.channel_index:
        raise _unknown("channel", "unknown_channel", channel, model.channel_index)


def accounts_of(model: Model, organisation: str) -> list[Account]:
    """The accounts of an organisation. Raises ``UsageError`` (``unknown_organisation``)."""
    found = [each for each in model.account_index.values() if each.organisation == organisation]
    if not found and organisation not in model.organisation_index:
        known = {each.organisation for each in model.accounts} | set(model.organisation_index)
        raise _unknown("organisation", "unknown_organisation", organisation, known - {""})
    return sorted(found, key=lambda account: account.id)


def require_year(year: int) -> int:
    """A financial year that the calendar has. Raises ``UsageError`` (``invalid_argument``)."""
    if isinstance(year, bool) or not isinstance(year, int) or not FIRST_YEAR <= year <= LAST_YEAR:
        raise _wrong(
            f"{year!r} is no financial year.",
            "A financial year is named by the year it begins in, such as 2023.",
        )
    return year


def require_period(start: date, end: date) -> None:
    """Raise ``UsageError`` (``invalid_argument``) where a period ends before it begins."""
    if end < start:
        raise _wrong(f"The period from {start} to {end} ends before it begins.", "Swap the days.")


def require_one_year(model: Model, start: date, end: date) -> int:
    """The financial year of a period. Raises ``UsageError`` where there are several."""
    require_period(start, end)
    calendar = financial_year(model.settings)
    year = calendar.of(start)
    if calendar.of(end) != year:
        raise _wrong(
            f"The period from {start} to {end} lies in several financial years.",
            f"Ask for each by itself; {year} ends on {calendar.last(year)}.",
        )
    return year


def billed_channels(model: Model) -> list[str]:
    """The ids of the channels that are billed, in order."""
    return sorted(channel.id for channel in model.channel_index.values() if channel.billed)


@contextmanager
def naming(connection: duckdb.DuckDBPyConnection, accounts: Iterable[Account]) -> Iterator[None]:
    """Hold the view ``named_accounts`` on a connection: ids, names, contacts and references."""
    rows = [
        {key: getattr(it, "id" if key == "account" else key) for key in _NAMED.names}
        for it in accounts
    ]
    connection.register(NAMED, pa.Table.from_pylist(rows, schema=_NAMED))
    try:
        yield
    finally:
        connection.unregister(NAMED)


def _unknown(what: str, code: str, name: str, known: Iterable[str]) -> UsageError:
    remedy = did_you_mean(name, known) or f"Declare it under {what}s."
    message = f"There is no {what} {name!r}."
    return UsageError([Finding(code, message, Place("<question>"), remedy, details={what: name})])


def _wrong(message: str, remedy: str) -> UsageError:
    return UsageError([Finding("invalid_argument", message, Place("<question>"), remedy)])
