"""What each product costs, by itself and with all that is part of it (`A25`)."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from apportion.findings import Finding, UsageError
from apportion.model import Model, NodeType
from apportion.model.spelling import did_you_mean
from apportion.reconcile.exact import total, zero
from apportion.reconcile.facts import window_rows
from apportion.reconcile.hierarchy import Hierarchy, HierarchyRow, Subtrees, roll_up
from apportion.report.csv_text import Lines
from apportion.report.figures import Figures, percent_text, percent_units
from apportion.report.listing import Wanted, filtered


@dataclass(frozen=True, slots=True)
class ProductLine:
    """A product where it stands in the hierarchy.

    ``depth`` counts from 0 at a root. ``holistic`` is the full cost of the product, ``given`` what
    it passed on to others, ``own`` what it keeps and is allocated to it, ``subtree`` that and all
    that is kept below it. What ends in ``_shown``, and ``percent`` (of all products), are texts,
    rounded such that every subtree is the sum of its parts. ``again`` says that an earlier line
    shows the product already: it is part of several, and counted once.
    """

    id: str
    name: str
    depth: int
    part_of: tuple[str, ...]
    holistic: Decimal
    given: Decimal
    own: Decimal
    subtree: Decimal
    holistic_shown: str
    given_shown: str
    own_shown: str
    subtree_shown: str
    percent: str
    again: bool


@dataclass(frozen=True, slots=True)
class ServingProduct:
    """A product that is infrastructure: what it keeps is unallocated (`A4`, `A20`)."""

    id: str
    name: str
    holistic: Decimal
    given: Decimal
    retained: Decimal
    holistic_shown: str
    given_shown: str
    retained_shown: str


@dataclass(frozen=True, slots=True)
class Products:
    """All products, in the order of the hierarchy, the dearest first.

    ``total`` is what they keep; of all products and dimensions it is allocated product cost.
    ``total_lines`` counts the lines before they were cut at the limit, ``others_shown`` is what the
    products keep that were cut off. ``serving`` are the products that are infrastructure; they
    have a line only above a product that is none.

    Of the products asked for, ``without_cost`` had none, ``kept_nothing`` had some and kept
    nothing of it, and what ``kept_unallocated`` kept counts as unallocated, as the settings say.
    """

    start: date
    end: date
    currency: str
    total: Decimal
    total_shown: str
    lines: tuple[ProductLine, ...]
    total_lines: int
    others_shown: str
    serving: tuple[ServingProduct, ...]
    without_cost: tuple[str, ...]
    kept_nothing: tuple[str, ...]
    kept_unallocated: tuple[str, ...]


_OWN = """
WITH marked AS (
    SELECT a.node, a.holistic, a.given, a.retained,
           getvariable('report_residual_counts') OR NOT EXISTS (
        SELECT 1 FROM report_windows AS w
        WHERE w.source = a.node AND a.date BETWEEN w.first AND w.last
    ) AS counts
    FROM report_allocations AS a
)
SELECT node, sum(holistic) AS holistic, sum(given) AS given, sum(retained) AS retained,
       sum(CASE WHEN counts THEN retained ELSE 0 END) AS own,
       bool_or(NOT counts AND retained <> 0) AS kept_unallocated
FROM marked
GROUP BY node
"""


@dataclass(frozen=True, slots=True)
class _Cost:
    """What a product had (`A17`), and what of the rest is allocated to it (`A19`)."""

    holistic: Decimal
    given: Decimal
    retained: Decimal
    own: Decimal
    kept_unallocated: bool


def products(
    connection: duckdb.DuckDBPyConnection,
    model: Model,
    wanted: Wanted,
    currency: str,
    scale: int,
) -> Products:
    """Lay out the products of a result; of named ``wanted.nodes`` each with what is below it.

    Raises ``UsageError`` where a name is no product's.
    """
    costs = _costs(connection, model, wanted)
    serving = {node.id for node in model.nodes if node.is_infrastructure}
    own = {product: cost.own for product, cost in costs.items() if product not in serving}
    hierarchy = roll_up(model, own, scale)
    rows = {row.id: row for row in hierarchy.rows}
    _require_products(wanted.nodes, rows, model)
    layout = _layout(hierarchy, Figures(currency, scale), costs, serving)
    lines = layout.lines(wanted.nodes or (*hierarchy.roots, *hierarchy.rootless))
    shown = lines if wanted.limit is None else lines[: wanted.limit]
    there = {line.id: line.own for line in lines}
    others = there.keys() - {line.id for line in shown}
    ours = [product for product in there if product not in serving]
    had_cost = [product for product in ours if product in costs and not costs[product].own]
    return Products(
        wanted.start,
        wanted.end,
        currency,
        total(there.values(), scale),
        layout.shown(there),
        tuple(shown),
        len(lines),
        layout.shown(others),
        _serving(layout, wanted.nodes or sorted(serving & rows.keys())),
        tuple(product for product in ours if product not in costs),
        tuple(product for product in had_cost if not costs[product].kept_unallocated),
        tuple(product for product in had_cost if costs[product].kept_unallocated),
    )


def _costs(
    connection: duckdb.DuckDBPyConnection, model: Model, wanted: Wanted
) -> Mapping[str, _Cost]:
    """What each product with cost had, gave and kept."""
    counts = model.settings.residual != "unallocated"
    windows = window_rows(model, wanted.start, wanted.end) if not counts else _NO_WINDOWS
    named = {node.id for node in model.nodes if node.type is NodeType.PRODUCT}
    everywhere = Wanted(wanted.start, wanted.end, dimensions=wanted.dimensions)
    with filtered(connection, everywhere, report_windows=windows):
        connection.execute("SET VARIABLE report_residual_counts = ?", [counts])
        rows = connection.execute(_OWN).fetchall()
        connection.execute("RESET VARIABLE report_residual_counts")
    return {node: _Cost(*figures) for node, *figures in rows if node in named}


def _serving(layout: "_Layout", ids: Iterable[str]) -> tuple[ServingProduct, ...]:
    """The products that are infrastructure, the dearest first."""
    found = [layout.serving_product(product) for product in ids if product in layout.serving]
    return tuple(sorted(found, key=lambda each: (each.holistic.copy_negate(), each.id)))


_NO_WINDOWS = pa.Table.from_batches(
    [], pa.schema([("source", pa.string()), ("first", pa.date32()), ("last", pa.date32())])
)


def _require_products(
    names: Sequence[str], known: Mapping[str, HierarchyRow], model: Model
) -> None:
    others = {node.id for node in model.nodes}
    findings = [
        Finding(
            "unknown_name",
            f"There is no product {name!r}.",
            remedy=f"It is infrastructure: apportion show nodes --node {shlex.quote(name)}"
            if name in others
            else did_you_mean(name, known),
        )
        for name in names
        if name not in known
    ]
    if findings:
        raise UsageError(findings)


def _layout(
    hierarchy: Hierarchy, figures: Figures, costs: Mapping[str, _Cost], serving: AbstractSet[str]
) -> "_Layout":
    own = [row.own for row in hierarchy.rows]
    ids = [row.id for row in hierarchy.rows]
    subtrees = Subtrees({row.id: row.parts for row in hierarchy.rows})

    def below(values: Iterable[int]) -> Mapping[str, int]:
        return subtrees.sums(dict(zip(ids, values, strict=True)), sum)

    rounded = figures.rounded(own)
    percents = percent_units(own, hierarchy.total)
    return _Layout(
        {row.id: row for row in hierarchy.rows},
        figures,
        costs,
        serving,
        dict(zip(ids, rounded, strict=True)),
        below(int(product not in serving) for product in ids),
        below(rounded),
        None if percents is None else below(percents),
    )


@dataclass(frozen=True, slots=True)
class _Layout:
    rows: Mapping[str, HierarchyRow]
    figures: Figures
    costs: Mapping[str, _Cost]
    serving: AbstractSet[str]
    rounded: Mapping[str, int]
    served_below: Mapping[str, int]
    rounded_below: Mapping[str, int]
    percents_below: Mapping[str, int] | None

    def lines(self, roots: Sequence[str]) -> list[ProductLine]:
        """Walk from the roots down. There is no recursion: a chain of products may be long."""

        def dearest_first(ids: Sequence[str]) -> list[str]:
            return sorted(
                (product for product in ids if self.served_below[product]),
                key=lambda product: (
                    self.rows[product].subtree.copy_negate(),
                    self._cost(product).holistic.copy_negate(),
                    product,
                ),
            )

        found: list[ProductLine] = []
        seen: set[str] = set()
        waiting = [(product, 0) for product in reversed(dearest_first(roots))]
        while waiting:
            product, depth = waiting.pop()
            found.append(self._line(product, depth, again=product in seen))
            if product not in seen:
                seen.add(product)
                parts = dearest_first(self.rows[product].parts)
                waiting += [(part, depth + 1) for part in reversed(parts)]
        return found

    def shown(self, ids: Iterable[str]) -> str:
        """What some products keep, as the sum of their shown figures."""
        return self.figures.text(sum(self.rounded[product] for product in ids))

    def serving_product(self, product: str) -> ServingProduct:
        """A product that is infrastructure; what it had is shown as the sum of the other two."""
        cost = self._cost(product)
        given, retained = self.figures.rounded([cost.given, cost.retained])
        return ServingProduct(
            product,
            self.rows[product].name,
            cost.holistic,
            cost.given,
            cost.retained,
            *map(self.figures.text, (given + retained, given, retained)),
        )

    def _cost(self, product: str) -> _Cost:
        nothing = zero(self.figures.scale)
        return self.costs.get(product) or _Cost(
            nothing, nothing, nothing, nothing, kept_unallocated=False
        )

    def _line(self, product: str, depth: int, *, again: bool) -> ProductLine:
        row, percents = self.rows[product], self.percents_below
        cost = self._cost(product)
        kept = self.rounded[product]
        if cost.own != cost.retained:
            kept = self.figures.rounded([cost.retained])[0]
        given = self.figures.rounded([cost.given])[0]
        return ProductLine(
            product,
            row.name,
            depth,
            row.part_of,
            cost.holistic,
            cost.given,
            row.own,
            row.subtree,
            self.figures.text(kept + given),
            self.figures.text(given),
            self.shown([product]),
            self.figures.text(self.rounded_below[product]),
            "" if percents is None else percent_text(percents[product]),
            again,
        )


SHOWN = (
    *("holistic_shown", "given_shown", "own_shown", "subtree_shown", "retained_shown"),
    "percent",
)


def as_data(found: Products) -> dict[str, Any]:
    """All figures exactly, without what is rounded for people."""
    return {
        "start_date": found.start,
        "end_date": found.end,
        "currency": found.currency,
        "total": found.total,
        "total_lines": found.total_lines,
        "products": [_exact(line) for line in found.lines],
        "infrastructure": [_exact(each) for each in found.serving],
        "without_cost": found.without_cost,
        "kept_nothing": found.kept_nothing,
        "kept_unallocated": found.kept_unallocated,
    }


def _exact(line: ProductLine | ServingProduct) -> dict[str, Any]:
    return {name: value for name, value in asdict(line).items() if name not in SHOWN}


def flat(found: Products) -> Lines:
    """The lines of the hierarchy; ``again`` marks those that a sum must leave out."""
    names = (
        *("id", "name", "depth", "part_of", "holistic", "given", "own", "subtree", "currency"),
        *("again", "start_date", "end_date"),
    )
    rows = (
        (
            line.id,
            line.name,
            line.depth,
            ";".join(line.part_of),
            line.holistic,
            line.given,
            line.own,
            line.subtree,
            found.currency,
            str(line.again).lower(),
            found.start,
            found.end,
        )
        for line in found.lines
    )
    return names, rows
