"""Reading the results that a question is about, and telling people what to doubt in them."""

import json
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from apportion.cli.session import Session

if TYPE_CHECKING:
    from apportion.ledger.runs import Run
    from apportion.recorded_charges import RecordedCharges
    from apportion.recorded_result import RecordedResult
    from apportion.workspace import Workspace


def read_result(
    session: Session,
    start: date | None,
    end: date | None,
    run: str | None,
    currency: str,
    *,
    lists_assumptions: bool = False,
) -> "RecordedResult":
    """The results of a period; people are told of days that no run covers, and of assumptions.

    Raises ``UsageError`` where the period ends before it begins, and what reading raises.
    """
    from apportion.cli.messages import tell
    from apportion.report.doubts import doubts, require_order, without_assumed

    require_order(start, end)
    result = session.open().result(start, end, run=run or "", currency=currency)
    require_order(result.start, result.end)
    found = doubts(result)
    tell(without_assumed(found) if lists_assumptions else found, session.suggestions)
    return result


def title_of(result: "RecordedResult") -> str:
    """What an answer is about: the company, the days, the currency, and the runs it comes from."""
    runs = f"run {result.runs[0].run_id}" if len(result.runs) == 1 else f"{len(result.runs):,} runs"
    about = f"{result.start} to {result.end}, in {result.currency}"
    return f"{result.model.settings.name}, {about}, {runs}"


def read_charges(session: Session, account: str = "") -> "RecordedCharges":
    """The charges of the latest rating; people are told where it is no longer the latest word.

    An answer about one ``account`` tells nothing of the faults of others.

    Raises ``LedgerError`` (``no_run``) where nothing was rated.
    """
    from apportion.cli.messages import tell
    from apportion.report.doubts import rating_doubts

    billing = session.open().billing
    charges = billing.charges()
    is_current = billing.is_current(charges.rating)
    found = rating_doubts(charges.rating, charges.not_rated, is_current=is_current, account=account)
    tell(found, session.suggestions)
    return charges


def run_of_the_same(
    workspace: "Workspace",
    start: date,
    end: date,
    dimensions: Sequence[str] | None = None,
    currency: str = "",
) -> "Run | None":
    """The run that answers for a period, where a new one would come to the very same.

    It read the costs and usage that count now, by the model as it is, in the same program. A run
    that others answer in place of is none, and none is where usage waits to be rated first.
    """
    from apportion import __version__
    from apportion.ledger.runs import coverage, pinned_versions

    billing, pins, billed = workspace.billing, pinned_versions(workspace.store), 0
    if billing.has_usage():
        rated = billing.ratings()[:1]
        if not rated or not billing.is_current(rated[0]):
            return None
        billed = rated[0].billable_usage_version
    alike = (
        currency or workspace.model.settings.currency,
        None if dimensions is None else sorted(set(dimensions)),
    )
    runs = [
        run
        for run in workspace.runs()
        if (run.currency, run.dimensions and json.loads(run.dimensions)) == alike
    ]
    answering = {piece.run_id for piece in coverage(runs, start, end).pieces}
    now = (start, end, workspace.model.digest, pins["costs"], pins["usage"], billed, __version__)
    for run in runs:
        read = (run.model_digest, run.costs_version, run.usage_version, run.billable_usage_version)
        if answering == {run.run_id} and (run.start_date, run.end_date, *read, run.program) == now:
            return run
    return None
