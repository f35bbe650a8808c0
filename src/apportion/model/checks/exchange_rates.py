"""An exchange rate must be of two real currencies, and only one may begin on a day (`A24`)."""

from collections.abc import Iterable
from itertools import pairwise

from apportion.amounts.currencies import CODES
from apportion.findings import Finding
from apportion.model.declared import Declared
from apportion.model.types import ExchangeRate

NAME = "exchange-rates"


def check(model: Declared) -> Iterable[Finding]:
    """Find unknown currencies, rates of a currency to itself, and rates given twice."""
    for rate in model.exchange_rates:
        for currency in (rate.from_currency, rate.to_currency):
            if currency not in CODES:
                yield _unknown(rate, currency)
        if rate.from_currency == rate.to_currency:
            message = f"There is a rate from {rate.from_currency} to itself."
            yield Finding("invalid_value", message, rate.where, "Remove it.")
    for known, rate in pairwise(model.exchange_rates):
        if _key(known) == _key(rate):
            yield Finding(
                "overlapping_rates",
                f"Two rates from {rate.from_currency} to {rate.to_currency} begin on "
                f"{rate.date}; the other stands at {known.where}.",
                rate.where,
                "Keep one of the two.",
                details={"currency": rate.from_currency, "date": rate.date},
            )


def _key(rate: ExchangeRate) -> tuple[object, ...]:
    return rate.from_currency, rate.to_currency, rate.date


def _unknown(rate: ExchangeRate, currency: str) -> Finding:
    upper = currency.upper()
    return Finding(
        "unknown_currency",
        f"An exchange rate names {currency!r}, which is not a code of ISO 4217.",
        rate.where,
        f"Write {upper}." if upper in CODES else "Write a code such as USD or EUR.",
        details={"currency": currency},
    )
