"""A node has one row per date and dimension."""

from apportion.reconcile.checking import Outcome, compare_in_stretches
from apportion.reconcile.evidence import Evidence

_ROWS = """
SELECT node, date, dimension, 1 AS expected, count(*) AS actual
FROM proof_allocations
GROUP BY node, date, dimension
"""


def one_row_per_key(evidence: Evidence) -> Outcome:
    """A result that was written twice adds up as well as one that was written once."""
    return compare_in_stretches(evidence, "one_row_per_key", _ROWS)
