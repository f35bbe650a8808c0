"""The reconciliation (`A18` to `A21`) and the hierarchy (`A25`), from an outcome's rows alone."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction

from oracle.declared import Declared
from oracle.recorded import half_away
from oracle.same_rounding import Outcome, levels

COVERAGE_DECIMALS = 6


@dataclass
class Figures:
    """All in units, but for ``coverage_percent``, which is in millionths of a percent.

    ``final`` maps a product to direct, indirect, holistic cost and days; ``partial`` a product to
    its residual; ``infrastructure`` a node to direct cost, given and retained; ``products`` a
    product to its part of the allocated cost.
    """

    raw_infrastructure_cost: int = 0
    product_direct_cost: int = 0
    allocated_product_cost: int = 0
    allocated_from_infrastructure: int = 0
    final_cost_centre_cost: int = 0
    partial_cost_centre_residual: int = 0
    unallocated_cost: int = 0
    coverage_percent: int = 0
    conservation_delta: int = 0
    final: dict[str, list[int]] = field(default_factory=dict)
    partial: dict[str, int] = field(default_factory=dict)
    infrastructure: dict[str, list[int]] = field(default_factory=dict)
    products: dict[str, int] = field(default_factory=dict)


def figures(outcome: Outcome) -> Figures:
    """Sum up a run that succeeded."""
    declared, found = outcome.declared, Figures()
    days_final: dict[str, set[date]] = defaultdict(set)
    for row in outcome.allocations:
        if declared.is_infrastructure(row.node):
            found.raw_infrastructure_cost += row.direct
            found.unallocated_cost += row.retained
            _add(found.infrastructure, row.node, [row.direct, row.given, row.retained])
            continue
        found.product_direct_cost += row.direct
        counts = True
        if gives_to_a_product(declared, row.node, row.date):
            found.partial_cost_centre_residual += row.retained
            if row.retained:
                found.partial[row.node] = found.partial.get(row.node, 0) + row.retained
            if declared.residual == "unallocated":
                found.unallocated_cost += row.retained
                counts = False
        else:
            found.final_cost_centre_cost += row.holistic
            days_final[row.node].add(row.date)
            _add(found.final, row.node, [row.direct, row.indirect, row.holistic])
        if counts:
            found.allocated_product_cost += row.retained
            found.products[row.node] = found.products.get(row.node, 0) + row.retained
    for node, days in days_final.items():
        found.final[node].append(len(days))
    found.allocated_from_infrastructure = from_infrastructure(outcome)
    raw = found.raw_infrastructure_cost
    if raw > 0:
        share = Fraction(100 * found.allocated_from_infrastructure, raw)
        found.coverage_percent = half_away(share * 10**COVERAGE_DECIMALS)
    found.conservation_delta = (
        raw + found.product_direct_cost - found.allocated_product_cost - found.unallocated_cost
    )
    return found


def _add(sums: dict[str, list[int]], key: str, values: list[int]) -> None:
    known = sums.setdefault(key, [0] * len(values))
    sums[key] = [one + other for one, other in zip(known, values, strict=True)]


def gives_to_a_product(declared: Declared, node: str, day: date) -> bool:
    """Whether a product is no final cost centre on a day (`A19`)."""
    return any(
        edge.source == node and not declared.is_infrastructure(edge.receiver)
        for edge in declared.active(day)
    )


def from_infrastructure(outcome: Outcome) -> int:
    """The part of the allocated cost that began on infrastructure, by following it (`A21`).

    Money has no colour: what a node hands on and what it keeps hold infrastructure cost in the
    same proportion as the node does. A node with 0 in all hands nothing on and keeps its mixture.
    """
    declared = outcome.declared
    rows = {(row.node, row.date, row.dimension): row for row in outcome.allocations}
    level = {day: levels(declared.active(day)) for day in {row.date for row in rows.values()}}
    began: dict[tuple[str, date, str], Fraction] = {
        key: Fraction(row.direct if declared.is_infrastructure(row.node) else 0)
        for key, row in rows.items()
    }
    total = Fraction(0)
    outgoing = defaultdict(list)
    for each in outcome.contributions:
        outgoing[each.source, each.date, each.dimension].append(each)
    for key in sorted(rows, key=lambda key: (key[1], key[2], level[key[1]].get(key[0], 0))):
        row, own = rows[key], began[key]
        if row.holistic:
            for each in outgoing[key]:
                if each.amount:
                    part = own * Fraction(each.amount, row.holistic)
                    began[each.receiver, each.date, each.dimension] += part
            own = own * Fraction(row.retained, row.holistic)
        if not declared.is_infrastructure(row.node) and not (
            declared.residual == "unallocated" and gives_to_a_product(declared, row.node, row.date)
        ):
            total += own
    return half_away(total)


def subtree_sums(declared: Declared, products: Mapping[str, int]) -> dict[str, int]:
    """For each declared node, what it and everything below it in ``part_of`` hold (`A25`)."""
    below: dict[str, set[str]] = {node: {node} for node in declared.nodes}
    for _ in declared.nodes:
        for node, about in declared.nodes.items():
            for parent in part_of(about):
                below[parent] |= below[node]
    return {node: sum(products.get(each, 0) for each in below[node]) for node in below}


def part_of(about: Mapping[str, object]) -> list[str]:
    """The headings above a node."""
    above = about.get("part_of") or []
    return [above] if isinstance(above, str) else list(above)  # type: ignore[call-overload]


def longest_way(declared: Declared, start: date, end: date) -> int:
    """The most edges that cost can take on one day."""
    days = (start + timedelta(offset) for offset in range((end - start).days + 1))
    return max((max(levels(declared.active(day)).values(), default=0) for day in days), default=0)
