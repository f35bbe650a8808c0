"""What must hold of every result, one file for each invariant, in the order of the proof.

An invariant is a function that is named as its file. To add one, write the file and add the
function to ``CHECKS``.
"""

from apportion.reconcile.checking import LISTED, Check, Outcome
from apportion.reconcile.evidence import Evidence
from apportion.reconcile.invariants.conserved_by_day import conserved_by_day
from apportion.reconcile.invariants.direct_is_recorded import direct_is_recorded
from apportion.reconcile.invariants.edges_are_active import edges_are_active
from apportion.reconcile.invariants.given_is_contributed import given_is_contributed
from apportion.reconcile.invariants.hierarchy_sums import hierarchy_sums
from apportion.reconcile.invariants.holistic_adds_up import holistic_adds_up
from apportion.reconcile.invariants.in_one_currency import in_one_currency
from apportion.reconcile.invariants.indirect_is_received import indirect_is_received
from apportion.reconcile.invariants.nodes_are_known import nodes_are_known
from apportion.reconcile.invariants.one_row_per_key import one_row_per_key
from apportion.reconcile.invariants.within_holistic import within_holistic
from apportion.reconcile.reconciliation import SAW_NO_ROWS, CheckRun, Violation

CHECKS: tuple[Check, ...] = (
    nodes_are_known,
    in_one_currency,
    one_row_per_key,
    holistic_adds_up,
    within_holistic,
    conserved_by_day,
    given_is_contributed,
    indirect_is_received,
    edges_are_active,
    direct_is_recorded,
    hierarchy_sums,
)

_NEED_COSTS: frozenset[Check] = frozenset({direct_is_recorded})


def run_checks(evidence: Evidence) -> tuple[tuple[CheckRun, ...], tuple[Violation, ...]]:
    """Run every check and give what each saw, and the violations in the order of the checks.

    A check that saw no rows proves nothing. It counts as violated, unless the period holds no
    cost or there was nothing that the check could have seen.
    """
    runs: list[CheckRun] = []
    found: list[Violation] = []
    for check in CHECKS:
        if check in _NEED_COSTS and not evidence.has_costs:
            continue
        name = check.__name__
        outcome = check(evidence)
        if outcome.rows_seen == 0 and not (evidence.empty or outcome.nothing_to_see):
            unseen = Violation(SAW_NO_ROWS, "", None, "", f"rows for {name}", "none")
            outcome = Outcome(0, 1, (unseen,))
        runs.append(CheckRun(name, outcome.rows_seen, outcome.violated))
        found.extend(outcome.listed[:LISTED])
    return tuple(runs), tuple(found)
