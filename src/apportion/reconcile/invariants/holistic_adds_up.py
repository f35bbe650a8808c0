"""The five amounts of a row belong together."""

from apportion.reconcile.checking import Outcome, compare
from apportion.reconcile.evidence import Evidence

_SUMS = """
SELECT node, date, dimension,
       CASE WHEN holistic = direct + indirect THEN holistic - given ELSE direct + indirect END
           AS expected,
       CASE WHEN holistic = direct + indirect THEN retained ELSE holistic END AS actual
FROM proof_allocations
"""


def holistic_adds_up(evidence: Evidence) -> Outcome:
    """What a node has is what arose on it and what it received; what it does not give, it keeps.

    The other invariants compare these columns with the outside, each on its own (`A17`).
    """
    return compare(evidence, "holistic_adds_up", _SUMS)
