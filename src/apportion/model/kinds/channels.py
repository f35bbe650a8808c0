"""Channels, which are meters, and their dated rates (`B2`, `B4`)."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from apportion.amounts.units import RATE_DECIMALS
from apportion.findings import Finding
from apportion.model.billing import Channel, Rate
from apportion.model.fields import Fields, Shape
from apportion.model.values import BadValueError, as_decimal, as_flag, show

_RATE_BELOW = 10**9

MEANINGS = MappingProxyType(
    {
        "id": "What usage and rates name the channel by.",
        "unit": "What is counted, for people.",
        "billed": "Whether it costs anything; absent, it does.",
        "counted_statuses": "Statuses of its events that are counted; absent, the setting's.",
    }
)
RATE_MEANINGS = MappingProxyType(
    {
        "channel": "The channel.",
        "valid_from": "The first day of the rate; it counts until the next begins.",
        "rate": "The price of a chargeable unit, with up to twelve decimals.",
    }
)
SHAPE = Shape(
    keys=frozenset(MEANINGS),
    meanings=MEANINGS,
    required=MappingProxyType({"id": "sms"}),
    synonyms=MappingProxyType({"channel": "id", "meter": "id", "charged": "billed"}),
    subject=lambda raw: f"channel {show(raw.get('id'))}",
)

RATE_SHAPE = Shape(
    keys=frozenset(RATE_MEANINGS),
    meanings=RATE_MEANINGS,
    required=MappingProxyType({"channel": "sms", "valid_from": "2023-04-01", "rate": '"0.0197"'}),
    synonyms=MappingProxyType({"from": "valid_from", "date": "valid_from", "price": "rate"}),
    subject=lambda raw: f"the rate of {show(raw.get('channel'))}",
)


def build_channels(
    raws: Sequence[Mapping[str, Any]], findings: list[Finding]
) -> tuple[Channel, ...]:
    """Read the channels, in order of their ids."""
    found = []
    for raw in raws:
        fields = Fields(raw, SHAPE, findings)
        channel = Channel(
            id=fields.identifier("id"),
            unit=fields.text("unit"),
            billed=fields.read("billed", as_flag, default=True),
            counted_statuses=tuple(sorted({w for w, _ in fields.identifiers("counted_statuses")})),
            where=fields.place(),
        )
        if not fields.broken:
            found.append(channel)
    return tuple(sorted(found, key=lambda it: (it.id, it.where)))


def build_rates(raws: Sequence[Mapping[str, Any]], findings: list[Finding]) -> tuple[Rate, ...]:
    """Read the rates, in order of channel and day."""
    found = []
    for raw in raws:
        fields = Fields(raw, RATE_SHAPE, findings)
        rate = Rate(
            channel=fields.identifier("channel"),
            valid_from=fields.day("valid_from") or date.min,
            rate=fields.read("rate", _as_rate, Decimal(0)),
            where=fields.place(),
        )
        if not fields.broken:
            found.append(rate)
    return tuple(sorted(found, key=lambda it: (it.channel, it.valid_from, it.where)))


def _as_rate(value: object) -> Decimal:
    number = as_decimal(value)
    if number < 0:
        raise BadValueError("invalid_value", "a rate is 0 or more")
    if number >= _RATE_BELOW:
        raise BadValueError("invalid_value", "a rate is below 1,000,000,000")
    exponent = number.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    if exponent < -RATE_DECIMALS:
        expected = f"a rate has at most {RATE_DECIMALS} decimals"
        raise BadValueError(
            "invalid_value",
            expected,
            "Round it, as the price list does, or let a unit be more: a thousand in place of one.",
        )
    return number
