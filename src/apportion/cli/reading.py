"""Reading the results that a question is about."""

from datetime import date
from typing import TYPE_CHECKING

from apportion.cli.session import Session
from apportion.findings import Finding, Severity, UsageError

if TYPE_CHECKING:
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
