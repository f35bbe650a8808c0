"""The figures of a proof, against figures summed from the oracle's own rows (`A18` to `A25`)."""

from typing import Any

from companies_made import Company, companies
from engine import attribute, units
from hypothesis import given
from oracle import figures, same_rounding
from oracle.figures import COVERAGE_DECIMALS, Figures

from apportion.reconcile.hierarchy import roll_up
from effort import effort

AMOUNTS = (
    "raw_infrastructure_cost",
    "product_direct_cost",
    "allocated_product_cost",
    "final_cost_centre_cost",
    "partial_cost_centre_residual",
    "unallocated_cost",
    "conservation_delta",
)


def require_figures(proof: Any, expected: Figures, scale: int, residual: str) -> None:
    """Each total, and each name behind it."""
    found = {name: units(getattr(proof, name), scale) for name in AMOUNTS}
    assert found == {name: getattr(expected, name) for name in AMOUNTS}
    assert expected.conservation_delta == 0
    began = units(proof.allocated_from_infrastructure, scale)
    coverage = units(proof.coverage_percent, COVERAGE_DECIMALS)
    # Where residuals do not count, the part of them that began elsewhere is no whole unit.
    tolerance = 0 if residual == "allocated" else 1
    assert abs(began - expected.allocated_from_infrastructure) <= tolerance
    if began == expected.allocated_from_infrastructure:
        assert coverage == expected.coverage_percent
    assert {
        each.id: [
            units(each.direct_cost, scale),
            units(each.indirect_cost, scale),
            units(each.holistic_cost, scale),
            each.days,
        ]
        for each in proof.final_cost_centres
    } == expected.final
    assert {
        each.id: units(each.residual, scale) for each in proof.partial_cost_centres
    } == expected.partial
    assert {
        each.id: [units(each[name], scale) for name in ("direct_cost", "given", "retained")]
        for each in proof.infrastructure_nodes
    } == expected.infrastructure


@effort(150)
@given(companies(always=["own_bills"]))
def test_the_proof_gives_the_figures_of_the_rules(company: Company) -> None:
    answer = attribute(company)
    if answer.codes:
        return
    outcome = same_rounding.attribute(
        company.model, company.costs, company.usage, company.start, company.end
    )
    declared, scale = outcome.declared, outcome.declared.scale
    expected = figures.figures(outcome)
    proof = answer.result.reconciliation()
    assert proof.holds, proof.invariant_violations
    require_figures(proof, expected, scale, declared.residual)

    days = [day for day in declared.known_active if company.start <= day <= company.end]
    active = {id(edge) for day in days for edge in declared.active(day)}
    infrastructure = [node for node in declared.nodes if declared.is_infrastructure(node)]
    assert proof.graph.nodes == len(declared.nodes)
    assert proof.graph.infrastructure_nodes == len(infrastructure)
    assert proof.graph.products == len(declared.nodes) - len(infrastructure)
    assert proof.graph.edges == len(active)
    assert proof.graph.max_depth == figures.longest_way(declared, company.start, company.end)

    hierarchy = roll_up(answer.result.model, proof.product_costs, scale)
    subtree = figures.subtree_sums(declared, expected.products)
    for row in hierarchy.rows:
        assert units(row.own, scale) == expected.products.get(row.id, 0)
        assert units(row.subtree, scale) == subtree[row.id]
    assert units(hierarchy.total, scale) == expected.allocated_product_cost
    assert not hierarchy.rootless
