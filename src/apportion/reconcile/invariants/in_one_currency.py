"""All amounts are in the currency of the result."""

from apportion.reconcile.checking import Outcome, compare
from apportion.reconcile.evidence import Evidence

_CURRENCIES = """
SELECT min(node) AS node, min(date) AS date, min(dimension) AS dimension,
       getvariable('proof_currency') AS expected, currency AS actual
FROM (
    SELECT node, date, dimension, currency FROM proof_allocations
    UNION ALL
    SELECT source, date, dimension, currency FROM proof_contributions
)
GROUP BY currency
"""


def in_one_currency(evidence: Evidence) -> Outcome:
    """Amounts of two currencies must never be added, and every figure adds all of them (`A24`)."""
    return compare(evidence, "in_one_currency", _CURRENCIES)
