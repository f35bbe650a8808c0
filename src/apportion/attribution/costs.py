"""Direct costs: a table of decimals to sums in units of one currency, per node, day, dimension.

Amounts are summed exactly per currency first, rounded to the scale only where they hold more
decimals, and converted once per sum, so that the order of lines cannot matter (`A1`, `A24`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from apportion.amounts import MAXIMUM_UNITS
from apportion.amounts.columns import arrow_to_units
from apportion.attribution.sums import Codes, Integers, combine, encode, sum_by_key
from apportion.findings import Finding, RunError, Severity
from apportion.model.types import ExchangeRate
from apportion.tables import days, decimals, from_ordinal, require_columns, texts

UNMAPPED = "unmapped:"
"""Nodes with this prefix need no declaration: they hold cost that no mapping rule took."""

_EXACT_DECIMALS = 18


@dataclass(frozen=True, slots=True)
class DirectCosts:
    """Direct cost in one currency. The arrays run in parallel, one entry per key, none twice.

    ``node`` and ``dimension`` index ``nodes`` and ``dimensions``, which are in order of code
    points; ``day`` counts days since 1970-01-01; ``units`` are amounts at the scale.
    """

    currency: str
    scale: int
    nodes: tuple[str, ...]
    dimensions: tuple[str, ...]
    node: Integers
    day: Integers
    dimension: Integers
    units: Integers
    findings: tuple[Finding, ...] = ()


def read_costs(
    table: pa.Table,
    start: date,
    end: date,
    currency: str,
    scale: int,
    rates: Sequence[ExchangeRate],
) -> DirectCosts:
    """Sum a cost table over lines and convert it to one currency.

    ``table`` has ``node``, ``date``, ``dimension``, ``amount`` and optionally ``currency``. Rows
    outside ``start`` to ``end`` (both included) are left out. An empty ``currency`` means that
    none was declared: the only one of the costs is used.

    Raises ``RunError``: ``missing_key``, ``invalid_value``, ``amount_overflow``,
    ``missing_exchange_rate``.
    """
    lines = _within(_lines(table), start, end)
    target = currency or _only_currency(lines)
    named = lines["currency"]
    unnamed = pc.equal(named, "")
    if pc.any(unnamed).as_py():
        named = pc.if_else(unnamed, target, named)
    nodes, dimensions, currencies = map(encode, (lines["node"], lines["dimension"], named))
    day = lines["date"].cast(pa.int32()).to_numpy().astype(np.int64)
    key = combine(
        [
            (nodes.codes, len(nodes.names)),
            (day, int(day.max(initial=0)) + 1),
            (dimensions.codes, len(dimensions.names)),
            (currencies.codes, len(currencies.names)),
        ]
    )
    label = _Label(nodes, dimensions, day, scale)
    units, first, findings = _units(key, lines["amount"], scale, label)
    foreign = np.array([name != target for name in currencies.names])[currencies.codes[first]]
    if foreign.any():
        units = _converted(units, foreign, day[first], currencies, first, target, rates, label)
        units, again, wrapped = sum_by_key(key[first] // len(currencies.names), units)
        label.refuse(first[again][wrapped])
        first = first[again]
    return DirectCosts(
        target,
        scale,
        nodes.names,
        dimensions.names,
        nodes.codes[first],
        day[first],
        dimensions.codes[first],
        units,
        findings,
    )


def _lines(table: pa.Table) -> pa.Table:
    require_columns(table, "costs", ("node", "date", "dimension", "amount"))
    currency = (
        texts(table, "costs", "currency", absent="")
        if "currency" in table.column_names
        else pa.chunked_array([pa.repeat(pa.scalar(""), table.num_rows)])
    )
    return pa.table(
        {
            "node": texts(table, "costs", "node"),
            "date": days(table, "costs", "date"),
            "dimension": texts(table, "costs", "dimension"),
            "amount": decimals(table, "costs", "amount", _EXACT_DECIMALS, floats=False),
            "currency": currency,
        }
    )


def _within(lines: pa.Table, start: date, end: date) -> pa.Table:
    bounds = pc.min_max(lines["date"])
    if lines.num_rows == 0 or (bounds["min"].as_py() >= start and bounds["max"].as_py() <= end):
        return lines
    inside = pc.and_(
        pc.greater_equal(lines["date"], pa.scalar(start)),
        pc.less_equal(lines["date"], pa.scalar(end)),
    )
    return lines.filter(inside)


def _only_currency(lines: pa.Table) -> str:
    named = [name for name in pc.unique(lines["currency"]).to_pylist() if name]
    return named[0] if len(named) == 1 else "USD"


@dataclass(frozen=True, slots=True)
class _Label:
    """What it takes to name a line in an error."""

    nodes: Codes
    dimensions: Codes
    day: Integers
    scale: int

    def refuse(self, rows: Integers) -> None:
        """Raise ``amount_overflow`` for these lines, if there are any."""
        if rows.size:
            raise RunError([self._overflow(int(row)) for row in rows[:20]])

    def _overflow(self, row: int) -> Finding:
        node = self.nodes.names[self.nodes.codes[row]]
        dimension = self.dimensions.names[self.dimensions.codes[row]]
        day = from_ordinal(int(self.day[row]))
        return Finding(
            "amount_overflow",
            f"The cost of {node!r} on {day} in {dimension!r} does not fit in 64 bits "
            f"at {self.scale} decimals.",
            remedy="Lower `scale` in apportion.yaml.",
            details={"node": node, "date": day, "dimension": dimension},
        )


def _units(
    key: Integers, amount: pa.ChunkedArray, scale: int, label: _Label
) -> tuple[Integers, Integers, tuple[Finding, ...]]:
    """Sums per key at the workspace's scale, and the first line of each key."""
    if _fits(amount, scale):
        line_units, overflow = arrow_to_units(amount, scale)
        label.refuse(np.flatnonzero(overflow))
        units, first, wrapped = sum_by_key(key, line_units)
        label.refuse(first[wrapped])
        return units, first, ()
    # 256 bits, because Arrow's sums of 128-bit decimals wrap without a word.
    lines = pa.table({"key": key, "amount": amount.cast(pa.decimal256(76, _EXACT_DECIMALS))})
    sums = lines.group_by("key").aggregate([("amount", "sum")]).sort_by("key")
    exact = sums["amount_sum"]
    kept = pc.round(exact, ndigits=scale, round_mode="half_towards_infinity")
    cut = pc.sum(pc.not_equal(kept, exact)).as_py() or 0
    first = np.unique(key, return_index=True)[1]
    limit = pa.scalar(Decimal(MAXIMUM_UNITS).scaleb(-scale), pa.decimal256(76, _EXACT_DECIMALS))
    label.refuse(first[np.flatnonzero(pc.greater(pc.abs(kept), limit).to_numpy())])
    units, _ = arrow_to_units(kept.cast(pa.decimal128(38, scale)), scale)
    rounded = Finding(
        "rounded_amounts",
        f"{cut} sums of costs had more than {scale} decimals and were rounded.",
        remedy="Raise `scale` in apportion.yaml, up to 9, to keep more.",
        severity=Severity.WARNING,
        details={"count": cut},
    )
    return units, first, (rounded,) if cut else ()


def _fits(amount: pa.ChunkedArray, scale: int) -> bool:
    """Whether no amount has more decimals than are kept."""
    if amount.type.scale <= scale:
        return True
    kept = pc.round(amount, ndigits=scale, round_mode="half_towards_infinity")
    return bool(pc.all(pc.equal(kept, amount), min_count=0).as_py())


def _converted(
    units: Integers,
    foreign: npt.NDArray[np.bool_],
    day: Integers,
    currencies: Codes,
    first: Integers,
    target: str,
    rates: Sequence[ExchangeRate],
    label: _Label,
) -> Integers:
    """Amounts in the target currency, at the rate of their day, a tie away from zero (`A24`)."""
    rows = np.flatnonzero(foreign)
    pairs = combine([(currencies.codes[first][rows], len(currencies.names)), (day[rows], 2**22)])
    wanted, inverse = np.unique(pairs, return_inverse=True)
    keys = [(currencies.names[pair >> 22], int(pair & (2**22 - 1))) for pair in wanted.tolist()]
    found = [_rate(rates, name, target, from_ordinal(key)) for name, key in keys]
    missing = [key for key, rate in zip(keys, found, strict=True) if rate is None]
    if missing:
        raise RunError(_missing_rates(missing, target))
    numerators = np.array([rate.numerator for rate in found if rate], dtype=object)[inverse]
    denominators = np.array([rate.denominator for rate in found if rate], dtype=object)[inverse]
    exact = units[rows].astype(object) * numerators
    values = (2 * np.abs(exact) + denominators) // (2 * denominators) * np.sign(exact)
    label.refuse(first[rows[np.abs(values) > MAXIMUM_UNITS]])
    result = units.copy()
    result[rows] = values.astype(np.int64)
    return result


def _rate(rates: Sequence[ExchangeRate], source: str, target: str, day: date) -> Fraction | None:
    """The rate with the latest date not after the day."""
    valid = [
        rate
        for rate in rates
        if rate.from_currency == source and rate.to_currency == target and rate.date <= day
    ]
    return Fraction(max(valid, key=lambda rate: rate.date).rate) if valid else None


def _missing_rates(missing: Sequence[tuple[str, int]], target: str) -> list[Finding]:
    by_currency: dict[str, list[date]] = {}
    for name, day in missing:
        by_currency.setdefault(name, []).append(from_ordinal(day))
    return [
        Finding(
            "missing_exchange_rate",
            f"No exchange rate from {name} to {target} is valid on {dates[0]}"
            + (f" (and {len(dates) - 1} more days up to {dates[-1]})." if len(dates) > 1 else "."),
            remedy=f"Add to exchange_rates: {{from: {name}, to: {target}, date: {dates[0]}, "
            'rate: "..."}.',
            details={"currency": name, "date": dates[0], "dates": tuple(dates)},
        )
        for name, dates in by_currency.items()
    ]


def left_out(costs: DirectCosts, wanted: Sequence[str]) -> tuple[DirectCosts, Mapping[str, int]]:
    """Keep the wanted dimensions; give the sum of units of each other one (`A22`)."""
    kept = [index for index, name in enumerate(costs.dimensions) if name in wanted]
    others = {
        name: sum(costs.units[costs.dimension == index].tolist())
        for index, name in enumerate(costs.dimensions)
        if index not in kept
    }
    position = np.full(len(costs.dimensions), -1, dtype=np.int64)
    position[kept] = np.arange(len(kept))
    rows = np.isin(costs.dimension, kept)
    return (
        replace(
            costs,
            dimensions=tuple(costs.dimensions[index] for index in kept),
            node=costs.node[rows],
            day=costs.day[rows],
            dimension=position[costs.dimension[rows]],
            units=costs.units[rows],
        ),
        others,
    )
