"""Cost lines to units of one currency, and usage rows to figures, by exact arithmetic."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from oracle.declared import Declared, as_date, as_fraction

LARGEST = 2**63 - 1
UNMAPPED = "unmapped:"
_USAGE_DECIMALS = 9

Key = tuple[str, date, str]
Row = Mapping[str, Any]


class RefusedError(Exception):
    """What the rules do not allow to be computed, as codes."""

    def __init__(self, *codes: str) -> None:
        super().__init__(*codes)
        self.codes = frozenset(codes)


def within(rows: Iterable[Row], start: date, end: date) -> list[Row]:
    """The rows of the days from ``start`` to ``end``, both included."""
    return [row for row in rows if start <= as_date(row["date"]) <= end]


def half_away(value: Fraction) -> int:
    """The nearest integer; a tie goes away from zero."""
    size = abs(value) + Fraction(1, 2)
    whole = size.numerator // size.denominator
    return whole if value >= 0 else -whole


def within_64_bits(units: int) -> int:
    """The same amount, unless it has no place in 64 bits (`A1`)."""
    if abs(units) > LARGEST:
        raise RefusedError("amount_overflow")
    return units


def currency_of(declared: Declared, costs: Iterable[Row]) -> str:
    """The workspace's currency; where none is declared, the only one of the costs."""
    named = {row["currency"] for row in costs if row.get("currency")}
    return declared.currency or (named.pop() if len(named) == 1 else "USD")


def direct_units(
    declared: Declared,
    costs: Iterable[Row],
    start: date,
    end: date,
    dimensions: Sequence[str] | None = None,
) -> dict[Key, int]:
    """Direct cost per node, day and dimension, in units of the workspace's currency (`A24`)."""
    lines = within(costs, start, end)
    target = currency_of(declared, lines)
    exact: dict[tuple[str, date, str, str], Fraction] = {}
    for row in lines:
        amount = as_fraction(row["amount"]) * 10**declared.scale
        within_64_bits(half_away(amount))
        key = (row["node"], as_date(row["date"]), row["dimension"], row.get("currency") or target)
        exact[key] = exact.get(key, Fraction(0)) + amount
    units: dict[Key, int] = {}
    for (node, day, dimension, currency), amount in exact.items():
        own = within_64_bits(half_away(amount))
        if currency != target:
            own = within_64_bits(half_away(own * _rate(declared, currency, target, day)))
        units[node, day, dimension] = units.get((node, day, dimension), 0) + own
    for (node, _, dimension), own in units.items():
        within_64_bits(own)
        wanted = dimensions is None or dimension in dimensions
        if wanted and node not in declared.nodes and not node.startswith(UNMAPPED):
            raise RefusedError("unknown_node")
    if dimensions is not None:
        return {key: own for key, own in units.items() if key[2] in dimensions}
    return units


def _rate(declared: Declared, source: str, target: str, day: date) -> Fraction:
    valid = [
        (since, rate)
        for one, other, since, rate in declared.rates
        if (one, other) == (source, target) and since <= day
    ]
    if not valid:
        raise RefusedError("missing_exchange_rate")
    return max(valid)[1]


@dataclass(frozen=True)
class Usage:
    """Usage rows by metric, node and day: pairs of labels and a value in billionths."""

    rows: Mapping[tuple[str, str, date], list[tuple[Mapping[str, str], int]]]
    negative: Mapping[tuple[str, str], int]
    known: dict[Any, Fraction] = field(default_factory=dict)

    def of(self, parameters: Mapping[str, Any], node: str, day: date) -> Fraction:
        """u or w of a node on a day, under a strategy's metric, filter and window (`A12`)."""
        chosen = parameters.get("segment_filter")
        window = int(parameters.get("window_days", 1))
        decay = as_fraction(parameters.get("decay", 1))
        key = (parameters["metric"], json.dumps(chosen), window, decay, node, day)
        if key not in self.known:
            figure = Fraction(0)
            for age in range(window):
                rows = self.rows.get((parameters["metric"], node, day - timedelta(age)), ())
                used = sum(value for labels, value in rows if passes(chosen, labels))
                figure += used * decay**age
            self.known[key] = figure
        return self.known[key]


def read_usage(usage: Iterable[Row], nodes: Iterable[str]) -> Usage:
    """Read usage rows; a negative one counts as nothing, and is counted."""
    declared = set(nodes)
    rows: dict[tuple[str, str, date], list[tuple[Mapping[str, str], int]]] = {}
    negative: dict[tuple[str, str], int] = {}
    for row in usage:
        if row["node"] not in declared:
            continue
        value = half_away(as_fraction(row["value"]) * 10**_USAGE_DECIMALS)
        if value < 0:
            pair = (row["node"], row["metric"])
            negative[pair] = negative.get(pair, 0) + 1
        key = (row["metric"], row["node"], as_date(row["date"]))
        rows.setdefault(key, []).append((_labels(row.get("labels")), max(value, 0)))
    return Usage(rows, negative)


def _labels(value: Any) -> Mapping[str, str]:
    return json.loads(value or "{}") if isinstance(value, str) else dict(value or {})


def passes(chosen: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Whether a usage row counts under a filter (`A13`)."""
    if chosen is None:
        return True
    operator = chosen.get("operator", "in")
    there = chosen["label"] in labels
    if operator == "exists":
        return there
    if operator == "not_exists":
        return not there
    among = there and labels[chosen["label"]] in [str(value) for value in chosen["values"]]
    if operator in ("eq", "in"):
        return among
    if operator in ("neq", "not_in"):
        return not among
    raise ValueError(f"no operator {operator}")
