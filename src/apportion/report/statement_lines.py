"""A statement as CSV: what is charged, what was only counted, the allowances and the total."""

import io
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from apportion.report.csv_text import write_csv
from apportion.report.figures import without_separators
from apportion.report.usage_statement import UsageStatement

COLUMNS = (
    "kind",
    "account",
    "name",
    "organisation",
    "contact_names",
    "contact_emails",
    "reference",
    "purchase_order",
    "first_date",
    "last_date",
    "notification_type",
    "unit",
    "rate",
    "notifications_sent",
    "chargeable_units",
    "free_allowance_used",
    "charged_units",
    "cost",
    "cost_shown",
    "currency",
    "allowance",
    "allowance_used_before",
    "remaining_allowance",
)


def lines(statement: UsageStatement) -> str:
    """Rows of the kinds ``charge``, ``not billed``, ``allowance`` and ``total``, in that order."""
    stream = io.StringIO(newline="")
    shared = _shared(statement)
    rows = ({**shared, **row} for row in _rows(statement))
    write_csv(stream, COLUMNS, ([row.get(name) for name in COLUMNS] for row in rows))
    return stream.getvalue()


def _shared(statement: UsageStatement) -> Mapping[str, Any]:
    account = statement.account
    return {
        "account": account.id,
        "name": account.name,
        "organisation": statement.organisation,
        "contact_names": account.contact_names,
        "contact_emails": account.contact_emails,
        "reference": account.reference,
        "purchase_order": account.purchase_order,
        "first_date": statement.first,
        "last_date": statement.last,
        "currency": statement.currency,
    }


def _rows(statement: UsageStatement) -> Iterator[Mapping[str, Any]]:
    for line in statement.lines:
        yield {
            "kind": "charge",
            "first_date": line.first,
            "last_date": line.last,
            "notification_type": line.notification_type,
            "unit": line.unit,
            "rate": line.rate,
            "notifications_sent": line.notifications_sent,
            "chargeable_units": line.chargeable_units,
            "free_allowance_used": line.free_allowance_used,
            "charged_units": line.charged_units,
            "cost": line.cost,
            "cost_shown": _figure(line.cost_shown),
        }
    for count in statement.counted:
        yield {
            "kind": "not billed",
            "notification_type": count.notification_type,
            "unit": count.unit,
            "notifications_sent": count.notifications_sent,
        }
    for each in statement.allowances:
        yield {
            "kind": "allowance",
            "notification_type": each.notification_type,
            "unit": each.unit,
            "free_allowance_used": each.used,
            "allowance": each.units,
            "allowance_used_before": each.used_before,
            "remaining_allowance": each.remaining,
        }
    yield {
        "kind": "total",
        "cost": statement.total,
        "cost_shown": _figure(statement.total_shown),
    }


def _figure(shown: str) -> Decimal:
    """A figure, not a text: a text that begins with a minus would be taken for a formula."""
    return Decimal(without_separators(shown))
