"""What an audit of a ledger checked and found, for programs."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from apportion.ledger.audited import Audit
from apportion.report.findings_data import as_data as findings_data


def as_data(audit: Audit) -> dict[str, Any]:
    """Counts, money as decimal texts, and findings."""
    return {
        "holds": audit.holds,
        "tables": [
            {"name": each.name, "files": each.files, "bytes": each.bytes, "rows": each.rows}
            for each in audit.tables
        ],
        "deliveries": audit.deliveries,
        "lines": audit.lines,
        "lines_totals": _texts(audit.money),
        "costs_made_anew": _texts(audit.costs),
        "changes": audit.changes,
        "changes_in_part": audit.changes_in_part,
        "not_compared": [
            {"why": why, "sources": count} for why, count in sorted(audit.not_compared.items())
        ],
        "findings": findings_data(audit.findings),
    }


def _texts(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    return {currency: f"{amount.normalize():f}" for currency, amount in sorted(amounts.items())}
