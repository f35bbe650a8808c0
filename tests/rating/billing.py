"""A small notification service, and rows of usage for it."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa

import apportion as ap
from apportion.model.billable_usage import SCHEMA

SERVICE: Mapping[str, Any] = {
    "currency": "GBP",
    "nodes": [
        {"id": "notify", "type": "platform"},
        {"id": "passports", "type": "product", "name": "Passports"},
        {"id": "visas", "type": "product", "name": "Visas"},
        {"id": "borders", "type": "product", "name": "Borders"},
    ],
    "edges": [
        {"source": "notify", "receiver": ["passports", "visas", "borders"], "strategy": "equal"}
    ],
    "organisations": [
        {"id": "home-office", "name": "Home Office", "type": "central"},
        {"id": "camden", "name": "Camden Council", "type": "local"},
    ],
    "accounts": [
        {
            "id": "renewals",
            "name": "Passport renewals",
            "organisation": "home-office",
            "product": "passports",
            "contact_names": "Ada Palmer",
            "contact_emails": "pay@example.gov",
            "reference": "HO-17",
            "purchase_order": "PO 4",
        },
        {"id": "first-passports", "organisation": "home-office", "product": "passports"},
        {"id": "visas", "organisation": "home-office", "product": "visas"},
        {"id": "parking", "organisation": "camden"},
    ],
    "channels": [
        {"id": "sms", "unit": "fragment"},
        {"id": "email", "unit": "message", "billed": False},
    ],
    "rates": [{"channel": "sms", "valid_from": date(2020, 4, 1), "rate": "0.02"}],
    "default_allowances": [
        {"channel": "sms", "organisation_type": "central", "valid_from_year": 2020, "units": 10},
        {"channel": "sms", "organisation_type": "other", "valid_from_year": 2021, "units": 3},
    ],
}


def service(**changed: Any) -> ap.Model:
    """The service, with some of its lists or settings replaced."""
    return ap.Model.from_dict({**deepcopy(dict(SERVICE)), **changed})


def row(day: date, units: int, account: str = "renewals", **other: Any) -> dict[str, Any]:
    """A row of usage: by default one text message for each unit."""
    return {
        "date": day,
        "account": account,
        "channel": "sms",
        "provider": "mmg",
        "rate_multiplier": 1,
        "international": False,
        "template": "",
        "billable_units": units,
        "notifications_sent": units,
        **other,
    }


def table(*rows: Mapping[str, Any]) -> pa.Table:
    """Rows as a table of usage."""
    return pa.Table.from_pylist(list(rows), schema=SCHEMA)


def rated(*rows: Mapping[str, Any], model: ap.Model | None = None) -> ap.Charges:
    """The service's charges for some rows."""
    return ap.rate(model or service(), table(*rows))


def figures(charges: ap.Charges | pa.Table, *names: str) -> list[tuple[Any, ...]]:
    """Some columns, row by row, decimals without their trailing zeros."""
    return [tuple(_plain(record[name]) for name in names) for record in charges.to_pylist()]


def _plain(value: object) -> object:
    return str(value.normalize()) if isinstance(value, Decimal) and value else value


def codes(findings: Sequence[ap.Finding]) -> list[str]:
    """The codes of findings."""
    return [finding.code for finding in findings]
