"""A plain list of lines that says what counts after deliveries, written from the text of `D4`.

A line is one record of a bill or of a file of plain costs. Its bill and its cell are told by what
it means, whatever its spelling; two lines are equal where all that is written in them is.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any, NamedTuple


class Period(NamedTuple):
    """What a delivery is all of, or adds to: a bill of a period, or a day of plain costs."""

    owner: str
    first: date

    @property
    def is_bill(self) -> bool:
        """Whether an issuer and an account own it; plain costs have a source of one word."""
        return "/" in self.owner


class Line(NamedTuple):
    """One line: whose it is, its cell, what it costs where, and how its names are written."""

    period: Period
    account: str
    begins: datetime
    node: str
    dimension: str
    currency: str
    amount: Decimal
    resource: str = ""
    hours: int = 1
    written: tuple[tuple[str, str], ...] = ()

    @property
    def cell(self) -> tuple[Any, ...]:
        """What a restated line is known by; plain costs have no accounts."""
        if self.period.is_bill:
            return self.period, self.account, self.begins
        return self.period, self.begins, self.node, self.dimension

    @property
    def place(self) -> tuple[str, date, str, str]:
        """Where its cost lands."""
        return self.node, self.begins.date(), self.dimension, self.currency


Parts = dict[Period, list[Line]]


def is_cut_anew(old: Iterable[Line], new: Iterable[Line]) -> bool:
    """Whether charges of one thing lie in part at the same time, though none begin together."""
    return any(
        (one.account, one.resource) == (other.account, other.resource)
        and one.begins < other.begins + timedelta(hours=other.hours)
        and other.begins < one.begins + timedelta(hours=one.hours)
        for one, other in product(old, new)
    )


@dataclass(eq=False)
class Delivered:
    """One delivery that was taken: the lines of each period that were no repeat, and their mode."""

    name: str
    parts: Parts
    replaces: Mapping[Period, bool]
    brought: Parts = field(default_factory=dict)
    is_withdrawn: bool = False

    def __post_init__(self) -> None:
        self.brought = self.parts


@dataclass
class Ledger:
    """All that was delivered, in the order in which it began to count."""

    deliveries: list[Delivered] = field(default_factory=list)

    def groups(self, period: Period) -> list[list[Line]]:
        """The lines of a period that count, one list a delivery."""
        found: list[list[Line]] = []
        for each in self.deliveries:
            if each.is_withdrawn or period not in each.parts:
                continue
            if each.replaces[period]:
                found = []
            found.append(each.parts[period])
        return [lines for lines in found if lines]

    def withdraw(self, delivery: Delivered) -> bool:
        """Let a delivery count no more; False, and nothing done, where lines would meet.

        What it had superseded counts again; it may not do so beside what came after it, where
        both have the same cells, or are plain costs of one day.
        """
        before = {period: self.groups(period) for period in delivery.parts}
        delivery.is_withdrawn = True
        for period, old in before.items():
            was = {id(group) for group in old}
            after = self.groups(period)
            stays = [line for group in after if id(group) in was for line in group]
            returns = [line for group in after if id(group) not in was for line in group]
            meets = {line.cell for line in stays} & {line.cell for line in returns}
            if not (stays and returns):
                continue
            if meets or not period.is_bill or is_cut_anew(stays, returns):
                delivery.is_withdrawn = False
        return delivery.is_withdrawn

    def restore(self, delivery: Delivered, answer: str) -> bool:
        """Let it count as if it came now; False, and nothing done, where that is refused."""
        lines = [line for part in delivery.brought.values() for line in part]
        judged = self.judged(lines, answer, delivery.brought)
        if judged is None:
            return False
        delivery.parts, delivery.replaces = judged
        delivery.is_withdrawn = False
        self.deliveries.remove(delivery)
        self.deliveries.append(delivery)
        return True

    def lines(self) -> list[Line]:
        """All lines that count."""
        periods = {period for each in self.deliveries for period in each.parts}
        return [line for period in periods for group in self.groups(period) for line in group]

    def costs(self) -> dict[tuple[str, date, str, str], Decimal]:
        """What they cost, by node, day, dimension and currency."""
        sums: dict[tuple[str, date, str, str], Decimal] = {}
        for line in self.lines():
            sums[line.place] = sums.get(line.place, Decimal(0)) + line.amount
        return sums

    def judged(
        self, lines: Sequence[Line], answer: str, emptied: Iterable[Period] = ()
    ) -> tuple[Parts, dict[Period, bool]] | None:
        """What of a delivery is new and whether it replaces; None where it has to be refused.

        ``emptied`` are periods of which it says that they are without lines.
        """
        parts: Parts = {}
        replaces: dict[Period, bool] = {}
        coming: Parts = {period: [] for period in emptied}
        for line in lines:
            coming.setdefault(line.period, []).append(line)
        for period, new in coming.items():
            mode = self._mode(period, new, answer)
            if mode == "refuse":
                return None
            if mode != "repeat":
                parts[period], replaces[period] = new, mode == "replace"
        return parts, replaces

    def _mode(self, period: Period, new: Sequence[Line], answer: str) -> str:
        groups = self.groups(period)
        old = [line for group in groups for line in group]
        # What one delivery brought and all of which counts is nothing new either, unless somebody
        # says that it is all there is.
        same = [old] if answer == "replace" else [old, *groups]
        if any(Counter(new) == Counter(lines) for lines in same):
            return "repeat"
        if answer:
            return "add" if answer == "append" else answer
        known, coming = {line.cell for line in old}, {line.cell for line in new}
        # Plain costs of other nodes may correct those of a day or add to them: that is asked.
        if known and not known & coming and period.is_bill:
            return "refuse" if is_cut_anew(old, new) else "add"
        return "replace" if known <= coming else "refuse"
