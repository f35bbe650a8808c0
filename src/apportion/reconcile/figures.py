"""The figures of `A18` to `A21`, from the sums of nodes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import pyarrow as pa

from apportion.amounts import decimal_text
from apportion.reconcile.evidence import Evidence
from apportion.reconcile.exact import minus, total
from apportion.reconcile.origin import residual_of_own_bills
from apportion.reconcile.reasons import RESIDUAL, ByReason
from apportion.reconcile.reconciliation import (
    FinalCostCentre,
    InfrastructureNode,
    PartialCostCentre,
)
from apportion.reconcile.sums import NodeSums

COVERAGE_DECIMALS = 6

_TO_PRODUCTS = """
SELECT coalesce(sum(f.amount), 0)
FROM proof_flows AS f
JOIN proof_nodes AS s ON s.node = f.source AND s.infrastructure
JOIN proof_nodes AS r ON r.node = f.receiver AND NOT r.infrastructure
"""

_BY_DAY = """
SELECT a.date, a.node, sum(a.direct) AS direct, sum(a.indirect) AS indirect,
       sum(a.holistic) AS holistic
FROM proof_allocations AS a
JOIN proof_nodes AS n ON n.node = a.node AND NOT n.infrastructure
LEFT JOIN proof_giving AS g ON g.node = a.node AND a.date BETWEEN g.first AND g.last
WHERE g.node IS NULL
GROUP BY a.date, a.node
ORDER BY a.date, a.node
"""


@dataclass(frozen=True, slots=True)
class Totals:
    """The totals of a period, each summed for itself."""

    raw: Decimal
    product_direct: Decimal
    allocated: Decimal
    from_infrastructure: Decimal
    final: Decimal
    residual: Decimal
    unallocated: Decimal
    unallocated_by_reason: Mapping[str, Decimal]

    @property
    def delta(self) -> Decimal:
        """What is neither allocated nor unallocated: exactly 0, or the run has failed (`A20`)."""
        return minus(self.raw, minus(self.allocated, self.product_direct), self.unallocated)

    def coverage(self) -> Decimal:
        """The percentage of infrastructure cost that reached products, 0 without any (`A21`)."""
        if self.raw <= 0:
            return Decimal((0, (0,), -COVERAGE_DECIMALS))
        percent = 100 * Fraction(self.from_infrastructure) / Fraction(self.raw)
        units = abs(percent) * 10**COVERAGE_DECIMALS
        rounded = (2 * units.numerator + units.denominator) // (2 * units.denominator)
        return Decimal(decimal_text(-rounded if percent < 0 else rounded, COVERAGE_DECIMALS))


def totals(evidence: Evidence, reasons: Mapping[str, ByReason]) -> Totals:
    """Sum up the period. ``reasons`` is what infrastructure kept, by node."""
    sums, scale = evidence.sums, evidence.scale
    residual = total((each.retained for each in sums.products if each.giving), scale)
    kept = total((each.retained for each in sums.infrastructure), scale)
    by_reason = _by_reason(reasons.values(), scale)
    if not sums.residual_is_allocated and residual != 0:
        by_reason[RESIDUAL] = residual
    return Totals(
        raw=total((each.direct for each in sums.infrastructure), scale),
        product_direct=total((each.direct for each in sums.products), scale),
        allocated=total((each.retained for each in sums.allocated()), scale),
        from_infrastructure=_from_infrastructure(evidence, residual),
        final=total((each.holistic for each in sums.products if not each.giving), scale),
        residual=residual,
        unallocated=kept if sums.residual_is_allocated else total((kept, residual), scale),
        unallocated_by_reason=by_reason,
    )


def _by_reason(nodes: Iterable[ByReason], scale: int) -> dict[str, Decimal]:
    amounts: dict[str, list[Decimal]] = {}
    for node in nodes:
        for reason, amount in node.items():
            amounts.setdefault(reason, []).append(amount)
    return {reason: total(each, scale) for reason, each in amounts.items()}


def _from_infrastructure(evidence: Evidence, residual: Decimal) -> Decimal:
    """The part of allocated cost that began on infrastructure.

    Products give to products only (`A7`), so it is all that crosses over to them, less what of
    it stays on partial cost centres where that does not count as allocated.
    """
    scale = evidence.scale
    crossing = total(evidence.one(_TO_PRODUCTS), scale)
    if evidence.sums.residual_is_allocated:
        return crossing
    own = Decimal(decimal_text(residual_of_own_bills(evidence), scale))
    return minus(crossing, minus(residual, own))


def final_by_day(evidence: Evidence) -> pa.Table:
    """One row per date and product that was a final cost centre and had cost (`A19`)."""
    return evidence.connection.sql(_BY_DAY).to_arrow_table()


def final_cost_centres(evidence: Evidence) -> tuple[FinalCostCentre, ...]:
    """The final cost centres over the days when they were final, the largest first."""
    names = _names(evidence)
    found = [
        FinalCostCentre(
            each.node,
            names[each.node],
            each.direct,
            each.indirect,
            each.holistic,
            each.days,
        )
        for each in evidence.sums.products
        if not each.giving
    ]
    return tuple(sorted(found, key=lambda each: (each.holistic_cost.copy_negate(), each.id)))


def partial_cost_centres(evidence: Evidence) -> tuple[PartialCostCentre, ...]:
    """The products that gave to others and kept a part, the largest first."""
    names = _names(evidence)
    found = [
        PartialCostCentre(each.node, names[each.node], each.retained)
        for each in evidence.sums.products
        if each.giving and each.kept_rows
    ]
    return tuple(sorted(found, key=lambda each: (each.residual.copy_negate(), each.id)))


def infrastructure_nodes(
    evidence: Evidence, reasons: Mapping[str, ByReason]
) -> tuple[InfrastructureNode, ...]:
    """The infrastructure-like nodes that had cost, those with most direct cost first."""
    types = {node.id: node.type.value for node in evidence.model.nodes}
    names, scale = _names(evidence), evidence.scale
    by_node: dict[str, list[NodeSums]] = {}
    for each in evidence.sums.infrastructure:
        by_node.setdefault(each.node, []).append(each)
    found = [
        InfrastructureNode(
            node,
            names.get(node, node),
            types.get(node, "unmapped"),
            total((each.direct for each in parts), scale),
            total((each.given for each in parts), scale),
            total((each.retained for each in parts), scale),
            "; ".join(reasons.get(node, {})),
            reasons.get(node, {}),
        )
        for node, parts in by_node.items()
    ]
    return tuple(sorted(found, key=lambda each: (each.direct_cost.copy_negate(), each.id)))


def _names(evidence: Evidence) -> Mapping[str, str]:
    return {node.id: node.name or node.id for node in evidence.model.nodes}
