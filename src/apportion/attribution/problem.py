"""What a run computes with: the model and its tables as integers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from apportion.amounts import decimal_text
from apportion.amounts.currencies import CODES
from apportion.attribution.costs import UNMAPPED, DirectCosts, left_out, read_costs
from apportion.attribution.graph import Integers
from apportion.attribution.plan import Uses, distinct_uses
from apportion.attribution.strategy import Strategy
from apportion.attribution.usage import UsageFigures, read_usage
from apportion.findings import Finding, RunError, Severity
from apportion.model import Model
from apportion.model.spelling import did_you_mean
from apportion.plugins import STRATEGIES, registered
from apportion.tables import as_table

_NAMED = 10


@dataclass(frozen=True, slots=True)
class Variant:
    """Dimensions for which every edge uses the same strategies (`A8`).

    ``dimensions`` are positions in the run's dimensions, ``use`` one strategy use per edge of the
    model.
    """

    dimensions: Integers
    use: Integers


@dataclass(frozen=True, slots=True)
class Problem:
    """A model, its costs and its usage for a period.

    ``nodes`` are the ids in order of code points; ``node`` gives each cost's position in them;
    ``source`` and ``receiver`` those of the model's edges. ``findings`` are warnings so far.
    """

    model: Model
    start: date
    end: date
    nodes: tuple[str, ...]
    source: Integers
    receiver: Integers
    costs: DirectCosts
    node: Integers
    uses: Uses
    variants: tuple[Variant, ...]
    figures: UsageFigures
    findings: tuple[Finding, ...]


def prepare(
    model: Model,
    costs: Any,
    usage: Any,
    start: date,
    end: date,
    dimensions: Sequence[str] | None = None,
    currency: str = "",
) -> Problem:
    """Read the tables of a run against its model.

    Every dimension that has cost takes part unless ``dimensions`` names some (`A22`); those left
    out are reported with their amounts. ``currency`` overrides the workspace's.

    Raises ``RunError``.
    """
    if end < start:
        raise RunError(
            [
                Finding(
                    "invalid_argument",
                    f"The period ends on {end}, before it begins on {start}.",
                    remedy="Swap the two dates.",
                )
            ]
        )
    _require_currency(currency)
    settings = model.settings
    direct = read_costs(
        as_table(costs, "costs"),
        start,
        end,
        currency or settings.currency,
        settings.scale,
        model.exchange_rates,
    )
    findings = list(direct.findings)
    if dimensions is not None:
        _require_known(dimensions, direct, start, end)
        direct, others = left_out(direct, dimensions)
        findings += [_left_out(name, units, direct) for name, units in others.items() if units]
    nodes = _nodes(model, direct)
    position = {name: index for index, name in enumerate(nodes)}
    source = np.array([position[edge.source] for edge in model.edges], dtype=np.int64)
    receiver = np.array([position[edge.receiver] for edge in model.edges], dtype=np.int64)
    strategies = registered(STRATEGIES)
    uses, variants = _variants(model, strategies, direct.dimensions)
    figures = read_usage(
        None if usage is None else as_table(usage, "usage"), start, end, nodes, uses.all_series
    )
    codes = np.array([position[name] for name in direct.nodes], dtype=np.int64)
    order = np.lexsort((direct.dimension, direct.node, direct.day))
    direct = _reordered(direct, order)
    return Problem(
        model,
        start,
        end,
        nodes,
        source,
        receiver,
        direct,
        codes[direct.node] if codes.size else direct.node,
        uses,
        variants,
        figures,
        (*findings, *figures.findings),
    )


def usage_reach(model: Model) -> tuple[int, list[str]]:
    """How many days before a period its shares look back, and which metrics they read."""
    used = {
        series
        for edge in model.edges
        for use in (edge.use, *(override.use for override in edge.overrides))
        if (series := use.parameters.series()) is not None
    }
    days = max((series.window_days - 1 for series in used), default=0)
    return days, sorted({series.metric for series in used})


def _require_currency(currency: str) -> None:
    """Raise ``RunError`` for what is no currency, before it is told that no rate leads there."""
    if not currency or currency in CODES:
        return
    meant = f"Did you mean {currency.upper()!r}?" if currency.upper() in CODES else ""
    message = f"{currency!r} is no ISO 4217 currency code."
    raise RunError(
        [Finding("unknown_currency", message, remedy=meant or "Give a code such as USD.")]
    )


def _require_known(dimensions: Sequence[str], direct: DirectCosts, start: date, end: date) -> None:
    """Raise ``RunError`` for a dimension without cost: mistyped, it would leave everything out."""
    unknown = [name for name in dimensions if name not in direct.dimensions]
    if unknown and direct.dimensions:
        raise RunError(
            [
                Finding(
                    "unknown_name",
                    f"From {start} to {end} no cost is in the dimension {name!r}; there are "
                    f"{', '.join(direct.dimensions[:_NAMED])}"
                    f"{' and more' if len(direct.dimensions) > _NAMED else ''}.",
                    remedy=did_you_mean(name, direct.dimensions) or "Leave the dimension out.",
                    details={"dimension": name},
                )
                for name in unknown
            ]
        )


def _left_out(name: str, units: int, direct: DirectCosts) -> Finding:
    amount = decimal_text(units, direct.scale)
    return Finding(
        "dimension_left_out",
        f"The dimension {name!r} has {amount} {direct.currency} of cost and was left out.",
        severity=Severity.WARNING,
        details={"dimension": name, "amount": amount, "currency": direct.currency},
    )


def _nodes(model: Model, direct: DirectCosts) -> tuple[str, ...]:
    declared = {node.id for node in model.nodes}
    unknown = [name for name in direct.nodes if name not in declared]
    strangers = [name for name in unknown if not name.startswith(UNMAPPED)]
    if strangers:
        raise RunError(
            [
                Finding(
                    "unknown_node",
                    f"There is cost on {name!r}, which the model does not declare.",
                    remedy="Declare the node, or correct the cost's node.",
                    details={"node": name},
                )
                for name in strangers[:50]
            ]
        )
    return tuple(sorted(declared.union(unknown)))


def _variants(
    model: Model, strategies: Any, dimensions: Sequence[str]
) -> tuple[Uses, tuple[Variant, ...]]:
    """The distinct assignments of strategies to edges, and which dimensions have each."""
    typed: dict[str, Strategy] = dict(strategies)
    overridden = [index for index, edge in enumerate(model.edges) if edge.overrides]
    named = {
        override.dimension
        for index in overridden
        for override in model.edges[index].overrides
        if override.dimension is not None
    }
    # All dimensions that no override names are alike; a name no dimension can have stands for them.
    alike = [name for name in dimensions if name not in named]
    kinds = [*(["\0"] if alike else []), *(name for name in dimensions if name in named)]
    every = [edge.use for edge in model.edges]
    per_kind = [[model.edges[index].use_for(kind) for index in overridden] for kind in kinds]
    uses, codes = distinct_uses(typed, [*every, *(use for part in per_kind for use in part)])
    base, rest = codes[: len(every)], codes[len(every) :].reshape(len(kinds), len(overridden))
    grouped: dict[bytes, tuple[Integers, list[int]]] = {}
    for kind, own in zip(kinds, rest, strict=True):
        use = base.copy()
        use[overridden] = own
        members = alike if kind == "\0" else [kind]
        positions = [dimensions.index(name) for name in members]
        grouped.setdefault(use.tobytes(), (use, []))[1].extend(positions)
    variants = tuple(
        Variant(np.array(sorted(positions), dtype=np.int64), use)
        for use, positions in grouped.values()
    )
    return uses, variants


def _reordered(direct: DirectCosts, order: Integers) -> DirectCosts:
    return DirectCosts(
        direct.currency,
        direct.scale,
        direct.nodes,
        direct.dimensions,
        direct.node[order],
        direct.day[order],
        direct.dimension[order],
        direct.units[order],
        direct.findings,
    )
