"""Bills that a period should have and lacks, by what the month before had (`D8`)."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import duckdb

from apportion.findings import Finding, Severity

_NAMED = 3

# Months that the period covers whole, and the one before each: a month that is not over yet, or of
# which only some days are asked for, says nothing.
_MISSING = """
    WITH months AS (
        SELECT unnest(range(date_trunc('month', $start::DATE), $end::DATE, INTERVAL 1 MONTH))::DATE
               AS month
    ),
    billed AS (
        SELECT source, date_trunc('month', date)::DATE AS month, currency, sum(amount) AS amount
        FROM costs
        WHERE period <> '' AND date BETWEEN $start::DATE - INTERVAL 31 DAY AND $end
        GROUP BY ALL
    )
    SELECT before.source, m.month, before.currency, before.amount
    FROM months AS m JOIN billed AS before ON before.month = m.month - INTERVAL 1 MONTH
    ANTI JOIN billed AS now ON now.source = before.source AND now.month = m.month
    WHERE m.month >= $start AND last_day(m.month) <= $end AND before.amount <> 0
      AND m.month IN (SELECT month FROM billed)
    ORDER BY 1, 2, 3
"""


def missing_bills(connection: duckdb.DuckDBPyConnection, start: date, end: date) -> list[Finding]:
    """One warning for each source that was billed in a month and not in the next one.

    ``connection`` has the view ``costs`` with all days of the ledger. A month without any bill says
    so elsewhere.
    """
    lacking: dict[str, list[tuple[date, str, Decimal]]] = {}
    bounds = {"start": start, "end": end}
    for source, month, currency, amount in connection.execute(_MISSING, bounds).fetchall():
        lacking.setdefault(source, []).append((month, currency, amount))
    return [_missing(source, found) for source, found in lacking.items()]


def _missing(source: str, found: Sequence[tuple[date, str, Decimal]]) -> Finding:
    told = [
        f"none of {month:%Y-%m} after {amount.normalize():,f} {currency} the month before"
        for month, currency, amount in found[:_NAMED]
    ]
    more = f"; and {len(found) - _NAMED:,} more" if len(found) > _NAMED else ""
    return Finding(
        "missing_bill",
        f"{source!r} has no bill where others have: {'; '.join(told)}{more}.",
        remedy="Ask for the bill and bring it in, unless the account was closed.",
        severity=Severity.WARNING,
        details={"source": source},
    )
