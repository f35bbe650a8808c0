"""The figures of `A18` to `A21` against results that were worked out by hand."""

import json
from dataclasses import FrozenInstanceError
from datetime import date
from decimal import Decimal, localcontext
from typing import Any

import pytest


def test_every_total_of_a_company_with_a_partial_roll_up(books: Any) -> None:
    proof = books.prove()
    # Per day: 100 + 5 - 20 + 3 + 7 on infrastructure, 10 on checkout.
    assert proof.raw_infrastructure_cost == Decimal("190.00")
    assert proof.product_direct_cost == Decimal("20.00")
    # checkout 70 and search 15, then checkout 42, retail 28 and search 15.
    assert proof.allocated_product_cost == Decimal("170.00")
    assert proof.final_cost_centre_cost == Decimal("128.00")
    assert proof.partial_cost_centre_residual == Decimal("42.00")
    # eks keeps 10, idle 3, unmapped 7, each day.
    assert proof.unallocated_cost == Decimal("40.00")
    assert proof.conservation_delta == 0
    # 60 + 35 - 20 cross over to products, each day.
    assert proof.allocated_from_infrastructure == Decimal("150.00")
    assert proof.coverage_percent == Decimal("78.947368")
    assert proof.violations == ()
    assert proof.holds
    assert proof.findings() == ()


def test_a_residual_that_counts_as_unallocated(books: Any) -> None:
    books.model = {**books.model, "residual": "unallocated"}
    proof = books.prove()
    assert proof.allocated_product_cost == Decimal("128.00")
    assert proof.final_cost_centre_cost == Decimal("128.00")
    assert proof.partial_cost_centre_residual == Decimal("42.00")
    assert proof.unallocated_cost == Decimal("82.00")
    assert proof.unallocated_by_reason["residual of partial cost centres"] == Decimal("42.00")
    assert sum(proof.unallocated_by_reason.values()) == proof.unallocated_cost
    assert proof.conservation_delta == 0
    # Of checkout's 70, 10 are its own bill; so are 6 of the 42 that it keeps, and 36 are not.
    assert proof.allocated_from_infrastructure == Decimal("114.00")
    assert proof.coverage_percent == Decimal("60.000000")
    assert proof.product_costs == {
        "checkout": Decimal("70.00"),
        "retail": Decimal("28.00"),
        "search": Decimal("30.00"),
    }
    assert proof.violations == ()


def test_final_cost_centres_are_those_of_each_day(books: Any) -> None:
    centres = [dict(each) for each in books.prove().final_cost_centres]
    assert centres == [
        {
            "id": "checkout",
            "name": "Checkout",
            "direct_cost": Decimal("10.00"),
            "indirect_cost": Decimal("60.00"),
            "holistic_cost": Decimal("70.00"),
            "days": 1,
        },
        {
            "id": "search",
            "name": "search",
            "direct_cost": Decimal("0.00"),
            "indirect_cost": Decimal("30.00"),
            "holistic_cost": Decimal("30.00"),
            "days": 2,
        },
        {
            "id": "retail",
            "name": "retail",
            "direct_cost": Decimal("0.00"),
            "indirect_cost": Decimal("28.00"),
            "holistic_cost": Decimal("28.00"),
            "days": 1,
        },
    ]


def test_final_cost_centres_by_day(books: Any) -> None:
    rows = books.prove().final_cost_centres_by_day.to_pylist()
    assert [(row["date"].day, row["node"], str(row["holistic"])) for row in rows] == [
        (1, "checkout", "70.00"),
        (1, "search", "15.00"),
        (2, "retail", "28.00"),
        (2, "search", "15.00"),
    ]


def test_partial_cost_centres(books: Any) -> None:
    (partial,) = books.prove().partial_cost_centres
    assert dict(partial) == {"id": "checkout", "name": "Checkout", "residual": Decimal("42.00")}


def test_a_product_that_gives_everything_is_neither_final_nor_partial(books: Any) -> None:
    edges = [dict(edge) for edge in books.model["edges"]]
    edges[-1]["parameters"] = {"percent": 100}
    books.model = {**books.model, "edges": edges}
    day = {"date": "2024-01-02"}
    books.row("allocations", node="checkout", **day).update(given="70.00", retained="0.00")
    books.row("allocations", node="retail", **day).update(
        indirect="70.00", holistic="70.00", retained="70.00"
    )
    books.row("contributions", source="checkout")["amount"] = "70.00"
    proof = books.prove()
    assert proof.violations == ()
    assert proof.partial_cost_centres == ()
    assert proof.partial_cost_centre_residual == 0
    assert [(each.id, each.days) for each in proof.final_cost_centres] == [
        ("checkout", 1),
        ("retail", 1),
        ("search", 2),
    ]


def test_cost_centres_of_equal_cost_are_in_order_of_id(write: Any) -> None:
    model = {"nodes": [{"id": name, "type": "product"} for name in "zab"]}
    books = write(
        model,
        """
        b 2024-01-01 x 5.00 0.00 5.00 0.00 5.00
        z 2024-01-01 x 9.00 0.00 9.00 0.00 9.00
        a 2024-01-01 x 5.00 0.00 5.00 0.00 5.00
        """,
    )
    assert [each.id for each in books.prove().final_cost_centres] == ["z", "a", "b"]


def test_an_internal_product_is_infrastructure(books: Any) -> None:
    proof = books.prove()
    nodes = {each.id: each for each in proof.infrastructure_nodes}
    assert list(nodes) == ["eks", "unmapped:aws", "tools", "idle", "db"]
    tools = nodes["tools"]
    assert (tools.type, tools.direct_cost, tools.given, tools.retained, tools.reason) == (
        "product",
        Decimal("10.00"),
        Decimal("70.00"),
        Decimal("0.00"),
        "",
    )
    assert nodes["db"].given == Decimal("-40.00")
    assert nodes["unmapped:aws"].type == "unmapped"


def test_coverage_is_nothing_without_positive_raw_cost(write: Any) -> None:
    model = {
        "nodes": [{"id": "a", "type": "shared"}, {"id": "p", "type": "product"}],
        "edges": [{"source": "a", "receiver": "p", "strategy": "equal"}],
    }
    books = write(
        model,
        """
        a 2024-01-01 x -5.00  0.00 -5.00 -5.00 0.00
        p 2024-01-01 x  9.00 -5.00  4.00  0.00 4.00
        """,
        "a p 2024-01-01 x -5.00",
    )
    proof = books.prove()
    assert proof.coverage_percent == 0
    assert proof.allocated_from_infrastructure == Decimal("-5.00")
    assert proof.conservation_delta == 0


def test_a_products_own_bill_never_raises_coverage(books: Any) -> None:
    before = books.prove().coverage_percent
    for key, holistic in (("allocations", "1015.00"), ("costs", None)):
        row = {"node": "search", "date": "2024-01-01", "dimension": "compute"}
        if holistic:
            books.row(key, **row).update(direct="1000.00", holistic=holistic, retained=holistic)
        else:
            books.costs.append({**row, "amount": "1000.00", "currency": ""})
    proof = books.prove()
    assert proof.violations == ()
    assert proof.product_direct_cost == Decimal("1020.00")
    assert proof.coverage_percent == before


def test_rows_outside_the_period_do_not_count(books: Any) -> None:
    books.start = books.end = date(2024, 1, 2)
    proof = books.prove()
    assert proof.raw_infrastructure_cost == Decimal("95.00")
    assert [each.id for each in proof.final_cost_centres] == ["retail", "search"]
    assert proof.violations == ()


def test_an_archived_product_is_no_source_any_more(books: Any) -> None:
    nodes = [
        {**node, "archived_on": "2024-01-03"} if node["id"] == "retail" else node
        for node in books.model["nodes"]
    ]
    books.model = {**books.model, "nodes": nodes}
    assert books.prove().violations == ()
    assert [each.id for each in books.prove().partial_cost_centres] == ["checkout"]


def test_sums_are_exact_beyond_the_decimal_context(write: Any) -> None:
    model = {"scale": 9, "nodes": [{"id": name, "type": "product"} for name in ("a", "b")]}
    books = write(
        model,
        """
        a 2024-01-01 x 9223372036.854775807 0 9223372036.854775807 0 9223372036.854775807
        b 2024-01-01 x 0.000000001 0 0.000000001 0 0.000000001
        """,
        scale=9,
    )
    with localcontext() as context:
        context.prec = 5
        proof = books.prove()
    assert str(proof.product_direct_cost) == "9223372036.854775808"
    assert proof.conservation_delta == 0


def test_the_json_has_all_digits_and_plain_values(books: Any) -> None:
    told = json.loads(json.dumps(books.prove().to_dict()))
    assert told["start_date"] == "2024-01-01"
    assert told["raw_infrastructure_cost"] == "190.00"
    assert told["conservation_delta"] == "0.00"
    assert told["coverage_percent"] == "78.947368"
    assert told["final_cost_centres"][1]["direct_cost"] == "0.00"
    assert told["infrastructure_nodes"][0]["retained_by_reason"] == {"shares below 100 %": "20.00"}
    assert told["invariant_violations"] == []
    assert told["graph"]["edges"] == 5
    assert {"name": "conserved_by_day", "rows_seen": 2, "violations": 0} in told["checks"]
    assert "product_costs" not in told


def test_records_cannot_be_changed_and_know_their_keys(books: Any) -> None:
    proof = books.prove()
    with pytest.raises(FrozenInstanceError):
        proof.raw_infrastructure_cost = Decimal(0)
    assert proof["currency"] == "USD"
    assert proof.final_cost_centres[0]["days"] == 1
    with pytest.raises(KeyError):
        proof["product_costs_of_last_year"]


def test_nothing_is_left_on_the_connection(books: Any) -> None:
    connection = books.connect()
    before = connection.execute("SHOW ALL TABLES").fetchall()
    books.prove(connection)
    assert connection.execute("SHOW ALL TABLES").fetchall() == before
    assert books.prove(connection) == books.prove(connection)


def test_columns_may_be_enums_or_plain_texts(books: Any) -> None:
    expected = books.prove()
    connection = books.connect()
    connection.execute(
        """
        CREATE TYPE name AS ENUM (SELECT DISTINCT node FROM allocations ORDER BY node);
        CREATE TYPE kind AS ENUM ('compute');
        CREATE TABLE typed AS SELECT * REPLACE (
            CAST(node AS name) AS node, CAST(dimension AS kind) AS dimension
        ) FROM allocations;
        """
    )
    connection.unregister("allocations")
    connection.execute("CREATE VIEW allocations AS SELECT * FROM typed")
    assert books.prove(connection) == expected
