"""Financial years and their months (`B6`).

A financial year is named by the calendar year it begins in. Its twelve months begin on the same
day of the month as the year does, or on the last day of a month that is too short for it.
"""

from calendar import month_name
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from apportion.model import Settings

if TYPE_CHECKING:
    import ibis.expr.types as ir

MONTHS = 12


@dataclass(frozen=True, slots=True)
class FinancialYear:
    """The day of the calendar on which years begin."""

    month: int
    day: int

    def of(self, day: date) -> int:
        """The year that a day lies in.

        >>> FinancialYear(4, 1).of(date(2024, 3, 31))
        2023
        """
        return day.year - ((day.month, day.day) < (self.month, self.day))

    def first(self, year: int) -> date:
        """The first day of a year."""
        return date(year, self.month, self.day)

    def last(self, year: int) -> date:
        """The last day of a year.

        >>> FinancialYear(3, 1).last(2023)
        datetime.date(2024, 2, 29)
        """
        return self.first(year + 1) - timedelta(days=1)

    def month_first(self, year: int, period: int) -> date:
        """The first day of a year's month, which count from 1.

        >>> FinancialYear(1, 31).month_first(2023, 2)
        datetime.date(2023, 2, 28)
        """
        later, month = divmod(self.month - 1 + period - 1, MONTHS)
        begin = date(year + later, month + 1, 1)
        following = date(year + later + (month == MONTHS - 1), (month + 1) % MONTHS + 1, 1)
        return min(begin + timedelta(days=self.day - 1), following - timedelta(days=1))

    def period(self, day: date) -> int:
        """Which of its year's months, counted from 1, a day lies in.

        >>> FinancialYear(4, 6).period(date(2024, 4, 5))
        12
        """
        is_last = (day + timedelta(days=1)).month != day.month
        early = day.day < self.day and not is_last
        return (day.month - self.month - early) % MONTHS + 1

    def month_names(self) -> list[str]:
        """What the months are called, in their order: after the calendar month they begin in."""
        return [month_name[(self.month - 1 + shift) % MONTHS + 1] for shift in range(MONTHS)]

    def year_column(self, day: "ir.DateColumn") -> "ir.IntegerColumn":
        """``of`` for a column of days."""
        place = day.month() * 100 + day.day()
        return day.year() - (place < self.month * 100 + self.day).cast("int32")

    def period_column(self, day: "ir.DateColumn") -> "ir.IntegerColumn":
        """``period`` for a column of days."""
        # Added a year, so that no engine's remainder of a negative number matters.
        shifted = day.month() - self.month + MONTHS
        if self.day > 1:
            early = day.day() < self.day
            if self.day > 28:
                early &= ~_is_last(day)
            shifted -= early.cast("int32")
        return shifted % MONTHS + 1


def _is_last(day: "ir.DateColumn") -> "ir.BooleanColumn":
    import ibis  # noqa: PLC0415

    return (day + ibis.interval(days=1)).month() != day.month()


def financial_year(settings: Settings) -> FinancialYear:
    """The financial year of a workspace."""
    start = settings.financial_year_start
    return FinancialYear(int(start[:2]), int(start[3:]))
