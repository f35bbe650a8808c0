"""What a proof must show before anything is published."""

import logging

from apportion.findings import Finding, RunError, Severity
from apportion.reconcile.reconciliation import Reconciliation

_LOGGER = logging.getLogger("apportion.run")


def require_proved(proof: Reconciliation) -> None:
    """Raise ``RunError`` unless every invariant holds of the rows as read back (`A20`)."""
    if not proof.violation_count and proof.conservation_delta == 0:
        rows = sum(check.rows_seen for check in proof.checks)
        _LOGGER.info("Proved the rows as read back: checks=%s rows=%s", len(proof.checks), rows)
        return
    raise RunError(
        [
            Finding(
                "invariant_violation",
                str(violation),
                severity=Severity.ERROR,
                remedy="Nothing was published. This is a fault of the program or of the disk.",
                details=violation.to_dict(),
            )
            for violation in proof.invariant_violations
        ]
        or [Finding("invariant_violation", f"The delta is {proof.conservation_delta}, not 0.")]
    )
