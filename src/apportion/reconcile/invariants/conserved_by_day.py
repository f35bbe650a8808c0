"""What arose on a day is what was kept on that day."""

from apportion.reconcile.checking import Outcome, compare
from apportion.reconcile.evidence import Evidence

_DAYS = """
SELECT '' AS node, date, dimension, sum(direct) AS expected, sum(retained) AS actual
FROM proof_allocations
GROUP BY date, dimension
"""


def conserved_by_day(evidence: Evidence) -> Outcome:
    """Every unit of direct cost ends on some node, on the day and in the dimension it came with.

    Over a whole period a unit lost on one day and made up on another would go unseen (`A6`,
    `A20`).
    """
    return compare(evidence, "conserved_by_day", _DAYS)
