"""What a node received is the sum of the contributions to it."""

from apportion.reconcile.checking import Outcome, compare_in_stretches
from apportion.reconcile.evidence import Evidence

_RECEIVED = """
WITH contributed AS (
    SELECT receiver AS node, date, dimension, sum(amount) AS amount
    FROM proof_contributions
    GROUP BY receiver, date, dimension
)
SELECT node, date, dimension, coalesce(contributed.amount, 0) AS expected,
       coalesce(own.indirect, 0) AS actual
FROM proof_allocations AS own
FULL JOIN contributed USING (node, date, dimension)
"""


def indirect_is_received(evidence: Evidence) -> Outcome:
    """The two tables tell one story, seen from the receiver (`A2`, `A17`)."""
    return compare_in_stretches(evidence, "indirect_is_received", _RECEIVED)
