"""The direct cost of a result is what the recorded lines say."""

from apportion.reconcile.checking import Outcome, compare_in_stretches
from apportion.reconcile.evidence import Evidence

_DIRECT = """
WITH recorded AS (
    SELECT node, date, dimension,
           CASE WHEN count(*) = count(amount) THEN sum(amount) END AS amount
    FROM proof_recorded
    WHERE date BETWEEN getvariable('proof_start') AND getvariable('proof_end')
    GROUP BY node, date, dimension
)
SELECT node, date, dimension,
       CASE WHEN recorded.node IS NULL THEN 0 ELSE recorded.amount END AS expected,
       coalesce(own.direct, 0) AS actual
FROM proof_allocations AS own
FULL JOIN recorded USING (node, date, dimension)
"""


def direct_is_recorded(evidence: Evidence) -> Outcome:
    """A result may add up perfectly and yet have begun with the wrong bill.

    So the lines are summed and converted again: one sum per node, day, dimension and currency,
    at the rate of the day, a tie away from zero (`A24`). Without the lines there is nothing to
    compare with, and the check is left out.
    """
    return compare_in_stretches(evidence, "direct_is_recorded", _DIRECT)
