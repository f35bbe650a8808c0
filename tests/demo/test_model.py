"""The model of the example company: valid, and with something of everything."""

from datetime import date
from fractions import Fraction
from itertools import pairwise

import pytest

from apportion import plugins
from apportion.demo import DemoCompany
from apportion.findings import Severity
from apportion.model import Model, NodeType, epochs, load_model, validate


@pytest.fixture(scope="module")
def model(company: DemoCompany) -> Model:
    return load_model(company.folder)


def test_the_only_finding_is_the_sandbox_that_nobody_pays_for(company: DemoCompany) -> None:
    findings = validate(company.folder)
    assert [(each.severity, each.code, each.details["node"]) for each in findings] == [
        (Severity.WARNING, "dead_end", "sandbox-accounts")
    ]


def test_at_least_sixty_nodes_on_five_levels(model: Model) -> None:
    assert len(model.nodes) >= 60
    found = {kind: sum(node.type is kind for node in model.nodes) for kind in NodeType}
    assert min(found.values()) >= 10
    rolled = {edge.source for edge in model.edges if not model.node(edge.source).is_infrastructure}
    assert len(rolled) >= 15
    into = {edge.receiver for edge in model.edges if edge.source in rolled}
    assert len(into - rolled) >= 5
    by_type = {(model.node(e.source).type, model.node(e.receiver).type) for e in model.edges}
    levels = (NodeType.RESOURCE, NodeType.SHARED, NodeType.PLATFORM, NodeType.PRODUCT)
    assert set(pairwise(levels)) <= by_type


def test_every_strategy_is_in_use(model: Model) -> None:
    used = {edge.use.strategy for edge in model.edges}
    assert used >= set(plugins.registered(plugins.STRATEGIES))


def test_overrides_windows_archives_and_internal_products(model: Model) -> None:
    assert {override.dimension for edge in model.edges for override in edge.overrides} >= {
        "Compute",
        "Licences",
        "Networking",
    }
    assert model.node("hotel-add-ons").archived_on == date(2024, 10, 1)
    internal = [n.id for n in model.nodes if n.type is NodeType.PRODUCT and n.infrastructure]
    assert internal == ["fares-engine", "fraud-screening", "payments"]
    assert any(len(node.part_of) > 1 for node in model.nodes)


def test_the_year_is_reorganised_in_the_middle(model: Model) -> None:
    starts = [epoch.first for epoch in epochs(model, date(2024, 1, 1), date(2024, 12, 31))]
    assert starts == [
        date(2024, month, day) for month, day in ((1, 1), (6, 3), (7, 1), (9, 2), (10, 1))
    ]
    ending = {e.source for e in model.edges if e.active_to == date(2024, 6, 30)}
    beginning = {e.source for e in model.edges if e.active_from == date(2024, 7, 1)}
    assert len(ending & beginning) >= 5


def test_some_roll_ups_are_partial(model: Model) -> None:
    fixed: dict[str, Fraction] = {}
    for edge in model.edges:
        if edge.use.strategy == "fixed_percent" and edge.active_to is None:
            ratio = edge.use.parameters.ratios()[0]
            fixed[edge.source] = fixed.get(edge.source, Fraction(0)) + ratio
    for product in ("seat-maps", "customer-accounts", "loyalty", "live-times"):
        assert 0 < fixed[product] < 1
