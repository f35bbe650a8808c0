"""The questions about usage and charges (`B11`-`B14`), as listings."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

import pyarrow as pa

from apportion.model import Model
from apportion.rating.calendar import financial_year
from apportion.rating.charges import ChargeViews
from apportion.report.column import Column
from apportion.report.invoiced import coins_in, coins_of, invoiced
from apportion.report.usage_listing import (
    ACCOUNTS,
    CHARGES,
    DAILY,
    MONTHLY,
    ORGANISATION,
    PROVIDERS,
    TYPE,
    YEARLY,
    UsageListing,
    columns_of,
)


def monthly(charges: ChargeViews, account: str, year: int) -> UsageListing:
    """An account's year month by month (`B11`)."""
    found = _of_account(
        charges.model,
        account,
        year,
        MONTHLY,
        charges.monthly(account, year),
        "What the account used and owes in each month. The earliest units of the year are free "
        "until the allowance is used up; each later one costs the rate of its day.",
    )
    return replace(found, coins=lambda: coins_in(_lines_of(charges, year, [account])))


def yearly(charges: ChargeViews, account: str, year: int) -> UsageListing:
    """An account's year by channel and rate, what is not billed too (`B12`)."""
    rows = charges.yearly(account, year)
    found = _of_account(
        charges.model,
        account,
        year,
        YEARLY,
        rows,
        "What the account used and owes in the whole year, and what was sent without charge.",
    )
    names = {TYPE: "channel", "rate": "rate"}
    return replace(found, coins=lambda: coins_of(_lines_of(charges, year, [account]), rows, names))


def organisation(charges: ChargeViews, organisation_id: str, year: int) -> UsageListing:
    """The accounts of an organisation in a year (`B13`)."""
    rows = charges.organisation(organisation_id, year)
    model = charges.model
    known = model.organisation_index.get(organisation_id)
    name = named(known.name if known else "", organisation_id)
    found = _listing(
        model,
        {"organisation": organisation_id, **_year(model, year)},
        f"{name}, {_span(model, year)}, in {model.settings.currency}",
        "What each account of the organisation used, has left and owes. Not billed is what it "
        "sent by channels that cost nothing.",
        ORGANISATION,
        rows,
    )
    members = rows["account"].to_pylist()
    return replace(found, coins=lambda: coins_of(_lines_of(charges, year, members), rows, _OWING))


def daily(charges: ChargeViews, start: date, end: date) -> UsageListing:
    """The platform's volumes by day and channel (`B14`)."""
    said = "What went out on each day: Units are the billable ones times their multipliers."
    return _of_platform(charges.model, start, end, DAILY, charges.daily(start, end), said)


def providers(charges: ChargeViews, start: date, end: date) -> UsageListing:
    """The platform's volumes by day, provider and channel (`B14`)."""
    said = "What went out on each day by each provider. Cost is that of all units, before any "
    said += "allowance."
    return _of_platform(charges.model, start, end, PROVIDERS, charges.providers(start, end), said)


def accounts(charges: ChargeViews, start: date, end: date) -> UsageListing:
    """Each account's volumes by channel (`B14`)."""
    said = "What each account sent in the period."
    return _of_platform(charges.model, start, end, ACCOUNTS, charges.accounts(start, end), said)


def owed(charges: ChargeViews, start: date, end: date) -> UsageListing:
    """What each account owes for days of one financial year (`B14`)."""
    said = "What each account owes for the period. Used before is what of the year's allowance "
    said += "was used on earlier days; --csv and --json have contacts too."
    rows = charges.charges(start, end)
    found = _of_platform(charges.model, start, end, CHARGES, rows, said)

    def coins() -> Sequence[int]:
        return coins_of(invoiced(charges.connection, charges.model, start, end), rows, _OWING)

    return replace(found, coins=coins)


_OWING = {"account": "account", TYPE: "channel"}


def _lines_of(charges: ChargeViews, year: int, accounts: Sequence[str]) -> pa.Table:
    """The lines of the invoices of some accounts for a financial year."""
    calendar = financial_year(charges.model.settings)
    period = calendar.first(year), calendar.last(year)
    return invoiced(charges.connection, charges.model, *period, accounts=accounts)


def named(name: str, identifier: str) -> str:
    """A name with its id, or the id alone.

    >>> named("Passports", "p-1"), named("", "p-1")
    ('Passports (p-1)', 'p-1')
    """
    return f"{name} ({identifier})" if name and name != identifier else identifier


def _of_account(
    model: Model, account: str, year: int, columns: Sequence[Column], rows: pa.Table, said: str
) -> UsageListing:
    name = named(model.account_index[account].name, account)
    title = f"{name}, {_span(model, year)}, in {model.settings.currency}"
    return _listing(model, {"account": account, **_year(model, year)}, title, said, columns, rows)


def _of_platform(
    model: Model, start: date, end: date, columns: Sequence[Column], rows: pa.Table, said: str
) -> UsageListing:
    settings = model.settings
    period = {"start_date": start.isoformat(), "end_date": end.isoformat()}
    title = f"{settings.name}, {start} to {end}"
    if "cost" in rows.column_names:
        title += f", in {settings.currency}"
    return _listing(model, period, title, said, columns, rows)


def _listing(
    model: Model,
    asked: Mapping[str, str | int],
    title: str,
    said: str,
    columns: Sequence[Column],
    rows: pa.Table,
) -> UsageListing:
    kept = rows.select(columns_of(columns))
    not_billed = frozenset(each.id for each in model.channels if not each.billed)
    return UsageListing(
        asked, title, said, model.settings.currency, tuple(columns), kept, not_billed
    )


def _year(model: Model, year: int) -> dict[str, str | int]:
    calendar = financial_year(model.settings)
    first, last = calendar.first(year), calendar.last(year)
    return {"year": year, "start_date": first.isoformat(), "end_date": last.isoformat()}


def _span(model: Model, year: int) -> str:
    calendar = financial_year(model.settings)
    return f"{calendar.first(year)} to {calendar.last(year)}"
