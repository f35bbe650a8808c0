"""The forest of products by what they are part of, with the cost of each and of all below it.

Every product of the model stands in it, with cost or without. One that is part of several stands
below each of them, the first time with its parts; its cost is summed once (`A25`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from apportion.findings import QUESTION, Finding, UsageError
from apportion.model import Model, NodeType
from apportion.model.spelling import did_you_mean
from apportion.reconcile.exact import minus, total, zero
from apportion.reconcile.facts import UNMAPPED, window_rows
from apportion.reconcile.hierarchy import HierarchyRow, roll_up
from apportion.reconcile.reconciliation import Reconciliation
from apportion.report.edges import seen_windows
from apportion.report.listing import Wanted, filtered

FIGURES = ("direct_cost", "indirect_cost", "holistic_cost", "given_cost", "retained_cost")
"""What a node had itself, received, had in all, gave on and kept (`A17`)."""


@dataclass(frozen=True, slots=True)
class ProductNode:
    """A product where it stands, with ``children``, the dearest first.

    ``own_cost`` is the part of ``retained_cost`` that counts as allocated to it (`A19`), and
    ``subtree_cost`` that of it and of all below it, each product once. ``again`` says that it
    stands elsewhere before, and there has its children.
    """

    id: str
    name: str
    direct_cost: Decimal
    indirect_cost: Decimal
    holistic_cost: Decimal
    given_cost: Decimal
    retained_cost: Decimal
    own_cost: Decimal
    subtree_cost: Decimal
    again: bool
    children: tuple["ProductNode", ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """The whole result in figures, each summed from rows for itself, and how large it is.

    ``coverage_percent`` is none where only some nodes are to be seen. Nodes and products are those
    of the model, edges those that are active on some day. Final cost centres are the products that
    gave to no other on some day with cost; ``days`` counts the days with any.
    """

    allocated_product_cost: Decimal
    raw_infrastructure_cost: Decimal
    product_direct_cost: Decimal
    unallocated_cost: Decimal
    coverage_percent: Decimal | None
    product_count: int
    node_count: int
    edge_count: int
    final_cost_centre_count: int
    days: int


@dataclass(frozen=True, slots=True)
class ProductForest:
    """The products that were asked for, and the figures of the whole result beside them.

    ``total_cost`` is what all products of the forest keep, each once. ``outside`` are the ids of
    products with cost that no root leads to.
    """

    start: date
    end: date
    currency: str
    roots: tuple[ProductNode, ...]
    total_cost: Decimal
    summary: Summary
    outside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrendDay:
    """A product's cost on one day."""

    date: date
    holistic_cost: Decimal
    retained_cost: Decimal


Trends = Mapping[str, Sequence[TrendDay]]

_SUMS = """
WITH marked AS (
    SELECT a.*, EXISTS (
        SELECT 1 FROM report_windows AS w
        WHERE w.source = a.node AND a.date BETWEEN w.first AND w.last
    ) AS giving
    FROM report_allocations AS a
)
SELECT node, giving, sum(direct), sum(indirect), sum(holistic), sum(given), sum(retained)
FROM marked
GROUP BY node, giving
"""

_DAYS = "SELECT count(DISTINCT date) FROM report_allocations"


@dataclass(slots=True)
class _Sums:
    """A node's figures over the period; ``final`` says that it gave to no product on some day."""

    figures: list[Decimal]
    own: list[Decimal] = field(default_factory=list)
    final: bool = False


def hierarchy(
    connection: duckdb.DuckDBPyConnection,
    model: Model,
    wanted: Wanted,
    currency: str,
    scale: int,
    proof: Reconciliation | None = None,
) -> ProductForest:
    """Lay out the products of a result; of named ``wanted.nodes`` each with what is below it.

    ``proof`` is that of the same rows, from which coverage is taken: what of a product's cost began
    on infrastructure is told by all rows together. Where only some nodes are to be seen there is
    none. Raises ``UsageError`` (``unknown_name``) where a name is no product's.
    """
    everywhere = Wanted(wanted.start, wanted.end, dimensions=wanted.dimensions)
    windows = window_rows(model, wanted.start, wanted.end)
    products = {node.id for node in model.nodes if not node.is_infrastructure}
    # On which days infrastructure gives matters to nobody here, and it has most of the edges.
    giving = windows.filter(pc.is_in(windows["source"], pa.array(sorted(products), pa.string())))
    with filtered(connection, everywhere, report_windows=giving):
        sums = _read(connection, model, products, scale)
        days = connection.execute(_DAYS).fetchall()[0][0]
    kept = {node: total(each.own, scale) for node, each in sums.items() if node in products}
    rolled = roll_up(model, kept, scale)
    rows = {row.id: row for row in rolled.rows}
    _require_products(wanted.nodes, rows)
    roots, met = _forest(rows, sums, wanted.nodes or _dearest_first(rolled.roots, rows), scale)
    whole = _totals(model, products, sums, kept, scale)
    return ProductForest(
        wanted.start,
        wanted.end,
        currency,
        roots,
        total((rows[product].own for product in met), scale),
        Summary(
            *whole,
            None if proof is None else proof.coverage_percent,
            len(model.nodes) - sum(node.is_infrastructure for node in model.nodes),
            len(model.nodes),
            seen_windows(model, wanted).num_rows,
            sum(sums[node].final for node in kept),
            days,
        ),
        () if wanted.nodes else tuple(sorted(kept.keys() - met)),
    )


def _read(
    connection: duckdb.DuckDBPyConnection, model: Model, products: set[str], scale: int
) -> dict[str, _Sums]:
    residual_counts = model.settings.residual != "unallocated"
    sums: dict[str, _Sums] = {}
    for node, giving, *figures in connection.execute(_SUMS).fetchall():
        found = sums.setdefault(node, _Sums([zero(scale)] * len(FIGURES)))
        found.figures = [total(each, scale) for each in zip(found.figures, figures, strict=True)]
        if node in products and (residual_counts or not giving):
            found.own.append(figures[-1])
        found.final |= not giving
    return sums


def _totals(
    model: Model,
    products: set[str],
    sums: Mapping[str, _Sums],
    kept: Mapping[str, Decimal],
    scale: int,
) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    """Allocated, raw, products' own bills, unallocated (`A18`-`A20`)."""
    declared = {node.id for node in model.nodes}
    others = [node for node in sums if node not in products]
    infrastructure = [sums[node].figures for node in others if _is_counted(node, declared)]
    held = [sums[node].figures for node in sums if node in products]
    allocated = total(kept.values(), scale)
    residual = minus(total((figures[-1] for figures in held), scale), allocated)
    return (
        allocated,
        total((figures[0] for figures in infrastructure), scale),
        total((figures[0] for figures in held), scale),
        total([*(figures[-1] for figures in infrastructure), residual], scale),
    )


def _is_counted(node: str, declared: set[str]) -> bool:
    return node in declared or node.startswith(UNMAPPED)


def _require_products(names: Sequence[str], known: Mapping[str, HierarchyRow]) -> None:
    findings = [
        Finding(
            "unknown_name",
            f"There is no product {name!r}.",
            remedy=did_you_mean(name, known),
            details={"node": name},
        )
        for name in names
        if name not in known
    ]
    if findings:
        raise UsageError(findings)


def _dearest_first(ids: Iterable[str], rows: Mapping[str, HierarchyRow]) -> list[str]:
    return sorted(ids, key=lambda each: (rows[each].subtree.copy_negate(), each))


def _forest(
    rows: Mapping[str, HierarchyRow], sums: Mapping[str, _Sums], starts: Sequence[str], scale: int
) -> tuple[tuple[ProductNode, ...], set[str]]:
    """The trees below some products, and all ids in them.

    There is no recursion, for a chain of products may be long: the places are walked from the top,
    and the nodes made from the last one back, so that the children are there before their parent.
    """
    seen: set[str] = set()
    places: list[tuple[str, int, bool]] = []
    for start in starts:
        waiting = [(start, -1)]
        while waiting:
            product, parent = waiting.pop()
            again = product in seen
            places.append((product, parent, again))
            if not again:
                seen.add(product)
                parts = _dearest_first(rows[product].parts, rows)
                waiting += [(part, len(places) - 1) for part in reversed(parts)]
    children: list[list[ProductNode]] = [[] for _ in places]
    roots: list[ProductNode] = []
    for place in reversed(range(len(places))):
        product, parent, again = places[place]
        made = _node(
            rows[product], sums.get(product), scale, tuple(children[place][::-1]), again=again
        )
        (roots if parent < 0 else children[parent]).append(made)
    return tuple(roots[::-1]), seen


def _node(
    row: HierarchyRow,
    sums: _Sums | None,
    scale: int,
    children: tuple[ProductNode, ...],
    *,
    again: bool,
) -> ProductNode:
    figures = sums.figures if sums else [zero(scale)] * len(FIGURES)
    direct, indirect, holistic, given, retained = figures
    return ProductNode(
        row.id,
        row.name,
        direct,
        indirect,
        holistic,
        given,
        retained,
        row.own,
        row.subtree,
        again,
        children,
    )


_TREND = """
SELECT node, date, sum(holistic), sum(retained)
FROM report_allocations
GROUP BY node, date
ORDER BY node, date
"""


def trends(connection: duckdb.DuckDBPyConnection, model: Model, wanted: Wanted) -> Trends:
    """What each product had and kept on each day on which it had cost, by product."""
    known = {node.id for node in model.nodes if node.type is NodeType.PRODUCT}
    days = Wanted(wanted.start, wanted.end, dimensions=wanted.dimensions)
    with filtered(connection, days):
        rows = connection.execute(_TREND).fetchall()
    found: dict[str, list[TrendDay]] = {}
    for node, day, holistic, retained in rows:
        if node in known:
            found.setdefault(node, []).append(TrendDay(day, holistic, retained))
    return found


OF_INFRASTRUCTURE = ("raw_infrastructure_cost", "unallocated_cost")
"""Figures of a summary that infrastructure's rows tell."""

DEEPEST = 200
"""Levels of a tree that can be given as nested objects; few programs read many more."""


def as_data(
    found: ProductForest, warnings: Sequence[str], trends: Trends | None = None
) -> dict[str, Any]:
    """The forest for programs; ``warnings`` are those of ``sanity``, ``trends`` a day's figures.

    Where only some nodes are to be seen, what all infrastructure cost and kept is unknown, and so
    is whether the figures can be right where nothing speaks against them.

    Raises ``UsageError`` (``invalid_argument``) where it has more levels than ``DEEPEST``.
    """
    _require_shallow(found.roots)
    summary = asdict(found.summary)
    sees_all = found.summary.coverage_percent is not None
    if not sees_all:
        summary |= dict.fromkeys(OF_INFRASTRUCTURE)
    return {
        "start_date": found.start,
        "end_date": found.end,
        "currency": found.currency,
        "total_cost": found.total_cost,
        "products": [_tree(root, trends) for root in found.roots],
        "summary": {
            **summary,
            "sanity_check_passed": None if not (warnings or sees_all) else not warnings,
            "sanity_check_warnings": list(warnings),
        },
    }


def _require_shallow(roots: Sequence[ProductNode]) -> None:
    level, levels = list(roots), 0
    while level:
        level, levels = [child for node in level for child in node.children], levels + 1
    if levels > DEEPEST:
        message = f"The hierarchy has {levels:,} levels; as a tree at most {DEEPEST} can be given."
        remedy = "Ask for the list of products, or name a product further down."
        raise UsageError([Finding("invalid_argument", message, QUESTION, remedy)])


def _tree(root: ProductNode, trends: Trends | None) -> dict[str, Any]:
    """A tree, made from the top down without recursion."""
    made = _one(root, trends)
    waiting = [(root, made)]
    while waiting:
        node, data = waiting.pop()
        data["children"] = [_one(child, trends) for child in node.children]
        waiting += zip(node.children, data["children"], strict=True)
    return made


def _one(node: ProductNode, trends: Trends | None) -> dict[str, Any]:
    data: dict[str, Any] = {
        "id": node.id,
        "name": node.name,
        **{name: getattr(node, name) for name in FIGURES},
        "own_cost": node.own_cost,
        "subtree_cost": node.subtree_cost,
        "again": node.again,
    }
    if trends is not None:
        data["trend"] = [
            {
                "date": day.date,
                "holistic_cost": day.holistic_cost,
                "retained_cost": day.retained_cost,
            }
            for day in trends.get(node.id, ())
        ]
    return data
