"""Each invariant catches a wrong number, and names its node, date and dimension."""

from collections.abc import Callable
from dataclasses import astuple, replace
from datetime import date
from decimal import Decimal
from functools import wraps
from typing import Any

import pytest

from apportion.model import Model
from apportion.reconcile import invariants
from apportion.reconcile.checking import Check, Outcome
from apportion.reconcile.evidence import Evidence
from apportion.reconcile.invariants import CHECKS

FIRST, SECOND = date(2024, 1, 1), date(2024, 1, 2)
Spoil = Callable[[Any], None]


def said(proof: Any, name: str) -> list[tuple[Any, ...]]:
    """What a proof says of one invariant: node, date, dimension, expected, actual."""
    return [astuple(each)[1:] for each in proof.violations if each.type == name]


def spoil_known(books: Any) -> None:
    books.allocations[0]["node"] = "eks-old"


def spoil_currency(books: Any) -> None:
    books.row("contributions", source="db", date="2024-01-02")["currency"] = "EUR"


def spoil_key(books: Any) -> None:
    books.allocations.append(dict(books.row("allocations", node="idle", date="2024-01-01")))


def spoil_holistic(books: Any) -> None:
    books.row("allocations", node="search", date="2024-01-02")["holistic"] = "15.01"


def spoil_retained(books: Any) -> None:
    books.row("allocations", node="idle", date="2024-01-01")["retained"] = "2.99"


def spoil_bounds(books: Any) -> None:
    row = books.row("allocations", node="eks", date="2024-01-02")
    row.update(given="100.02", retained="-0.02")


def spoil_bounds_of_a_credit(books: Any) -> None:
    row = books.row("allocations", node="db", date="2024-01-01")
    row.update(given="0.02", retained="-20.02")


def spoil_conservation(books: Any) -> None:
    books.row("allocations", node="search", date="2024-01-02")["retained"] = "14.00"


def spoil_given(books: Any) -> None:
    row = books.row("allocations", node="eks", date="2024-01-01")
    row.update(given="89.99", retained="10.01")


def spoil_received(books: Any) -> None:
    row = books.row("contributions", source="eks", receiver="tools", date="2024-01-01")
    row["receiver"] = "checkout"


def spoil_edges_by_a_day(books: Any) -> None:
    books.row("contributions", source="checkout", receiver="retail")["date"] = "2024-01-01"


def spoil_direct(books: Any) -> None:
    books.costs[0]["amount"] = "99.01"


PLANTED: list[tuple[Spoil, str, tuple[Any, ...]]] = [
    (
        spoil_known,
        "nodes_are_known",
        ("eks-old", None, "", "a node of the model", "no such node"),
    ),
    (spoil_currency, "in_one_currency", ("db", SECOND, "compute", "USD", "EUR")),
    (spoil_key, "one_row_per_key", ("idle", FIRST, "compute", "1", "2")),
    (spoil_holistic, "holistic_adds_up", ("search", SECOND, "compute", "15.00", "15.01")),
    (spoil_retained, "holistic_adds_up", ("idle", FIRST, "compute", "3.00", "2.99")),
    (spoil_bounds, "within_holistic", ("eks", SECOND, "compute", "100.01", "100.02")),
    (spoil_bounds_of_a_credit, "within_holistic", ("db", FIRST, "compute", "0.01", "0.02")),
    (spoil_conservation, "conserved_by_day", ("", SECOND, "compute", "105.00", "104.00")),
    (spoil_given, "given_is_contributed", ("eks", FIRST, "compute", "90.00", "89.99")),
    (spoil_received, "indirect_is_received", ("checkout", FIRST, "compute", "90.00", "60.00")),
    (
        spoil_edges_by_a_day,
        "edges_are_active",
        ("checkout", FIRST, "compute", "no contribution to retail", "one"),
    ),
    (
        spoil_edges_by_a_day,
        "edges_are_active",
        ("checkout", SECOND, "compute", "one contribution to retail", "none"),
    ),
    (spoil_direct, "direct_is_recorded", ("eks", FIRST, "compute", "100.01", "100.00")),
]


@pytest.mark.parametrize(("spoil", "name", "violation"), PLANTED)
def test_a_planted_number_is_caught(
    books: Any, spoil: Spoil, name: str, violation: tuple[Any, ...]
) -> None:
    assert said(books.prove(), name) == []
    spoil(books)
    proof = books.prove()
    assert violation in said(proof, name)
    assert not proof.holds
    codes = {finding.code for finding in proof.findings()}
    assert codes == {"invariant_violation"}


def test_every_invariant_has_a_planted_number() -> None:
    planted = {name for _, name, _ in PLANTED} | {"hierarchy_sums"}
    assert {check.__name__ for check in CHECKS} == planted
    assert len(CHECKS) >= 11


@pytest.mark.parametrize("check", CHECKS)
def test_every_invariant_says_why(check: Callable[..., Any]) -> None:
    assert len(check.__doc__ or "") > 50
    assert check.__module__.endswith(f".{check.__name__}")


def test_contributions_of_nodes_without_a_row(books: Any) -> None:
    books.contributions.append(
        {
            "source": "labs",
            "receiver": "ghost",
            "date": "2024-01-01",
            "dimension": "compute",
            "amount": "1.00",
        }
    )
    proof = books.prove()
    assert said(proof, "given_is_contributed") == [("labs", FIRST, "compute", "1.00", "0.00")]
    assert said(proof, "indirect_is_received") == [("ghost", FIRST, "compute", "1.00", "0.00")]
    assert [row[0] for row in said(proof, "nodes_are_known")] == ["ghost"]


def test_one_unit_of_tolerance(books: Any) -> None:
    books.row("allocations", node="eks", date="2024-01-02").update(given="100.01", retained="-0.01")
    assert said(books.prove(), "within_holistic") == []


def test_a_unit_lost_on_one_day_and_made_up_on_another(books: Any) -> None:
    books.row("allocations", node="idle", date="2024-01-01")["retained"] = "2.99"
    books.row("allocations", node="idle", date="2024-01-02")["retained"] = "3.01"
    proof = books.prove()
    assert proof.conservation_delta == 0
    assert said(proof, "conserved_by_day") == [
        ("", FIRST, "compute", "105.00", "104.99"),
        ("", SECOND, "compute", "105.00", "105.01"),
    ]


def test_a_lost_amount_shows_in_the_delta(books: Any) -> None:
    books.row("allocations", node="retail")["retained"] = "27.99"
    proof = books.prove()
    assert proof.conservation_delta == Decimal("0.01")
    assert any("0.01 USD" in finding.message for finding in proof.findings())


def test_a_last_day_that_was_skipped_adds_up_and_is_caught(write: Any) -> None:
    edge = {"source": "a", "receiver": "p", "strategy": "equal", "active_to": "2024-01-02"}
    model = {
        "nodes": [{"id": "a", "type": "shared"}, {"id": "p", "type": "product"}],
        "edges": [edge],
    }
    books = write(
        model,
        """
        a 2024-01-01 x 5.00 0.00 5.00 5.00 0.00
        p 2024-01-01 x 0.00 5.00 5.00 0.00 5.00
        a 2024-01-02 x 5.00 0.00 5.00 0.00 5.00
        a 2024-01-03 x 5.00 0.00 5.00 0.00 5.00
        """,
        "a p 2024-01-01 x 5.00",
        end=date(2024, 1, 3),
    )
    proof = books.prove()
    assert proof.conservation_delta == 0
    assert [each.type for each in proof.violations] == ["edges_are_active"]
    assert said(proof, "edges_are_active") == [("a", SECOND, "x", "one contribution to p", "none")]


def test_windows_with_a_gap_and_an_archive(write: Any) -> None:
    """a gives to p on the 1st and 3rd; q is archived on the 3rd, so that p alone is left."""
    window = {"source": "a", "receiver": "p", "strategy": "equal"}
    model = {
        "nodes": [
            {"id": "a", "type": "shared"},
            {"id": "p", "type": "product"},
            {"id": "q", "type": "product", "archived_on": "2024-01-03"},
        ],
        "edges": [
            {**window, "active_to": "2024-01-01"},
            {**window, "active_from": "2024-01-03"},
            {**window, "receiver": "q", "active_from": "2024-01-02"},
        ],
    }
    books = write(
        model,
        """
        a 2024-01-01 x 6.00 0.00 6.00 6.00 0.00
        p 2024-01-01 x 0.00 6.00 6.00 0.00 6.00
        a 2024-01-02 x 6.00 0.00 6.00 6.00 0.00
        q 2024-01-02 x 0.00 6.00 6.00 0.00 6.00
        a 2024-01-03 x 6.00 0.00 6.00 6.00 0.00
        p 2024-01-03 x 0.00 6.00 6.00 0.00 6.00
        """,
        """
        a p 2024-01-01 x 6.00
        a q 2024-01-02 x 6.00
        a p 2024-01-03 x 6.00
        """,
        end=date(2024, 1, 3),
    )
    assert books.prove().violations == ()
    books.contributions[1]["receiver"] = "p"
    assert said(books.prove(), "edges_are_active") == [
        ("a", SECOND, "x", "no contribution to p", "one"),
        ("a", SECOND, "x", "one contribution to q", "none"),
    ]


def test_a_contribution_of_nothing_is_still_due(books: Any) -> None:
    """A share of 0 makes a row too: without it nobody could tell it from a forgotten edge."""
    idle = {"source": "idle", "receiver": "labs", "strategy": "fixed_percent"}
    edges = [*books.model["edges"], {**idle, "parameters": {"percent": 0}}]
    books.model = {**books.model, "edges": edges}
    missing = said(books.prove(), "edges_are_active")
    assert [row[:2] for row in missing] == [("idle", FIRST), ("idle", SECOND)]
    for day in ("2024-01-01", "2024-01-02"):
        books.contributions.append(
            {
                "source": "idle",
                "receiver": "labs",
                "date": day,
                "dimension": "compute",
                "amount": "0.00",
            }
        )
    assert books.prove().violations == ()


def test_a_contribution_that_is_there_twice(books: Any) -> None:
    books.contributions.append(dict(books.row("contributions", source="checkout")))
    assert said(books.prove(), "edges_are_active") == [
        ("checkout", SECOND, "compute", "one contribution to retail", "2")
    ]


def test_the_list_is_cut_and_the_count_is_not(write: Any) -> None:
    model = {"nodes": [{"id": f"n{each:03}", "type": "shared"} for each in range(150)]}
    rows = "\n".join(
        f"n{each:03} 2024-01-01 x 1.00 0.00 1.00 0.00 0.50" for each in reversed(range(150))
    )
    proof = write(model, rows).prove()
    listed = said(proof, "holistic_adds_up")
    assert [row[0] for row in listed] == [f"n{each:03}" for each in range(100)]
    assert proof.violation_count == 151
    assert len(proof.violations) == 101
    assert "50 more violations" in proof.findings()[-1].message


def test_products_under_no_root(books: Any) -> None:
    """A model with such circles does not load, so they are closed after loading.

    labs, which is part of itself, holds nothing; so nothing is missing without it.
    """
    model = Model.from_dict(books.model)
    part_of = {"retail": ("checkout",), "labs": ("labs",)}
    circles = [replace(node, part_of=part_of.get(node.id, node.part_of)) for node in model.nodes]
    proof = books.prove(model=replace(model, nodes=tuple(circles)))
    assert said(proof, "hierarchy_sums") == [
        ("checkout", None, "", "112.00", "under no root"),
        ("retail", None, "", "28.00", "under no root"),
        ("search", None, "", "30.00", "under no root"),
    ]


class TestNoRows:
    """A check that saw nothing proves nothing, unless there truly was nothing."""

    @pytest.mark.parametrize("blind", CHECKS)
    def test_whichever_check_goes_blind_fails(
        self, books: Any, blind: Check, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        @wraps(blind)
        def sees_nothing(_: Evidence) -> Outcome:
            return Outcome(0)

        assert {each.violations for each in books.prove().checks} == {0}
        checks = tuple(sees_nothing if check is blind else check for check in CHECKS)
        monkeypatch.setattr(invariants, "CHECKS", checks)
        proof = books.prove()
        name = blind.__name__
        assert said(proof, "check_saw_no_rows") == [("", None, "", f"rows for {name}", "none")]
        assert {each.name: each.violations for each in proof.checks if each.violations} == {name: 1}
        assert not proof.holds

    def test_a_result_that_is_lost_fails_every_check_of_its_rows(self, books: Any) -> None:
        books.allocations, books.contributions = [], []
        proof = books.prove()
        assert not proof.holds
        unseen = {row[3] for row in said(proof, "check_saw_no_rows")}
        assert unseen >= {
            f"rows for {name}"
            for name in ("conserved_by_day", "given_is_contributed", "holistic_adds_up")
        }
        assert len(said(proof, "direct_is_recorded")) == 12
        assert "check_saw_no_rows" in {finding.code for finding in proof.findings()}

    def test_a_lost_result_is_caught_without_the_costs(self, books: Any) -> None:
        books.allocations, books.contributions, books.costs = [], [], None
        assert said(books.prove(), "check_saw_no_rows")

    def test_lost_allocations_are_caught(self, books: Any) -> None:
        books.allocations, books.costs = [], None
        unseen = {row[3] for row in said(books.prove(), "check_saw_no_rows")}
        assert "rows for conserved_by_day" in unseen

    def test_lost_contributions_are_caught(self, books: Any) -> None:
        books.contributions = []
        assert {each.type for each in books.prove().violations} == {
            "given_is_contributed",
            "indirect_is_received",
            "edges_are_active",
        }

    def test_a_period_without_cost_is_proven(self, books: Any) -> None:
        books.allocations, books.contributions = [], []
        books.costs = [row for row in books.costs if row["date"] == "2024-01-03"]
        proof = books.prove()
        assert proof.violations == ()
        assert proof.holds
        assert str(proof.raw_infrastructure_cost) == "0.00"
        assert proof.final_cost_centres == proof.infrastructure_nodes == ()

    def test_costs_that_cancel_are_no_cost(self, books: Any) -> None:
        books.allocations, books.contributions = [], []
        row = {"node": "eks", "date": "2024-01-01", "dimension": "compute"}
        books.costs = [{**row, "amount": "5"}, {**row, "amount": "-5"}]
        assert books.prove().holds

    def test_the_run_may_say_that_there_was_no_cost(self, books: Any) -> None:
        books.allocations, books.contributions, books.costs = [], [], None
        books.warnings = [{"code": "no_cost", "message": "", "source": ""}]
        assert books.prove().holds

    def test_cost_without_any_edge_needs_no_contributions(self, write: Any) -> None:
        books = write(
            {"nodes": [{"id": "a", "type": "shared"}]},
            "a 2024-01-01 x 5.00 0.00 5.00 0.00 5.00",
            costs="a 2024-01-01 x 5.00",
        )
        assert books.prove().violations == ()

    def test_without_costs_the_bill_is_not_checked(self, books: Any) -> None:
        books.costs = None
        proof = books.prove()
        assert proof.violations == ()
        assert "direct_is_recorded" not in {check.name for check in proof.checks}
