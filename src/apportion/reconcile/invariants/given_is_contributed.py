"""What a node gave is the sum of its contributions."""

from apportion.reconcile.checking import Outcome, compare_in_stretches
from apportion.reconcile.evidence import Evidence

_GIVEN = """
WITH contributed AS (
    SELECT source AS node, date, dimension, sum(amount) AS amount
    FROM proof_contributions
    GROUP BY source, date, dimension
)
SELECT node, date, dimension, coalesce(contributed.amount, 0) AS expected,
       coalesce(own.given, 0) AS actual
FROM proof_allocations AS own
FULL JOIN contributed USING (node, date, dimension)
"""


def given_is_contributed(evidence: Evidence) -> Outcome:
    """The two tables tell one story, seen from the source (`A2`, `A17`)."""
    return compare_in_stretches(evidence, "given_is_contributed", _GIVEN)
