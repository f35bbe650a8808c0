"""What a workspace answers when something was brought into it, or computed in it."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from apportion.billing import RatingOutcome
from apportion.findings import Finding
from apportion.ingest.incoming import IngestReport
from apportion.ledger.record_ingest import Recorded
from apportion.ledger.runs import Run
from apportion.reconcile.reconciliation import Reconciliation
from apportion.report.assumptions import assumption, assumptions


@dataclass(frozen=True, slots=True)
class IngestOutcome:
    """What was read, what the ledger made of it, and the first and last day of the rows, if any."""

    report: IngestReport
    recorded: Recorded
    days: tuple[date, date] | None


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """A completed run, and the proof made of its rows as they were read back.

    ``rating`` is that of the billable usage, where there is any. ``derived`` tells what moved where
    the run first made costs anew by the rules of now.
    """

    run: Run
    findings: tuple[Finding, ...]
    reconciliation: Reconciliation
    rating: RatingOutcome | None = None
    derived: Recorded | None = None

    def assumptions(self) -> list[dict[str, Any]]:
        """What the run assumed, those that moved most money first (`A29`)."""
        return assumptions(map(assumption, self.findings), ())
