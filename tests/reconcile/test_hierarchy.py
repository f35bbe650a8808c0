"""Products rolled up over ``part_of`` (`A25`)."""

from decimal import Decimal
from typing import Any

from apportion.model import Model
from apportion.reconcile.hierarchy import roll_up


def test_a_product_with_two_parents_counts_under_both_and_once_in_the_total(books: Any) -> None:
    model = Model.from_dict(books.model)
    proof = books.prove()
    hierarchy = roll_up(model, proof.product_costs, 2)
    rows = {row.id: (str(row.own), str(row.subtree), row.parts) for row in hierarchy.rows}
    assert rows == {
        "checkout": ("112.00", "112.00", ()),
        "labs": ("0.00", "30.00", ("search",)),
        "retail": ("28.00", "170.00", ("checkout", "search")),
        "search": ("30.00", "30.00", ()),
        "tools": ("0.00", "0.00", ()),
    }
    assert hierarchy.roots == ("labs", "retail", "tools")
    assert hierarchy.total == proof.allocated_product_cost
    assert hierarchy.rootless == ()


def test_two_ways_to_one_product_below_one_root_count_it_once() -> None:
    nodes = [
        {"id": "top", "type": "product"},
        {"id": "left", "type": "product", "part_of": ["top"]},
        {"id": "right", "type": "product", "part_of": ["top"]},
        {"id": "low", "type": "product", "part_of": ["left", "right"], "name": "Low"},
    ]
    own = {"top": Decimal(1), "left": Decimal(10), "right": Decimal(100), "low": Decimal(1000)}
    hierarchy = roll_up(Model.from_dict({"nodes": nodes}), own, 0)
    assert {row.id: int(row.subtree) for row in hierarchy.rows} == {
        "top": 1111,
        "left": 1010,
        "right": 1100,
        "low": 1000,
    }
    assert hierarchy.total == 1111
    assert hierarchy.roots == ("top",)
    assert hierarchy["rows"][1].name == "Low"
