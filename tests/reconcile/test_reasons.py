"""Why infrastructure kept cost, and how much of it for which reason."""

from decimal import Decimal
from typing import Any

KEPT = "retain"
SHARED = "equal"


def reasons(books: Any) -> dict[str, dict[str, str]]:
    """The reasons of each node, and their amounts."""
    proof = books.prove()
    assert proof.violations == ()
    assert sum(proof.unallocated_by_reason.values()) == proof.unallocated_cost
    told = {
        each.id: {reason: str(amount) for reason, amount in each.retained_by_reason.items()}
        for each in proof.infrastructure_nodes
    }
    assert all(each.reason == "; ".join(told[each.id]) for each in proof.infrastructure_nodes)
    return told


def shared(write: Any, *edges: dict[str, Any], kept: str, warning: str = "") -> Any:
    """Node a with 100 a day, of which it keeps ``kept`` on the first day and 10 on the second."""
    given = Decimal(100) - Decimal(kept)
    model = {
        "nodes": [{"id": "a", "type": "shared"}, {"id": "p", "type": "product"}],
        "edges": [{"source": "a", "receiver": "p", **edge} for edge in edges],
    }
    books = write(
        model,
        f"""
        a 2024-01-01 x 100.00     0.00 100.00 {given} {kept}
        p 2024-01-01 x   0.00  {given} {given}   0.00 {given}
        a 2024-01-02 x 100.00     0.00 100.00   90.00  10.00
        p 2024-01-02 x   0.00    90.00  90.00    0.00  90.00
        """,
        f"""
        a p 2024-01-01 x {given}
        a p 2024-01-02 x 90.00
        """,
    )
    if given == 0:
        del books.allocations[1]
    if warning:
        books.warnings = [{"code": "zero_usage", "policy": warning, "source": "a"}]
    return books


CAPPED = {
    "strategy": "capped_proportional",
    "parameters": {"metric": "m", "cap_percent": 90},
    "on_zero_usage": "retain",
}
FIXED = {"strategy": "fixed_percent", "parameters": {"percent": 90}}
HYBRID = {
    "strategy": "hybrid_fixed_proportional",
    "parameters": {"metric": "m", "fixed_percent": 90},
}


def test_no_edges_unmapped_and_shares_below_the_whole(books: Any) -> None:
    assert reasons(books) == {
        "eks": {"shares below 100 %": "20.00"},
        "unmapped:aws": {"unmapped": "14.00"},
        "tools": {},
        "idle": {"no edges": "6.00"},
        "db": {},
    }


def test_a_day_without_edges_is_told_apart_from_one_with_them(write: Any) -> None:
    books = shared(write, {**FIXED, "active_from": "2024-01-02"}, kept="100.00")
    del books.contributions[0]
    assert reasons(books)["a"] == {"no edges": "100.00", "shares below 100 %": "10.00"}
    (node,) = books.prove().infrastructure_nodes
    assert node.reason == "no edges; shares below 100 %"


def test_a_cap(write: Any) -> None:
    assert reasons(shared(write, CAPPED, kept="10.00"))["a"] == {"cap": "20.00"}


def test_a_cap_and_a_day_without_usage(write: Any) -> None:
    books = shared(write, CAPPED, kept="100.00", warning=KEPT)
    assert reasons(books)["a"] == {"no usage, kept": "100.00", "cap": "10.00"}


def test_a_day_without_usage_that_was_shared_equally_is_no_reason(write: Any) -> None:
    books = shared(write, CAPPED, kept="10.00", warning=SHARED)
    assert reasons(books)["a"] == {"cap": "20.00"}


def test_only_what_the_warning_says_of_the_source_counts(write: Any) -> None:
    books = shared(write, CAPPED, kept="100.00", warning=SHARED)
    assert reasons(books)["a"] == {"cap": "110.00"}
    books.warnings = [{"code": "missing_usage", "policy": KEPT, "source": "a"}]
    assert reasons(books)["a"] == {"cap": "110.00"}
    books.warnings = [{"code": "zero_usage", "policy": KEPT, "source": "p"}]
    assert reasons(books)["a"] == {"cap": "110.00"}


def test_a_hybrid_keeps_only_for_want_of_usage(write: Any) -> None:
    books = shared(write, HYBRID, kept="10.00", warning=KEPT)
    assert reasons(books)["a"] == {"no usage, kept": "20.00"}


def test_the_strategy_of_the_dimension_counts(write: Any) -> None:
    overrides = [{"dimension": "x", "strategy": "fixed_percent", "parameters": {"percent": 90}}]
    books = shared(write, {**CAPPED, "overrides": overrides}, kept="10.00")
    assert reasons(books)["a"] == {"shares below 100 %": "20.00"}


def test_the_strategy_of_the_period_counts(write: Any) -> None:
    later = {**CAPPED, "active_from": "2024-02-01"}
    books = shared(write, {**FIXED, "active_to": "2024-01-31"}, later, kept="10.00")
    assert reasons(books)["a"] == {"shares below 100 %": "20.00"}


def test_credits_and_charges_that_cancel_still_have_a_reason(write: Any) -> None:
    books = write(
        {"nodes": [{"id": "a", "type": "shared"}]},
        """
        a 2024-01-01 x  5.00 0.00  5.00 0.00  5.00
        a 2024-01-02 x -5.00 0.00 -5.00 0.00 -5.00
        """,
    )
    assert reasons(books)["a"] == {"no edges": "0.00"}
