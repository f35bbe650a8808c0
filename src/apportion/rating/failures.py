"""Accounts that cannot be rated, each with the row that is in the way (`B21`)."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from math import ceil
from typing import Any

import duckdb
import pyarrow as pa

from apportion.amounts.units import RATE_DECIMALS
from apportion.findings import Finding, Place, Severity
from apportion.model import Model
from apportion.model.spelling import did_you_mean
from apportion.rating.usage import WHAT

LARGEST_SUM = 2**63 - 1
LARGEST_COST = 10 ** (38 - RATE_DECIMALS) - 1
"""What a sum of costs can hold, in the currency's unit."""

_SUMMED = (
    ("chargeable units", LARGEST_SUM),
    ("notifications", LARGEST_SUM),
    ("units of currency to pay at its highest rates", LARGEST_COST),
)
_SUGGESTIONS = 20

_CHANNELS = pa.schema(
    [
        ("channel", pa.string()),
        ("billed", pa.bool_()),
        ("begins", pa.date32()),
        ("whole_rate", pa.decimal128(10, 0)),
    ]
)
_UNKNOWN = """
    SELECT account, channel, min(date), count(*), sum(billable_units) FROM billable_usage
    WHERE channel NOT IN (SELECT channel FROM rating_channels)
    GROUP BY account, channel ORDER BY account, channel
"""
_EARLY = """
    SELECT account, channel, min(date), max(date), count(DISTINCT date),
           arg_min(provider, date), arg_min(billable_units, date), any_value(begins),
           sum(billable_units)
    FROM billable_usage JOIN rating_channels USING (channel)
    WHERE billed AND billable_units > 0 AND rate_multiplier > 0
      AND (begins IS NULL OR date < begins)
    GROUP BY account, channel ORDER BY account, channel
"""
# Nothing of a row is more than these, so where these can be summed, all views can be.
_MOST = """
    SELECT greatest(sum(billable_units * rate_multiplier), sum(billable_units),
                    sum(notifications_sent))
    FROM billable_usage
"""
_SUMS = """
    WITH rows AS (
        SELECT *, billable_units * CASE WHEN billed THEN rate_multiplier ELSE 1 END AS units
        FROM billable_usage JOIN rating_channels USING (channel)
    )
    SELECT account, sum(units)::DECIMAL(38, 0), sum(notifications_sent)::DECIMAL(38, 0),
           sum(units * whole_rate)::DECIMAL(38, 0),
           arg_max({date: date, channel: channel, provider: provider, size: billable_units,
                    times: CASE WHEN billed THEN rate_multiplier ELSE 1 END}, units),
           arg_max({date: date, channel: channel, provider: provider, size: notifications_sent,
                    times: 1}, notifications_sent),
           arg_max({date: date, channel: channel, provider: provider, size: billable_units,
                    times: rate_multiplier}, units * whole_rate)
    FROM rows GROUP BY account ORDER BY account
"""


def failures(connection: duckdb.DuckDBPyConnection, model: Model) -> list[Finding]:
    """What keeps accounts of the view ``billable_usage`` from being rated.

    ``details["account"]`` of each finding names the account: ``unknown_channel``,
    ``missing_rate``, ``amount_overflow``.
    """
    # Rounded up, so that no cost is more than the units at these rates.
    dearest: dict[str, int] = {}
    for rate in model.rates:
        dearest[rate.channel] = max(dearest.get(rate.channel, 0), ceil(rate.rate))
    channels = [
        {
            "channel": each.id,
            "billed": each.billed,
            "begins": model.first_rates.get(each.id),
            "whole_rate": Decimal(dearest.get(each.id, 0) if each.billed else 0),
        }
        for each in model.channel_index.values()
    ]
    connection.register("rating_channels", pa.Table.from_pylist(channels, schema=_CHANNELS))
    return [
        *_unknown_channels(connection, model),
        *_missing_rates(connection),
        *_overflows(connection, max(dearest.values(), default=0)),
    ]


def _unknown_channels(connection: duckdb.DuckDBPyConnection, model: Model) -> Iterator[Finding]:
    found = connection.execute(_UNKNOWN).fetchall()
    for number, (account, channel, first, rows, units) in enumerate(found):
        guess = did_you_mean(channel, model.channel_index) if number < _SUGGESTIONS else ""
        yield _failure(
            "unknown_channel",
            account,
            f"{account} has usage of the channel {channel!r}, which the model does not declare, "
            f"in {rows:,} {'row' if rows == 1 else 'rows'}, first on {first}.",
            guess or "Declare it under channels.",
            channel=channel,
            date=first,
            units=int(units),
        )


def _missing_rates(connection: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    for row in connection.execute(_EARLY).fetchall():
        account, channel, first, last, days, provider, units, begins, total = row
        others = f"{days - 1:,} more {'day' if days == 2 else 'days'}"
        more = f", and usage on {others} until {last}" if days > 1 else ""
        rate = f"{channel} has no rate" if begins is None else f"its first rate begins on {begins}"
        yield _failure(
            "missing_rate",
            account,
            f"{account} has {units:,} {'unit' if units == 1 else 'units'} of "
            f"{_meter(channel, provider)} on {first}{more}; {rate}.",
            "Let a rate begin on that day or before, or remove the usage.",
            channel=channel,
            date=first,
            days=days,
            units=int(total),
        )


def _overflows(connection: duckdb.DuckDBPyConnection, dearest: int) -> Iterator[Finding]:
    """Units and costs that every row can hold, but no sum over the rows.

    Where only the accounts together are too many, the largest are left out until the others fit.
    """
    most = connection.execute(_MOST).fetchall()[0][0]
    if most is None or (most <= LARGEST_SUM and most * dearest <= LARGEST_COST):
        return
    sums = connection.execute(_SUMS).fetchall()
    for place, (what, limit) in enumerate(_SUMMED, 1):
        left = sum(int(row[place]) for row in sums)
        for row in sorted(sums, key=lambda each: each[place], reverse=True):
            if left <= limit:
                break
            total = int(row[place])
            left -= total
            yield _too_many(row[0], what, total, limit, row[place + len(_SUMMED)])


def _too_many(account: str, what: str, total: int, limit: int, largest: dict[str, Any]) -> Finding:
    times = f" x {largest['times']:,}" if largest["times"] > 1 else ""
    reason = (
        f"more than {limit:,} are not summed"
        if total > limit
        else f"with those of the other accounts they are more than {limit:,}, which are not summed"
    )
    return _failure(
        "amount_overflow",
        account,
        f"{account} has {total:,} {what}; {reason}. Its largest row is "
        f"{_meter(largest['channel'], largest['provider'])} on {largest['date']} with "
        f"{largest['size']:,}{times}.",
        "Look for counts, multipliers and rates that cannot be true, and correct them.",
        total=str(total),
        channel=largest["channel"],
        date=largest["date"],
    )


def _meter(channel: str, provider: str) -> str:
    return f"{channel} by {provider}" if provider else channel


def _failure(
    code: str, account: str, message: str, remedy: str, **details: str | int | date
) -> Finding:
    said = f"{message} The account is not rated."
    return Finding(code, said, Place(f"<{WHAT}>"), remedy, details={"account": account, **details})


def undeclared(model: Model, accounts: Sequence[str]) -> Iterator[Finding]:
    """A warning for each account with usage that the model no longer has (`B21`).

    It is rated with what is free for the organisation type ``other``.
    """
    missing = [name for name in accounts if name not in model.account_index]
    for number, name in enumerate(missing):
        guess = did_you_mean(name, model.account_index) if number < _SUGGESTIONS else ""
        yield Finding(
            "unknown_account",
            f"There is usage of the account {name!r}, which the model does not declare. It is "
            "rated as an account of no organisation.",
            Place(f"<{WHAT}>"),
            guess or "Declare it under accounts, or take its usage back.",
            severity=Severity.WARNING,
            details={"account": name},
        )
