"""Exchange rates: what one unit of a currency is worth in another, from a day on (`A24`)."""

from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any

from apportion.findings import Finding
from apportion.model.fields import Fields, Shape
from apportion.model.types import ExchangeRate
from apportion.model.values import show

MEANINGS = MappingProxyType(
    {
        "from": "Of which currency one unit is meant.",
        "to": "The currency it is worth something in.",
        "date": "The day from which the rate holds, until the next one given.",
        "rate": "How much it is worth, above 0. In quotes every digit counts.",
    }
)
SHAPE = Shape(
    keys=frozenset(MEANINGS),
    meanings=MEANINGS,
    required=MappingProxyType(
        {"from": "EUR", "to": "USD", "date": "2024-01-01", "rate": '"1.0950"'}
    ),
    synonyms=MappingProxyType({"valid_from": "date", "source": "from", "target": "to"}),
    subject=lambda raw: f"the rate from {show(raw.get('from'))} to {show(raw.get('to'))}",
)


def build_exchange_rates(
    raws: Sequence[Mapping[str, Any]], findings: list[Finding]
) -> tuple[ExchangeRate, ...]:
    """Read the rates, in order of the pair and the day."""
    rates = (_rate(Fields(raw, SHAPE, findings)) for raw in raws)
    return tuple(sorted((rate for rate in rates if rate), key=_order))


def _order(rate: ExchangeRate) -> tuple[Any, ...]:
    return rate.from_currency, rate.to_currency, rate.date, rate.where


def _rate(fields: Fields) -> ExchangeRate | None:
    before = len(fields.findings)
    number = fields.decimal("rate")
    if number <= 0 and len(fields.findings) == before and fields.raw.get("rate") is not None:
        message = f"{fields.name()} is {show(number)}; a rate is above 0."
        fields.problem("invalid_value", message, "", "rate")
    rate = ExchangeRate(
        from_currency=fields.identifier("from"),
        to_currency=fields.identifier("to"),
        date=fields.day("date") or date.min,
        rate=number,
        where=fields.place(),
    )
    return None if fields.broken else rate
