"""Each dimension stands alone, so some of them can be proved and summed up without the others."""

from decimal import Decimal
from typing import Any

from apportion.model import Model
from apportion.reconcile.proof import reconcile
from apportion.reconcile.reconciliation import Reconciliation

MORE = """
    db     2024-01-01 storage 4.00 0.00 4.00 4.00 0.00
    search 2024-01-01 storage 0.00 4.00 4.00 0.00 4.00
"""


def prove(books: Any, *only: str) -> Reconciliation:
    return reconcile(
        books.connect(),
        Model.from_dict(books.model),
        books.start,
        books.end,
        books.currency,
        books.scale,
        has_costs=True,
        only=only,
    )


def with_storage(books: Any) -> Any:
    for line in MORE.strip().splitlines():
        names = ("node", "date", "dimension", "direct", "indirect", "holistic", "given", "retained")
        books.allocations.append(dict(zip(names, line.split(), strict=True)))
    books.contributions.append(
        {
            "source": "db",
            "receiver": "search",
            "date": "2024-01-01",
            "dimension": "storage",
            "amount": "4.00",
        }
    )
    books.costs.append(
        {"node": "db", "date": "2024-01-01", "dimension": "storage", "amount": "4.00"}
    )
    return books


def test_the_dimensions_sum_to_the_whole(books: Any) -> None:
    with_storage(books)
    whole, storage, compute = prove(books), prove(books, "storage"), prove(books, "compute")
    assert whole.holds
    assert storage.holds
    assert compute.holds
    assert storage.raw_infrastructure_cost == storage.allocated_product_cost == Decimal("4.00")
    for name in ("raw_infrastructure_cost", "allocated_product_cost", "unallocated_cost"):
        assert storage[name] + compute[name] == whole[name]
    assert storage.left_out == {"compute": whole.raw_infrastructure_cost - 4 + 20}
    assert storage.coverage_percent == 100
    assert prove(books, "storage", "compute") == whole


def test_a_fault_in_one_dimension_is_not_one_of_the_others(books: Any) -> None:
    with_storage(books)
    books.row("allocations", node="search", dimension="storage")["retained"] = "3.00"
    assert not prove(books, "storage").holds
    assert not prove(books).holds
    assert prove(books, "compute").holds
