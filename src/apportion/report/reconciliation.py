"""What came in, where it went, what is left and why: a proof as people in finance read it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from apportion.model import Model
from apportion.reconcile.exact import total
from apportion.reconcile.invariants import CHECKS
from apportion.reconcile.reasons import RESIDUAL
from apportion.reconcile.reconciliation import Reconciliation
from apportion.report.figures import Figures, alone, percent_text, percent_units

NODES_BY_REASON = 3
"""Nodes named for each reason why cost is unallocated; the others are counted."""

TOP_PRODUCTS = 10
"""Products named; the others are summed."""


@dataclass(frozen=True, slots=True)
class Line:
    """A label, its exact amount, the amount as shown.

    ``percent`` is filled of parts of a whole, ``id`` of products.
    """

    label: str
    amount: Decimal
    shown: str
    percent: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why cost stayed unallocated: the amount, and the nodes that hold most of it."""

    line: Line
    nodes: tuple[Line, ...]
    other_nodes: int


@dataclass(frozen=True, slots=True)
class Statement:
    """A reconciliation as a statement: both sides sum to the same total.

    ``came_in`` and ``went_to`` are the two sides, ``allocated`` what the first line of ``went_to``
    is made of, ``partial`` the names of the products that it says give on the rest. ``skipped`` are
    the checks that could not be made. ``proven`` says that the difference is exactly 0 and every
    check held.
    """

    name: str
    start: date
    end: date
    currency: str
    came_in: tuple[Line, ...]
    went_to: tuple[Line, ...]
    allocated: tuple[Line, ...]
    total_in: str
    total_out: str
    coverage: str
    reasons: tuple[Reason, ...]
    left_out: tuple[Line, ...]
    products: tuple[Line, ...]
    other_products: int
    delta: Decimal
    proven: bool
    checks: int
    rows_checked: int
    skipped: tuple[str, ...]
    partial: tuple[str, ...]


def statement(proof: Reconciliation, model: Model, scale: int) -> Statement:
    """Lay out a reconciliation whose amounts have ``scale`` decimals."""
    figures = Figures(proof.currency, scale)
    names = {node.id: node.name or node.id for node in model.nodes}
    made = {check.name for check in proof.checks}
    came_in, into = _sides(
        figures,
        {
            "Infrastructure": proof.raw_infrastructure_cost,
            "Products' own bills": proof.product_direct_cost,
        },
    )
    went_to, out = _sides(
        figures,
        {"Products": proof.allocated_product_cost, "Unallocated": proof.unallocated_cost},
    )
    # Where the proof fails the parts need not sum to what they are parts of.
    allocated, unallocated = out if proof.holds else (None, None)
    by_kind = _allocated(proof, figures, allocated)
    top, others = _products(proof, figures, names, allocated)
    return Statement(
        model.settings.name,
        proof.start_date,
        proof.end_date,
        proof.currency,
        came_in,
        went_to,
        by_kind,
        figures.text(sum(into)),
        figures.text(sum(out)),
        alone(proof.coverage_percent),
        _reasons(proof, figures, unallocated),
        _lines(figures, _largest_first(proof.left_out))[0] if proof.left_out else (),
        top,
        others,
        proof.conservation_delta,
        proof.holds,
        len(proof.checks),
        sum(check.rows_seen for check in proof.checks),
        tuple(each for each in (check.__name__ for check in CHECKS) if each not in made),
        _partial(proof) if by_kind else (),
    )


def _lines(
    figures: Figures, amounts: Mapping[str, Decimal], total: int | None = None
) -> tuple[tuple[Line, ...], list[int]]:
    """A line per label, rounded together, and the rounded figures themselves."""
    rounded = figures.rounded(amounts.values(), total)
    lines = tuple(
        Line(label, amount, figures.text(shown))
        for (label, amount), shown in zip(amounts.items(), rounded, strict=True)
    )
    return lines, rounded


def _sides(figures: Figures, amounts: Mapping[str, Decimal]) -> tuple[tuple[Line, ...], list[int]]:
    """Two lines under their total, which with the first is rounded as on every other page.

    The second is what is left of the total, at most one unit beside its own amount.
    """
    first, second = amounts.values()
    whole, (plain,) = sum(figures.rounded([first, second])), figures.rounded([first])
    exact = Fraction(second) * 10**figures.decimals
    if not floor(exact) <= whole - plain <= ceil(exact):
        return _lines(figures, amounts)
    lines = tuple(
        Line(label, amount, figures.text(shown))
        for (label, amount), shown in zip(amounts.items(), (plain, whole - plain), strict=True)
    )
    return lines, [plain, whole - plain]


def _allocated(proof: Reconciliation, figures: Figures, shown: int | None) -> tuple[Line, ...]:
    """What is allocated, by where it stopped; nothing where it all stopped at final centres."""
    residual = proof.partial_cost_centre_residual
    if residual == 0 or proof.allocated_product_cost == proof.final_cost_centre_cost:
        return ()
    amounts = {
        "kept by final cost centres": proof.final_cost_centre_cost,
        "kept by products that give on the rest": residual,
    }
    return _lines(figures, amounts, shown)[0]


def _partial(proof: Reconciliation) -> tuple[str, ...]:
    """The products that give on a part of their cost, those that keep most first."""
    names = {each.id: each.name for each in proof.partial_cost_centres}
    kept = _largest_first({each.id: each.residual for each in proof.partial_cost_centres})
    return tuple(names[product] for product in kept)


def _reasons(proof: Reconciliation, figures: Figures, shown: int | None) -> tuple[Reason, ...]:
    amounts = _largest_first(proof.unallocated_by_reason)
    if not amounts:
        return ()
    lines, rounded = _lines(figures, amounts, shown)
    return tuple(
        _reason(proof, figures, line, None if shown is None else each)
        for line, each in zip(lines, rounded, strict=True)
    )


def _reason(proof: Reconciliation, figures: Figures, line: Line, shown: int | None) -> Reason:
    kept = _largest_first(
        {each.id: each.residual for each in proof.partial_cost_centres}
        if line.label == RESIDUAL
        else {
            node.id: node.retained_by_reason[line.label]
            for node in proof.infrastructure_nodes
            if line.label in node.retained_by_reason
        }
    )
    nodes = _lines(figures, kept, shown)[0] if kept else ()
    return Reason(line, nodes[:NODES_BY_REASON], max(len(nodes) - NODES_BY_REASON, 0))


def _largest_first(amounts: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Charges and credits alike by their size, names where two have the same."""
    order = sorted(amounts, key=lambda name: (amounts[name].copy_abs().copy_negate(), name))
    return {name: amounts[name] for name in order}


def _products(
    proof: Reconciliation, figures: Figures, names: Mapping[str, str], shown: int | None
) -> tuple[tuple[Line, ...], int]:
    """The products that hold most, and all others in one line; they sum to what is allocated."""
    costs = {product: cost for product, cost in proof.product_costs.items() if cost != 0}
    if not costs:
        return (), 0
    order = sorted(costs, key=lambda product: (costs[product].copy_negate(), product))
    amounts = [costs[product] for product in order]
    rounded = figures.rounded(amounts, shown)
    percents = percent_units(amounts, proof.allocated_product_cost)
    top = slice(0, TOP_PRODUCTS if len(order) > TOP_PRODUCTS + 1 else len(order))
    rest = slice(top.stop, None)
    lines = [
        Line(
            names.get(product, product),
            costs[product],
            figures.text(each),
            "" if percents is None else percent_text(percents[place]),
            product,
        )
        for place, (product, each) in enumerate(zip(order[top], rounded[top], strict=True))
    ]
    others = len(order[rest])
    if others:
        lines.append(
            Line(
                f"{others} others",
                total(amounts[rest], figures.scale),
                figures.text(sum(rounded[rest])),
                "" if percents is None else percent_text(sum(percents[rest])),
            )
        )
    return tuple(lines), others
