"""The lines of a bill that belong to a month rather than to a resource's day.

Support plans, credits, taxes, corrections, and commitments that are bought and not all used.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from apportion.demo.days import START, Integers
from apportion.demo.figures import figures
from apportion.demo.resources import UNITS


@dataclass(frozen=True, slots=True)
class Charge:
    """One line: the month whose bill it stands on, its period (end excluded), and its costs."""

    month: int
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


def first_of(month: int) -> date:
    """The first day of a month; 13 is January of the next year."""
    return date(START.year + (month - 1) // 12, (month - 1) % 12 + 1, 1)


def charges(committed: Integers, gateway: str) -> list[Charge]:
    """The charges of all months.

    ``committed`` is what the resources under a commitment used in each month, in units;
    ``gateway`` is the resource whose charges the April bill corrects.
    """
    found = [
        _declared(figure, month, gateway)
        for figure in figures("charges.csv")
        for month in (range(1, 13) if figure["bill"] == "each" else [int(figure["bill"])])
    ]
    return [*found, *_commitments(committed)]


def _declared(figure: dict[str, str], month: int, gateway: str) -> Charge:
    amount = (int(figure["dollars"]) + int(figure["step"]) * month) * UNITS
    return Charge(
        month=month,
        begin=date.fromisoformat(figure["begin"]) if figure["begin"] else first_of(month),
        end=date.fromisoformat(figure["end"]) if figure["end"] else first_of(month + 1),
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
        resource=gateway if figure["class"] else None,
    )


def _commitments(committed: Integers) -> Iterator[Charge]:
    """Each month's purchase, which is billed, and what nobody used of it, which is a cost."""
    for month in range(1, 13):
        unused = (900 + 130 * (month * 7 % 5)) * UNITS
        bought = Charge(
            month=month,
            begin=first_of(month),
            end=first_of(month + 1),
            category="Purchase",
            provider="AWS",
            account="fernway-production",
            service="Savings Plans",
            service_category="Other",
            description="Savings plan of one year, nothing upfront",
            effective=0,
            billed=int(committed[month - 1]) + unused,
        )
        yield bought
        yield replace(
            bought,
            category="Usage",
            description="Savings plan, not used",
            effective=unused,
            billed=0,
            commitment="Unused",
        )
