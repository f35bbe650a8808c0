"""A statement as JSON: counts are numbers, amounts decimal texts."""

import json
from dataclasses import asdict
from typing import Any

from apportion.cli.statements.layout import Issued
from apportion.report.usage_statement import UsageStatement

_ACCOUNT = (
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


def text(statement: UsageStatement, issued: Issued) -> str:
    """The statement as JSON, ASCII only."""
    return json.dumps(as_data(statement, issued), indent=2) + "\n"


def as_data(statement: UsageStatement, issued: Issued) -> dict[str, Any]:
    """All that a statement says. ``cost`` is exact; ``cost_shown`` is rounded, and sums up."""
    return {
        "issuer": issued.company,
        "rating": issued.rating,
        "rated_at": issued.at.isoformat(),
        "account": {name: getattr(statement.account, name) for name in _ACCOUNT},
        "organisation": statement.organisation,
        "year": statement.year,
        "month": statement.month,
        "first_date": statement.first.isoformat(),
        "last_date": statement.last.isoformat(),
        "currency": statement.currency,
        "total": format(statement.total, "f"),
        "total_shown": plain(statement.total_shown),
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
                "cost_shown": plain(line.cost_shown),
            }
            for line in statement.lines
        ],
        "not_billed": [asdict(each) for each in statement.counted],
        "allowances": [
            {**asdict(each), "origin": str(each.origin)} for each in statement.allowances
        ],
    }


def plain(shown: str) -> str:
    """A figure as shown, without the separators that only people read.

    >>> plain("-1,234.50")
    '-1234.50'
    """
    return shown.replace(",", "")
