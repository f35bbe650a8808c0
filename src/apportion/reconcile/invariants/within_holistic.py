"""Nobody gives more than there is."""

from apportion.reconcile.checking import Outcome, compare
from apportion.reconcile.evidence import Evidence

_BOUNDS = """
SELECT node, date, dimension,
       least(
           greatest(given, least(holistic, 0) - getvariable('proof_unit')),
           greatest(holistic, 0) + getvariable('proof_unit')
       ) AS expected,
       given AS actual
FROM proof_allocations
"""


def within_holistic(evidence: Evidence) -> Outcome:
    """Shares sum to at most the whole, so what is given lies between nothing and all (`A11`).

    Sums would not show it: a node that gives too much keeps a negative rest, and both cancel. The
    tolerance is one unit. ``expected`` is the nearest amount that would have been allowed.
    """
    return compare(evidence, "within_holistic", _BOUNDS)
