"""Allowances: what is free in a financial year, by organisation type or by account (`B5`)."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from apportion.findings import Finding
from apportion.model.billing import LARGEST_COUNT, Allowance, DefaultAllowance
from apportion.model.fields import Fields, Shape
from apportion.model.values import BadValueError, as_whole, show

FIRST_YEAR, LAST_YEAR = 1900, 9000
"""Financial years that can be named; the calendar itself ends soon after."""

DEFAULT_MEANINGS = MappingProxyType(
    {
        "channel": "The channel.",
        "organisation_type": "Whose accounts it is for; `other` is for all types without one.",
        "valid_from_year": "The first financial year; it counts until a later one begins.",
        "units": "Chargeable units that are free in a year.",
    }
)
MEANINGS = MappingProxyType(
    {
        "account": "The account.",
        "channel": "The channel.",
        "year": "The financial year, named by the year it begins in.",
        "units": "Chargeable units that are free in that year.",
        "custom": "Whether the next year has the same where nothing else is said.",
    }
)
DEFAULT_SHAPE = Shape(
    keys=frozenset(DEFAULT_MEANINGS),
    meanings=DEFAULT_MEANINGS,
    required=MappingProxyType(
        {
            "channel": "sms",
            "organisation_type": "central",
            "valid_from_year": "2023",
            "units": "40000",
        }
    ),
    synonyms=MappingProxyType(
        {"type": "organisation_type", "year": "valid_from_year", "allowance": "units"}
    ),
    subject=lambda raw: f"the default allowance of {show(raw.get('organisation_type'))}",
)

SHAPE = Shape(
    keys=frozenset(MEANINGS),
    meanings=MEANINGS,
    required=MappingProxyType(
        {"account": "svc-1", "channel": "sms", "year": "2023", "units": "100000"}
    ),
    synonyms=MappingProxyType(
        {"service": "account", "financial_year_start": "year", "allowance": "units"}
    ),
    subject=lambda raw: f"the allowance of {show(raw.get('account'))}",
)


def build_default_allowances(
    raws: Sequence[Mapping[str, Any]], findings: list[Finding]
) -> tuple[DefaultAllowance, ...]:
    """Read the defaults, in order of channel, organisation type and year."""
    found = []
    for raw in raws:
        fields = Fields(raw, DEFAULT_SHAPE, findings)
        default = DefaultAllowance(
            channel=fields.identifier("channel"),
            organisation_type=fields.identifier("organisation_type"),
            valid_from_year=fields.read("valid_from_year", as_year, 0),
            units=fields.read("units", as_units, 0),
            where=fields.place(),
        )
        if not fields.broken:
            found.append(default)
    return tuple(sorted(found, key=_default_order))


def _default_order(default: DefaultAllowance) -> tuple[Any, ...]:
    return default.channel, default.organisation_type, default.valid_from_year, default.where


def build_allowances(
    raws: Sequence[Mapping[str, Any]], findings: list[Finding]
) -> tuple[Allowance, ...]:
    """Read the accounts' own allowances, in order of account, channel and year."""
    found = []
    for raw in raws:
        fields = Fields(raw, SHAPE, findings)
        allowance = Allowance(
            account=fields.identifier("account"),
            channel=fields.identifier("channel"),
            year=fields.read("year", as_year, 0),
            units=fields.read("units", as_units, 0),
            custom=fields.flag("custom"),
            where=fields.place(),
        )
        if not fields.broken:
            found.append(allowance)
    return tuple(sorted(found, key=lambda it: (it.account, it.channel, it.year, it.where)))


def as_year(value: object) -> int:
    """A financial year, named by the calendar year it begins in (`B6`)."""
    year = as_whole(value)
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise BadValueError(
            "invalid_value",
            f"expected a year from {FIRST_YEAR} to {LAST_YEAR}",
            "A financial year is named by the year it begins in, such as 2023.",
        )
    return year


def as_units(value: object) -> int:
    """A count of units that are free, or a threshold of units."""
    units = as_whole(value)
    if units < 0:
        raise BadValueError("invalid_value", "units are 0 or more", "Write 0 for none.")
    if units > LARGEST_COUNT:
        raise BadValueError("invalid_value", f"at most {LARGEST_COUNT:,} units are counted")
    return units
