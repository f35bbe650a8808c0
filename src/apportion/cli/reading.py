"""Reading the results that a question is about."""

import json
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from apportion.cli.session import Session
from apportion.cli.suggestions import Suggestions
from apportion.findings import Finding, Severity, UsageError

if TYPE_CHECKING:
    from apportion.ledger.runs import Run
    from apportion.reconcile import Reconciliation
    from apportion.recorded_charges import RecordedCharges
    from apportion.recorded_result import RecordedResult


def read_result(
    session: Session, start: date | None, end: date | None, run: str | None, currency: str
) -> "RecordedResult":
    """The results of a period; days that no run covers are told to people.

    Raises ``UsageError`` where the period ends before it begins, and what reading raises.
    """
    from apportion.cli.messages import tell

    require_order(start, end)
    result = session.open().result(start, end, run=run or "", currency=currency)
    require_order(result.start, result.end)
    tell(
        [*(_gap(first, last) for first, last in result.gaps), *_outdated(result)],
        session.suggestions,
    )
    return result


def require_order(start: date | None, end: date | None) -> None:
    """Raise ``UsageError`` (``invalid_argument``) where a period ends before it begins."""
    if start is not None and end is not None and end < start:
        message = f"The period ends on {end}, before it begins on {start}."
        raise UsageError([Finding("invalid_argument", message, remedy="Swap the two dates.")])


def unproven(result: "RecordedResult", proof: "Reconciliation") -> list[Finding]:
    """What does not hold in recorded results, each with the run that it is in and a way out."""
    return [
        replace(each, remedy=_anew(_run_of(result, each.details.get("date"))))
        for each in proof.findings()
    ]


def _run_of(result: "RecordedResult", day: date | None) -> "Run":
    of_day = [each.run_id for each in result.pieces if day and each.first <= day <= each.last]
    return next((each for each in result.runs if each.run_id in of_day), result.runs[0])


def _anew(run: "Run") -> str:
    words = ["--from", str(run.start_date), "--to", str(run.end_date), "--currency", run.currency]
    dimensions = [] if run.dimensions is None else json.loads(run.dimensions)
    words += [word for dimension in dimensions for word in ("--dimension", dimension)]
    return (
        f"The run {run.run_id} was proved when it was made, so its rows, or the costs it read, "
        "have changed on the disk. Check the disk, and compute it again: "
        f"{Suggestions().command('run', *words)}"
    )


def _outdated(result: "RecordedResult") -> list[Finding]:
    """That these results are of an earlier state of the ledger or the model, if they are."""
    reasons = []
    if result.ingests_since:
        times = "once" if result.ingests_since == 1 else f"{result.ingests_since} times"
        reasons.append(f"costs or usage of these days were ingested {times}")
    if result.model_has_changed:
        reasons.append("the model was changed")
    if not reasons:
        return []
    return [
        Finding(
            "outdated_run",
            f"Since the run that answers here, {' and '.join(reasons)}.",
            remedy=f"Compute anew with: apportion run --from {result.start} --to {result.end}",
            severity=Severity.WARNING,
        )
    ]


def _gap(first: date, last: date) -> Finding:
    return Finding(
        "gap_in_runs",
        f"No completed run covers {first} to {last}; these days are in no figure.",
        remedy=f"Cover them with: apportion run --from {first} --to {last}",
        severity=Severity.WARNING,
        details={"from": str(first), "to": str(last)},
    )


def read_charges(session: Session) -> "RecordedCharges":
    """The charges of the latest rating; people are told where it is no longer the latest word.

    Raises ``LedgerError`` (``no_run``) where nothing was rated.
    """
    from apportion.cli.messages import tell

    billing = session.open().billing
    charges = billing.charges()
    if not billing.is_current(charges.rating):
        stale = Finding(
            "outdated_run",
            f"Since rating {charges.rating.run_id}, which answers here, usage, rates or "
            "allowances were changed.",
            remedy="Rate anew with: apportion rate",
            severity=Severity.WARNING,
        )
        tell([stale], session.suggestions)
    return charges
