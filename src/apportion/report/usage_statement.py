"""An account's statement: what it used, what was free, what it owes, as it can be sent (`A3`)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb

from apportion.amounts.units import RATE_DECIMALS
from apportion.findings import QUESTION, Finding, UsageError
from apportion.model import Account, Model
from apportion.rating.allowance import Meter, Origin, resolve
from apportion.rating.calendar import MONTHS, financial_year
from apportion.rating.views.asking import billed_channels, require_account, require_year
from apportion.rating.views.organisation import units_used
from apportion.report.figures import Figures, exact_sum, without_separators
from apportion.report.invoiced import coins_in, invoiced


@dataclass(frozen=True, slots=True)
class StatementLine:
    """A month's units of one channel at one rate. ``cost`` is exact, ``cost_shown`` rounded."""

    month: str
    first: date
    last: date
    notification_type: str
    unit: str
    rate: Decimal
    notifications_sent: int
    chargeable_units: int
    free_allowance_used: int
    charged_units: int
    cost: Decimal
    cost_shown: str


@dataclass(frozen=True, slots=True)
class StatementAllowance:
    """How a year's allowance was used: before the period, in it, and what is left after it."""

    notification_type: str
    unit: str
    units: int
    origin: Origin
    used_before: int
    used: int
    remaining: int


@dataclass(frozen=True, slots=True)
class StatementCount:
    """What went out by a channel that is not billed."""

    notification_type: str
    unit: str
    notifications_sent: int


@dataclass(frozen=True, slots=True)
class UsageStatement:
    """A statement of a financial year, or of one of its months.

    The lines' costs as shown sum to ``total_shown``. For a year, whose ``month`` is empty, that is
    ``total`` rounded. A month's lines are those of the year's statement (`B15`), so that twelve
    months sum to the year as printed; ``total_shown`` may differ from ``total`` by a unit of the
    last decimal a line.
    """

    account: Account
    organisation: str
    year: int
    month: str
    first: date
    last: date
    currency: str
    lines: tuple[StatementLine, ...]
    counted: tuple[StatementCount, ...]
    allowances: tuple[StatementAllowance, ...]
    total: Decimal
    total_shown: str


@dataclass(frozen=True, slots=True)
class Issued:
    """Who issues a statement, and the rating that its figures are of."""

    company: str
    rating: str
    at: datetime


_LINES = """
    SELECT period, channel, rate, sum(notifications_sent)::BIGINT,
           sum(chargeable_units)::BIGINT, sum(free_allowance_used)::BIGINT,
           sum(charged_units)::BIGINT, sum(cost)::DECIMAL(38, 12)
    FROM charges WHERE account = ? AND year = ?
    GROUP BY period, channel, rate ORDER BY period, channel, rate
"""
_FREE = """
    SELECT channel, coalesce(sum(free_allowance_used) FILTER (WHERE period < $first), 0)::BIGINT,
           coalesce(sum(free_allowance_used) FILTER (WHERE period >= $first), 0)::BIGINT
    FROM charges WHERE account = $account AND year = $year AND period <= $last
    GROUP BY channel
"""


def usage_statement(
    connection: duckdb.DuckDBPyConnection,
    model: Model,
    account: str,
    year: int,
    month: int | str | None = None,
) -> UsageStatement:
    """The statement of an account for a financial year, or for one of its months.

    ``month`` is the name of the month, or its number in the financial year, from 1. The connection
    has the view ``charges``. Raises ``UsageError`` (``unknown_account``, ``invalid_argument``).
    """
    known = require_account(model, account)
    calendar = financial_year(model.settings)
    names = calendar.month_names()
    chosen = None if month is None else _month(month, names)
    begin, end = (1, MONTHS) if chosen is None else (chosen, chosen)
    rows = connection.execute(_LINES, [account, require_year(year)]).fetchall()
    billed = set(billed_channels(model))
    figures = Figures(model.settings.currency, RATE_DECIMALS)
    of_year = [row for row in rows if row[1] in billed]
    period = calendar.first(year), calendar.last(year)
    coins = coins_in(invoiced(connection, model, *period, accounts=[account]))
    priced = [
        (row, shown) for row, shown in zip(of_year, coins, strict=True) if begin <= row[0] <= end
    ]
    firsts = {period: calendar.month_first(year, period) for period in range(1, MONTHS + 2)}
    lines = tuple(
        StatementLine(
            month=names[period - 1],
            first=firsts[period],
            last=date.fromordinal(firsts[period + 1].toordinal() - 1),
            notification_type=channel,
            unit=model.channel_index[channel].unit,
            rate=rate,
            notifications_sent=sent,
            chargeable_units=units,
            free_allowance_used=free,
            charged_units=charged,
            cost=cost,
            cost_shown=figures.text(shown),
        )
        for (period, channel, rate, sent, units, free, charged, cost), shown in priced
    )
    uncharged = [row for row in rows if row[1] not in billed and begin <= row[0] <= end]
    organisation = model.organisation_index.get(known.organisation)
    return UsageStatement(
        account=known,
        organisation=organisation.name if organisation else known.organisation,
        year=year,
        month="" if chosen is None else names[chosen - 1],
        first=firsts[begin],
        last=date.fromordinal(firsts[end + 1].toordinal() - 1),
        currency=model.settings.currency,
        lines=lines,
        counted=_counted(model, uncharged),
        allowances=_allowances(connection, model, account, year, begin, end),
        total=exact_sum(row[-1] for row, _ in priced),
        total_shown=figures.text(sum(shown for _, shown in priced)),
    )


def _month(month: int | str, names: Sequence[str]) -> int:
    if isinstance(month, str):
        found = [place for place, name in enumerate(names, 1) if name.lower() == month.lower()]
        if found:
            return found[0]
    elif 1 <= month <= MONTHS:
        return month
    raise UsageError(
        [
            Finding(
                "invalid_argument",
                f"There is no month {month!r}.",
                QUESTION,
                f"Write its name, such as {names[0]}, or its number in the financial year.",
            )
        ]
    )


def _counted(model: Model, rows: Sequence[tuple[Any, ...]]) -> tuple[StatementCount, ...]:
    sent: dict[str, int] = {}
    for row in rows:
        sent[row[1]] = sent.get(row[1], 0) + row[3]
    return tuple(
        StatementCount(channel, model.channel_index[channel].unit, count)
        for channel, count in sorted(sent.items())
    )


def _allowances(
    connection: duckdb.DuckDBPyConnection,
    model: Model,
    account: str,
    year: int,
    first: int,
    last: int,
) -> tuple[StatementAllowance, ...]:
    given = {"account": account, "year": year, "first": first, "last": last}
    spent = {row[0]: row[1:] for row in connection.execute(_FREE, given).fetchall()}
    used = units_used(connection, model, [account], year - 1)
    found = []
    for channel in billed_channels(model):
        resolved = resolve(model, Meter(account, channel, year), used)
        before, now = spent.get(channel, (0, 0))
        found.append(
            StatementAllowance(
                notification_type=channel,
                unit=model.channel_index[channel].unit,
                units=resolved.units,
                origin=resolved.origin,
                used_before=before,
                used=now,
                remaining=resolved.units - before - now,
            )
        )
    return tuple(found)


ACCOUNT_FIELDS = (
    "id",
    "name",
    "organisation",
    "organisation_type",
    "product",
    "contact_names",
    "contact_emails",
    "reference",
    "purchase_order",
)
"""What a statement says of the account itself."""


def as_data(statement: UsageStatement, issued: Issued) -> dict[str, Any]:
    """All that a statement says. ``cost`` is exact; ``cost_shown`` is rounded, and sums up."""
    return {
        "issuer": issued.company,
        "rating": issued.rating,
        "rated_at": issued.at.isoformat(),
        "account": {name: getattr(statement.account, name) for name in ACCOUNT_FIELDS},
        "organisation": statement.organisation,
        "year": statement.year,
        "month": statement.month,
        "first_date": statement.first.isoformat(),
        "last_date": statement.last.isoformat(),
        "currency": statement.currency,
        "total": format(statement.total, "f"),
        "total_shown": without_separators(statement.total_shown),
        "lines": [
            {
                "month": line.month,
                "first_date": line.first.isoformat(),
                "last_date": line.last.isoformat(),
                "notification_type": line.notification_type,
                "unit": line.unit,
                "rate": format(line.rate, "f"),
                "notifications_sent": line.notifications_sent,
                "chargeable_units": line.chargeable_units,
                "free_allowance_used": line.free_allowance_used,
                "charged_units": line.charged_units,
                "cost": format(line.cost, "f"),
                "cost_shown": without_separators(line.cost_shown),
            }
            for line in statement.lines
        ],
        "not_billed": [asdict(each) for each in statement.counted],
        "allowances": [
            {**asdict(each), "origin": str(each.origin)} for each in statement.allowances
        ],
    }


def allowance_data(each: StatementAllowance) -> dict[str, Any]:
    """An allowance of an account's year, as it stands beside the months."""
    return {
        "notification_type": each.notification_type,
        "unit": each.unit,
        "allowance": each.units,
        "origin": str(each.origin),
        "free_allowance_used": each.used_before + each.used,
        "remaining_allowance": each.remaining,
    }
