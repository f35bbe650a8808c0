"""The slow path: one source on one day, in unbounded integers.

It serves where 64 bits cannot hold a source's numbers, where shares sum to more than the whole,
and the few mixtures that the fast path does not cover. It says the same as the fast path wherever
both can speak.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np
import numpy.typing as npt

from apportion.amounts.split import round_half_away
from apportion.attribution.graph import Graph
from apportion.attribution.kernel import SlowSplit
from apportion.attribution.plan import POLICIES, Plan
from apportion.attribution.strategy import Rest, Rounding, Siblings
from apportion.attribution.usage import UsageFigures
from apportion.model.types import OnZeroUsage


@dataclass(frozen=True, slots=True)
class ExactShares:
    """The shares of all siblings of one source on one day, receivers in order of id.

    ``own`` are the shares that strategies give; ``down`` marks those whose amount is cut to the
    unit; ``claims`` those that take the rest instead of their own share; ``remainders`` those
    that share what is left after all.
    """

    own: tuple[Fraction, ...]
    down: tuple[bool, ...]
    claims: tuple[bool, ...]
    remainders: tuple[bool, ...]

    def readable(self) -> list[float]:
        """The shares as floats, to be read and not computed with."""
        return [float(part) for part in self.fractions()]

    def fractions(self) -> list[Fraction]:
        """The shares that the siblings take in the end, exactly."""
        return self._amounts(Fraction(1), cut=False)

    def split(self, amount: int) -> tuple[list[int], bool]:
        """The parts of an amount, and whether the shares exceed it by more than a unit (`A11`)."""
        sign = -1 if amount < 0 else 1
        parts = self._amounts(Fraction(abs(amount)), cut=True)
        too_much = sum(parts) - abs(amount) > 1
        result, cumulative, given = [], Fraction(0), 0
        for part in parts:
            cumulative = min(cumulative + part, Fraction(abs(amount)))
            reached = round_half_away(cumulative.numerator, cumulative.denominator)
            result.append(sign * (reached - given))
            given = reached
        return result, too_much

    def _amounts(self, amount: Fraction, *, cut: bool) -> list[Fraction]:
        parts = [
            Fraction(amount * share // 1) if down and cut else amount * share
            for share, down in zip(self.own, self.down, strict=True)
        ]
        for takers in (self.claims, self.remainders):
            count = sum(takers)
            if not count:
                continue
            others = sum(
                (part for part, takes in zip(parts, takers, strict=True) if not takes),
                Fraction(0),
            )
            rest = max(amount - others, Fraction(0))
            each = rest / count if takers is self.remainders else rest
            parts = [each if takes else part for part, takes in zip(parts, takers, strict=True)]
        return parts


def exact_shares(plan: Plan, figures: UsageFigures, day: int, segment: int) -> ExactShares:
    """The shares of a source's siblings on a day, as exact fractions."""
    columns = range(int(plan.graph.starts[segment]), int(plan.graph.starts[segment + 1]))
    receivers = plan.graph.receiver[columns.start : columns.stop].tolist()
    # What the siblings used is the same for all of them, so it is looked up once.
    used = cache(lambda series: _used(figures, series, receivers, day))
    rows = [_share(plan, used, columns, column) for column in columns]
    own, down, claims, remainders = zip(*rows, strict=True)
    return ExactShares(own, down, claims, remainders)


@dataclass(frozen=True, slots=True)
class _Used:
    """What all siblings used on the day, their sum, and the position of the greatest user."""

    each: tuple[int, ...]
    total: int
    greatest: int


def _used(figures: UsageFigures, series: int, receivers: Sequence[int], day: int) -> _Used:
    each = tuple(figures.exact(series, receiver, day) for receiver in receivers)
    return _Used(each, sum(each), each.index(max(each)))


def _share(
    plan: Plan, used: Callable[[int], _Used], columns: range, column: int
) -> tuple[Fraction, bool, bool, bool]:
    use = int(plan.use[column])
    strategy = plan.uses.strategies[use]
    count = len(columns)
    if strategy.rest is Rest.EQUALLY:
        return Fraction(0), False, False, True
    series = plan.uses.series[use]
    own, total, claims, weights = 0, 1, False, strategy.weights
    if series >= 0:
        usage = used(series)
        total = usage.total
        own = usage.each[column - columns.start]
        if total == 0 and POLICIES[int(plan.policy[column])] is OnZeroUsage.EQUAL:
            weights = strategy.equal_weights
        if total > 0 and strategy.rest is Rest.GREATEST_USER:
            claims = usage.greatest == column - columns.start
        cut = total > 0 and strategy.rounding is Rounding.DOWN
        total = total or 1
    else:
        cut = False
    ratios = plan.uses.uses[use].parameters.ratios()
    numerator, denominator = weights(
        Siblings(
            _whole(count),
            _whole(own),
            _whole(total),
            tuple((_whole(each.numerator), _whole(each.denominator)) for each in ratios),
        )
    )
    return Fraction(int(numerator[0]), int(denominator[0])), cut and not claims, claims, False


def _whole(value: int) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    return np.array([value], dtype=object)


def propagate_exactly(
    graph: Graph, direct: npt.NDArray[np.int64], slow_split: SlowSplit
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_], npt.NDArray[np.object_]]:
    """The kernel's flow in unbounded integers, for a slice whose costs are near the 64-bit limit.

    Returns holistic and given per node and the parts per edge, as Python integers.
    """
    holistic = direct.astype(object)
    given = np.zeros_like(holistic)
    parts = np.zeros((*direct.shape[:2], graph.edge.size), dtype=object)
    for segment, source in enumerate(graph.segment_source.tolist()):
        columns = slice(int(graph.starts[segment]), int(graph.starts[segment + 1]))
        for day, dimension in np.argwhere(holistic[:, :, source] != 0).tolist():
            amount = holistic[day, dimension, source]
            own = slow_split(day, dimension, segment, amount)
            parts[day, dimension, columns] = own
            given[day, dimension, source] = sum(own)
            np.add.at(holistic[day, dimension], graph.receiver[columns], own)
    return holistic, given, parts
