"""Each sanity check can fail, says so in a sentence, and is silent where all is well."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from roll_up import MODEL

import apportion as ap
from apportion.report.hierarchy import ProductForest, as_data, hierarchy
from apportion.report.listing import Wanted
from apportion.report.sanity import sanity

Tamper = Callable[..., ap.Result]


def laid_out(result: ap.Result, wanted: Wanted, proof: Any = None) -> ProductForest:
    return hierarchy(result.connect(), result.model, wanted, "USD", 2, proof)


def doubts(
    rows: ap.Result, wanted: Wanted, found: ProductForest | None = None, proof: Any = None
) -> list[str]:
    """What is said of a hierarchy, that of the rows themselves unless it is given."""
    found = found or laid_out(rows, wanted, proof)
    return list(sanity(rows.connect(), rows.model, wanted, found, 2, proof))


def test_nothing_speaks_against_a_result_that_adds_up(result: ap.Result, wanted: Wanted) -> None:
    proof = result.reconciliation()
    found = laid_out(result, wanted, proof)
    assert doubts(result, wanted, found, proof) == []
    assert as_data(found, ())["summary"]["sanity_check_passed"] is True


def test_some_dimensions_and_some_products_add_up_too(result: ap.Result, wanted: Wanted) -> None:
    assert doubts(result, replace(wanted, dimensions=("storage",))) == []
    assert doubts(result, replace(wanted, nodes=("search",))) == []


def test_no_cost_at_all(result: ap.Result, wanted: Wanted) -> None:
    nothing = replace(wanted, dimensions=("none",))
    assert doubts(result, nothing) == ["There is no cost at all from 2024-01-01 to 2024-01-02."]


@pytest.mark.parametrize(
    "changes", [{"given": "100.02", "retained": "-0.02"}, {"retained": "9.99"}, {"direct": "99.00"}]
)
def test_a_node_that_gives_or_keeps_what_it_had_not(
    tampered: Tamper, wanted: Wanted, changes: dict[str, str]
) -> None:
    said = doubts(tampered("eks", **changes), wanted)
    assert said[0] == (
        "'eks': what is given and kept on some day is not what there was to give and keep."
    )


def test_cost_of_what_the_model_does_not_declare(tampered: Tamper, wanted: Wanted) -> None:
    said = doubts(tampered("search", node="serch"), wanted)
    assert said[0] == "'serch': there is cost of what the model does not declare."
    assert said[1] == (
        "All nodes together keep 214.00 USD, but the hierarchy and what is unallocated come to "
        "199.00."
    )


def test_cost_of_a_product_that_no_root_leads_to(result: ap.Result, wanted: Wanted) -> None:
    circle = {"retail": ("checkout",), "checkout": ("retail",), "search": ("labs",)}
    nodes = tuple(
        replace(node, part_of=circle.get(node.id, node.part_of)) for node in result.model.nodes
    )
    found = laid_out(replace(result, model=replace(result.model, nodes=nodes)), wanted)
    said = doubts(result, wanted, found)
    assert said[0] == "'checkout', 'retail': there is cost of products that stand in no hierarchy."


def test_parts_that_do_not_sum_to_the_whole(result: ap.Result, wanted: Wanted) -> None:
    found = laid_out(result, wanted)
    retail, *others = found.roots
    wrong = replace(retail, subtree_cost=retail.subtree_cost + 1)
    said = doubts(result, wanted, replace(found, roots=(wrong, *others)))
    assert said == ["'retail': the parts do not sum to the whole that is shown."]


def test_a_product_that_is_counted_twice_in_the_total(result: ap.Result, wanted: Wanted) -> None:
    found = laid_out(result, wanted)
    twice = replace(found, total_cost=sum(root.subtree_cost for root in found.roots))
    shown, kept = doubts(result, wanted, twice)
    assert shown == "The products sum to 174.00 USD, but their total says 208.00."
    assert kept == (
        "All nodes together keep 214.00 USD, but the hierarchy and what is unallocated come to "
        "248.00."
    )


def test_cost_that_came_in_and_went_nowhere(
    result: ap.Result, tampered: Tamper, wanted: Wanted
) -> None:
    rows = tampered("idle", direct="4.00", holistic="4.00")
    said = doubts(rows, wanted, proof=rows.reconciliation())
    assert said[:2] == [
        "'idle': what is given and kept on some day is not what there was to give and keep.",
        "215.00 USD came in, but 214.00 is allocated or unallocated: 1.00 is missing.",
    ]
    assert said[2].startswith("The proof of the result fails: it has ")


def test_figures_that_are_not_those_of_the_proof(
    result: ap.Result, tampered: Tamper, wanted: Wanted
) -> None:
    """Rows that add up among themselves are told by the proof, which was made of the true ones."""
    rows = tampered("idle", direct="4.00", holistic="4.00", retained="4.00")
    assert doubts(rows, wanted, proof=result.reconciliation()) == [
        "The raw infrastructure cost is 195.00 USD here, and 194.00 in the proof.",
        "The unallocated cost is 41.00 USD here, and 40.00 in the proof.",
    ]


def test_a_recorded_cost_that_is_in_no_row(tampered: Tamper, wanted: Wanted) -> None:
    rows = tampered("idle", direct="4.00", holistic="4.00", retained="4.00")
    said = doubts(rows, wanted, proof=rows.reconciliation())
    assert said == ["The proof of the result fails: it has 1 violation."]


def test_more_of_infrastructure_than_there_was(
    attribute: Callable[..., ap.Result], wanted: Wanted
) -> None:
    costs = "eks 2024-01-01 compute 100.00\nidle 2024-01-01 compute -50.00"
    result = attribute(MODEL, costs)
    assert doubts(result, wanted, proof=result.reconciliation()) == [
        "Coverage is 180.000000 %: products have more of infrastructure than there was."
    ]


def test_a_viewer_of_some_products_is_told_what_they_can_tell(
    result: ap.Result, wanted: Wanted, only: Callable[..., Any]
) -> None:
    connection = only(result, "search", "labs")
    found = hierarchy(connection, result.model, wanted, "USD", 2)
    assert sanity(connection, result.model, wanted, found, 2) == ()
