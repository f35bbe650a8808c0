"""The share of every sibling of a source, on one day and in one dimension (`A8` to `A14`)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from fractions import Fraction
from typing import Any

from oracle.declared import Edge, Use, as_fraction
from oracle.recorded import Usage

NOTHING = Fraction(0)


class Kind(Enum):
    """How a share becomes an amount."""

    PLAIN = "the share of the amount"
    CUT = "the share of the amount, cut down to the unit"
    REST = "what the siblings that claim no rest leave"
    REMAINDER = "an equal part of what all others leave"


@dataclass(frozen=True)
class Share:
    """One sibling's share; its number counts only where nothing is claimed."""

    kind: Kind
    number: Fraction = NOTHING


@dataclass(frozen=True)
class Shares:
    """The siblings' shares in order of receivers, and the fallbacks: pairs of metric and policy."""

    shares: tuple[Share, ...]
    fallbacks: frozenset[tuple[str, str]]

    def parts(self, amount: Fraction, *, cut: bool) -> list[Fraction]:
        """The siblings' exact parts of an amount that is not negative."""
        parts = [_part(share, amount, cut=cut) for share in self.shares]
        for kind in (Kind.REST, Kind.REMAINDER):
            takers = [place for place, share in enumerate(self.shares) if share.kind is kind]
            others = sum((part for place, part in enumerate(parts) if place not in takers), NOTHING)
            rest = max(amount - others, NOTHING)
            for place in takers:
                parts[place] = rest / len(takers) if kind is Kind.REMAINDER else rest
        return parts

    @property
    def cuts(self) -> int:
        """How many siblings have their parts cut down to the unit."""
        return sum(share.kind is Kind.CUT for share in self.shares)


def _part(share: Share, amount: Fraction, *, cut: bool) -> Fraction:
    if share.kind is Kind.PLAIN or (share.kind is Kind.CUT and not cut):
        return amount * share.number
    if share.kind is Kind.CUT:
        exact = amount * share.number
        return Fraction(exact.numerator // exact.denominator)
    return NOTHING


def shares_of(siblings: Sequence[Edge], dimension: str, usage: Usage, day: date) -> Shares:
    """The shares of siblings that are in the order of their receivers."""
    receivers = [edge.receiver for edge in siblings]
    shares, fallbacks = [], set()
    for place, edge in enumerate(siblings):
        use = edge.use_for(dimension)
        share, fallback = _share(use, place, receivers, usage, day)
        shares.append(share)
        fallbacks |= fallback
    return Shares(tuple(shares), frozenset(fallbacks))


def _share(
    use: Use, place: int, receivers: Sequence[str], usage: Usage, day: date
) -> tuple[Share, set[tuple[str, str]]]:
    name, parameters = use["strategy"], use.get("parameters") or {}
    count = len(receivers)
    if name == "remainder":
        return Share(Kind.REMAINDER), set()
    if "metric" not in parameters:
        return Share(Kind.PLAIN, _WITHOUT_USAGE[name](count, parameters)), set()
    figures = [usage.of(_series(name, parameters), receiver, day) for receiver in receivers]
    total = sum(figures, NOTHING)
    if total == 0:
        policy = use.get("on_zero_usage") or _ON_ZERO_USAGE.get(name, "equal")
        number = Fraction(1, count) if policy == "equal" else _fixed_part(name, count, parameters)
        if name == "capped_proportional":
            number = _capped(number, count, parameters)
        return Share(Kind.PLAIN, number), {(parameters["metric"], policy)}
    proportion = figures[place] / total
    if name == "residual_to_max":
        greatest = max(range(count), key=lambda each: (figures[each], -each))
        return Share(Kind.REST) if greatest == place else Share(Kind.CUT, proportion), set()
    return Share(Kind.PLAIN, _BY_USAGE[name](proportion, count, parameters)), set()


def _series(name: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"window_days": 7, **parameters} if name == "weighted_average" else parameters


def _given(parameters: Mapping[str, Any], percent: str, part: str) -> Fraction:
    if parameters.get(percent) is not None:
        return as_fraction(parameters[percent]) / 100
    return as_fraction(parameters[part])


def _capped(proportion: Fraction, count: int, parameters: Mapping[str, Any]) -> Fraction:
    return min(proportion, _given(parameters, "cap_percent", "cap"))


def _hybrid(proportion: Fraction, count: int, parameters: Mapping[str, Any]) -> Fraction:
    fixed = _given(parameters, "fixed_percent", "fixed_fraction")
    return fixed / count + (1 - fixed) * proportion


def _floor(proportion: Fraction, count: int, parameters: Mapping[str, Any]) -> Fraction:
    floor = _given(parameters, "min_floor_percent", "min_floor")
    if count * floor >= 1:
        return Fraction(1, count)
    return floor + (1 - count * floor) * proportion


def _proportional(proportion: Fraction, count: int, parameters: Mapping[str, Any]) -> Fraction:
    return proportion


def _fixed_part(name: str, count: int, parameters: Mapping[str, Any]) -> Fraction:
    """What a strategy gives where nothing that depends on usage is given."""
    if name == "hybrid_fixed_proportional":
        return _given(parameters, "fixed_percent", "fixed_fraction") / count
    if name == "min_floor_proportional":
        return min(_given(parameters, "min_floor_percent", "min_floor"), Fraction(1, count))
    return NOTHING


_WITHOUT_USAGE: Mapping[str, Callable[[int, Mapping[str, Any]], Fraction]] = {
    "equal": lambda count, _: Fraction(1, count),
    "fixed_percent": lambda _, parameters: _given(parameters, "percent", "fraction"),
}
_BY_USAGE: Mapping[str, Callable[[Fraction, int, Mapping[str, Any]], Fraction]] = {
    "proportional_on": _proportional,
    "segment_filtered_proportional": _proportional,
    "weighted_average": _proportional,
    "capped_proportional": _capped,
    "hybrid_fixed_proportional": _hybrid,
    "min_floor_proportional": _floor,
}
_ON_ZERO_USAGE = {"hybrid_fixed_proportional": "retain", "min_floor_proportional": "retain"}
