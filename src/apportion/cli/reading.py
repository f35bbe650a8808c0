"""Reading the results that a question is about, and telling people what to doubt in them."""

from datetime import date
from typing import TYPE_CHECKING

from apportion.cli.session import Session

if TYPE_CHECKING:
    from apportion.recorded_charges import RecordedCharges
    from apportion.recorded_result import RecordedResult


def read_result(
    session: Session, start: date | None, end: date | None, run: str | None, currency: str
) -> "RecordedResult":
    """The results of a period; days that no run covers are told to people.

    Raises ``UsageError`` where the period ends before it begins, and what reading raises.
    """
    from apportion.cli.messages import tell
    from apportion.report.doubts import doubts, require_order

    require_order(start, end)
    result = session.open().result(start, end, run=run or "", currency=currency)
    require_order(result.start, result.end)
    tell(doubts(result), session.suggestions)
    return result


def read_charges(session: Session) -> "RecordedCharges":
    """The charges of the latest rating; people are told where it is no longer the latest word.

    Raises ``LedgerError`` (``no_run``) where nothing was rated.
    """
    from apportion.cli.messages import tell
    from apportion.report.doubts import rating_doubts

    billing = session.open().billing
    charges = billing.charges()
    is_current = billing.is_current(charges.rating)
    found = rating_doubts(charges.rating, charges.not_rated, is_current=is_current)
    tell(found, session.suggestions)
    return charges
