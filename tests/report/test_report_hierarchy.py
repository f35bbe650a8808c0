"""The forest of products: what each costs and keeps, with all below it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from roll_up import FIRST, MODEL

import apportion as ap
from apportion.report.hierarchy import ProductForest, ProductNode, as_data, hierarchy, trends
from apportion.report.listing import Wanted
from apportion.report.node import node


def ask(result: ap.Result, wanted: Wanted, proof: Any = None) -> ProductForest:
    return hierarchy(result.connect(), result.model, wanted, "USD", 2, proof)


def drawn(nodes: tuple[ProductNode, ...], depth: int = 0) -> list[str]:
    """The forest as lines: name, what it keeps, what it keeps with its parts."""
    lines = []
    for each in nodes:
        mark = " again" if each.again else ""
        lines.append(f"{'  ' * depth}{each.id} {each.own_cost} {each.subtree_cost}{mark}")
        lines += drawn(each.children, depth + 1)
    return lines


def test_every_product_stands_under_each_that_it_is_part_of(
    result: ap.Result, wanted: Wanted
) -> None:
    found = ask(result, wanted)
    assert drawn(found.roots) == [
        "retail 28.00 174.00",
        "  checkout 112.00 112.00",
        "  search 34.00 34.00",
        "labs 0.00 34.00",
        "  search 34.00 34.00 again",
        "tools 0.00 0.00",
    ]
    assert found.total_cost == Decimal("174.00")


def test_a_product_has_its_five_figures(result: ap.Result, wanted: Wanted) -> None:
    retail = ask(result, wanted).roots[0]
    checkout = retail.children[0]
    figures = (
        checkout.direct_cost,
        checkout.indirect_cost,
        checkout.holistic_cost,
        checkout.given_cost,
        checkout.retained_cost,
    )
    assert list(map(str, figures)) == ["20.00", "120.00", "140.00", "28.00", "112.00"]


def test_the_summary_is_that_of_the_proof(result: ap.Result, wanted: Wanted) -> None:
    proof = result.reconciliation()
    summary = ask(result, wanted, proof).summary
    assert summary.raw_infrastructure_cost == proof.raw_infrastructure_cost == Decimal("194.00")
    assert summary.product_direct_cost == proof.product_direct_cost == Decimal("20.00")
    assert summary.allocated_product_cost == proof.allocated_product_cost == Decimal("174.00")
    assert summary.unallocated_cost == proof.unallocated_cost == Decimal("40.00")
    assert summary.coverage_percent == proof.coverage_percent == Decimal("79.381443")
    assert summary.final_cost_centre_count == len(proof.final_cost_centres) == 3
    assert (summary.node_count, summary.product_count) == (proof.graph.nodes, 4)
    assert (summary.edge_count, summary.days) == (proof.graph.edges, 2)


def test_the_residual_is_unallocated_where_the_settings_say_so(
    attribute: Callable[..., ap.Result], wanted: Wanted
) -> None:
    result = attribute({**MODEL, "residual": "unallocated"})
    proof = result.reconciliation()
    found = ask(result, wanted, proof)
    checkout = found.roots[0].children[0]
    assert (str(checkout.retained_cost), str(checkout.own_cost)) == ("112.00", "70.00")
    assert found.summary.unallocated_cost == proof.unallocated_cost == Decimal("82.00")
    assert found.summary.allocated_product_cost == proof.allocated_product_cost


def test_some_products_and_dimensions(result: ap.Result) -> None:
    storage = Wanted(FIRST, date(2024, 1, 2), ("search", "labs"), ("storage",))
    found = ask(result, storage)
    assert drawn(found.roots) == [
        "search 4.00 4.00",
        "labs 0.00 4.00",
        "  search 4.00 4.00 again",
    ]
    assert found.total_cost == found.summary.raw_infrastructure_cost == Decimal("4.00")


def test_a_name_that_is_no_product(result: ap.Result, wanted: Wanted) -> None:
    with pytest.raises(ap.UsageError, match="no product 'serch'"):
        ask(result, replace(wanted, nodes=("serch",)))


def test_the_trend_of_each_product(result: ap.Result, wanted: Wanted) -> None:
    found = trends(result.connect(), result.model, wanted)
    checkout = [(str(day.holistic_cost), str(day.retained_cost)) for day in found["checkout"]]
    assert checkout == [("70.00", "70.00"), ("70.00", "42.00")]
    assert [day.date for day in found["retail"]] == [date(2024, 1, 2)]
    assert "eks" not in found
    said = as_data(ask(result, wanted), (), found)
    kept = [day["retained_cost"] for day in said["products"][0]["children"][0]["trend"]]
    assert sum(kept) == said["products"][0]["children"][0]["retained_cost"]


def test_a_viewer_of_some_products_sees_nothing_of_the_others(
    result: ap.Result, wanted: Wanted, only: Callable[..., Any]
) -> None:
    found = hierarchy(only(result, "search", "labs"), result.model, wanted, "USD", 2)
    assert found.total_cost == found.summary.allocated_product_cost == Decimal("34.00")
    assert found.summary.raw_infrastructure_cost == found.summary.unallocated_cost == 0
    assert found.summary.coverage_percent is None
    costs = {each.id: str(each.subtree_cost) for each in found.roots}
    assert costs == {"retail": "34.00", "labs": "34.00", "tools": "0.00"}


def test_what_is_out_of_sight_is_no_parent(
    result: ap.Result, wanted: Wanted, only: Callable[..., Any]
) -> None:
    seen = [node for node in result.model.nodes if node.id in ("search", "labs")]
    # The product still gives on the cost, to somebody who is not named.
    given = replace(result.model.edges[-1], source="search", receiver="")
    model = replace(result.model, nodes=tuple(seen), edges=(given,))
    found = hierarchy(only(result, "search", "labs"), model, wanted, "USD", 2)
    assert drawn(found.roots) == ["labs 0.00 34.00", "  search 34.00 34.00"]
    assert (found.summary.product_count, found.summary.edge_count) == (2, 0)
    search = node(only(result, "search", "labs"), model, wanted, "search", "USD", 2)
    assert search.edges_out == search.edges_in == ()


def test_a_long_chain_of_products_is_laid_out(
    attribute: Callable[..., ap.Result], wanted: Wanted
) -> None:
    nodes = [{"id": "p0", "type": "product"}]
    nodes += [
        {"id": f"p{place}", "type": "product", "part_of": [f"p{place - 1}"]}
        for place in range(1, 3000)
    ]
    result = attribute(
        {"currency": "USD", "scale": 2, "nodes": nodes}, "p2999 2024-01-01 compute 5"
    )
    lowest, depth = ask(result, wanted).roots[0], 1
    while lowest.children:
        lowest, depth = lowest.children[0], depth + 1
    assert (depth, str(lowest.subtree_cost)) == (3000, "5.00")
    with pytest.raises(ap.UsageError, match="3,000 levels"):
        as_data(ask(result, wanted), ())
