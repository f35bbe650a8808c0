"""The roots of the hierarchy sum to what was allocated."""

from decimal import Decimal

from apportion.reconcile.checking import Outcome, violations
from apportion.reconcile.evidence import Evidence
from apportion.reconcile.exact import total
from apportion.reconcile.hierarchy import roll_up


def hierarchy_sums(evidence: Evidence) -> Outcome:
    """A product that no root leads to would be missing from the hierarchy that people read (`A25`).

    Each product counts once, however many ways lead to it.
    """
    own = evidence.sums.product_costs(evidence.scale)
    hierarchy = roll_up(evidence.model, own, evidence.scale)
    allocated = total(own.values(), evidence.scale)
    rows: list[tuple[str, None, str, Decimal, object]] = [
        (node, None, "", own[node], "under no root") for node in hierarchy.rootless if node in own
    ]
    if not rows and hierarchy.total != allocated:
        rows = [("", None, "", allocated, hierarchy.total)]
    listed = violations("hierarchy_sums", rows)
    return Outcome(len(hierarchy.rows), len(listed), listed, nothing_to_see=not own)
