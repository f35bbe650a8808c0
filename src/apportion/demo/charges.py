"""The lines of a bill that belong to a month rather than to a resource's day.

Support plans, credits, taxes and corrections, as the figures of an example declare them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from apportion.demo.days import following_month
from apportion.demo.resources import UNITS

EACH = "each"


@dataclass(frozen=True, slots=True)
class Charge:
    """One line: the month whose bill it stands on, its period (end excluded), and its costs."""

    bill: date
    begin: date
    end: date
    category: str
    provider: str
    account: str
    service: str
    service_category: str
    description: str
    effective: int
    billed: int
    frequency: str = "Recurring"
    charge_class: str | None = None
    commitment: str | None = None
    resource: str | None = None


def declared_charges(
    declared: Iterable[dict[str, str]], months: Sequence[date], corrected: str | None = None
) -> Iterator[Charge]:
    """The charges that figures declare, each on the bill of one of the months or of each.

    ``corrected`` is the resource whose charges a correction is for.
    """
    for figure in declared:
        for number, month in enumerate(months, start=1):
            if figure["bill"] in (EACH, f"{month:%Y-%m}"):
                yield _charge(figure, month, number, corrected)


def _charge(figure: dict[str, str], month: date, number: int, corrected: str | None) -> Charge:
    amount = (int(figure["amount"]) + int(figure["step"]) * number) * UNITS
    return Charge(
        bill=month,
        begin=date.fromisoformat(figure["begin"]) if figure["begin"] else month,
        end=date.fromisoformat(figure["end"]) if figure["end"] else following_month(month),
        category=figure["category"],
        provider=figure["provider"],
        account=figure["account"],
        service=figure["service"],
        service_category=figure["service_category"],
        description=figure["description"],
        effective=amount,
        billed=amount,
        frequency=figure["frequency"],
        charge_class=figure["class"] or None,
        resource=corrected if figure["class"] else None,
    )
