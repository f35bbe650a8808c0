"""How coverage is told where products with own bills keep a part that counts as unallocated."""

from decimal import Decimal
from typing import Any

import pytest


def percent(source: str, receiver: str, share: str) -> dict[str, Any]:
    return {
        "source": source,
        "receiver": receiver,
        "strategy": "fixed_percent",
        "parameters": {"percent": share},
    }


NODES = [
    {"id": "infra", "type": "shared"},
    *({"id": name, "type": "product"} for name in ("a", "b", "c")),
]


def company(write: Any, edges: list[dict[str, Any]], *tables: str) -> Any:
    return write({"nodes": NODES, "edges": edges, "residual": "unallocated"}, *tables)


def test_own_bills_travel_with_the_cost(write: Any) -> None:
    """a: 30 from infra, 10 own; gives half. b: 20 from a, 20 own; gives a quarter to c.

    Of a's residual 20, a quarter is its own bill: 5. Of b's 40, a's bill is 5 and its own 20:
    25 of 40; so of its residual 30, 18.75. The residual is 50, of which 26.25 began on infra.
    """
    books = company(
        write,
        [percent("infra", "a", "100"), percent("a", "b", "50"), percent("b", "c", "25")],
        """
        infra 2024-01-01 x 30.00  0.00 30.00 30.00  0.00
        a     2024-01-01 x 10.00 30.00 40.00 20.00 20.00
        b     2024-01-01 x 20.00 20.00 40.00 10.00 30.00
        c     2024-01-01 x  0.00 10.00 10.00  0.00 10.00
        """,
        """
        infra a 2024-01-01 x 30.00
        a     b 2024-01-01 x 20.00
        b     c 2024-01-01 x 10.00
        """,
    )
    proof = books.prove()
    assert proof.violations == ()
    assert proof.allocated_product_cost == Decimal("10.00")
    assert proof.allocated_from_infrastructure == Decimal("3.75")
    assert proof.coverage_percent == Decimal("12.500000")


@pytest.mark.parametrize(("own", "expected"), [("0.00", "28.00"), ("10.00", "28.00")])
def test_dimensions_are_apart(write: Any, own: str, expected: str) -> None:
    """An own bill in another dimension takes nothing from what came in this one."""
    books = company(
        write,
        [percent("infra", "a", "100"), percent("a", "b", "40")],
        f"""
        infra 2024-01-01 x 70.00  0.00 70.00 70.00  0.00
        a     2024-01-01 x  0.00 70.00 70.00 28.00 42.00
        b     2024-01-01 x  0.00 28.00 28.00  0.00 28.00
        c     2024-01-01 y {own}  0.00 {own}  0.00 {own}
        """,
        """
        infra a 2024-01-01 x 70.00
        a     b 2024-01-01 x 28.00
        """,
    )
    if own == "0.00":
        books.allocations.pop()
    proof = books.prove()
    assert proof.violations == ()
    assert proof.allocated_from_infrastructure == Decimal(expected)


def test_own_bills_travel_in_their_own_dimension(write: Any) -> None:
    """In x all began on infra, in y all is a's own bill; of the residual, half each."""
    books = company(
        write,
        [percent("infra", "a", "100"), percent("a", "b", "50"), percent("b", "c", "50")],
        """
        infra 2024-01-01 x 100.00   0.00 100.00 100.00  0.00
        a     2024-01-01 x   0.00 100.00 100.00  50.00 50.00
        b     2024-01-01 x   0.00  50.00  50.00  25.00 25.00
        c     2024-01-01 x   0.00  25.00  25.00   0.00 25.00
        a     2024-01-01 y 100.00   0.00 100.00  50.00 50.00
        b     2024-01-01 y   0.00  50.00  50.00  25.00 25.00
        c     2024-01-01 y   0.00  25.00  25.00   0.00 25.00
        """,
        """
        infra a 2024-01-01 x 100.00
        a     b 2024-01-01 x  50.00
        b     c 2024-01-01 x  25.00
        a     b 2024-01-01 y  50.00
        b     c 2024-01-01 y  25.00
        """,
    )
    proof = books.prove()
    assert proof.violations == ()
    assert proof.allocated_from_infrastructure == Decimal("25.00")
    assert proof.coverage_percent == Decimal("25.000000")


def test_a_credit_of_its_own_that_cancels_what_came(write: Any) -> None:
    """a has nothing in all, gives nothing, and so keeps 5 from infra and its own -5."""
    books = company(
        write,
        [percent("infra", "a", "100"), percent("a", "b", "40")],
        """
        infra 2024-01-01 x  5.00 0.00 5.00 5.00 0.00
        a     2024-01-01 x -5.00 5.00 0.00 0.00 0.00
        """,
        "infra a 2024-01-01 x 5.00",
    )
    proof = books.prove()
    assert proof.violations == ()
    assert proof.allocated_from_infrastructure == Decimal("0.00")
    assert proof.conservation_delta == 0
