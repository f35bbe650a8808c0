"""What one question answers is what the others sum to."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from roll_up import FIRST, SECOND, texts

import apportion as ap
from apportion.report.costs_by_label import costs_by_label
from apportion.report.costs_by_type import costs_by_type
from apportion.report.edges import edges
from apportion.report.infrastructure import as_data as infrastructure_data
from apportion.report.infrastructure import flat, infrastructure
from apportion.report.listing import Wanted
from apportion.report.node import as_data as node_data
from apportion.report.node import node
from apportion.report.timeseries import cost_by_day


def rows(listing: Any, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(texts([row[name] for name in columns])) for row in listing.rows.to_pylist()]


def test_costs_by_type(result: ap.Result, wanted: Wanted) -> None:
    found = costs_by_type(result.connect(), result.model, wanted, "USD")
    assert rows(found, "type", "nodes", "direct", "given", "retained") == [
        ("platform", 1, "200.00", "180.00", "20.00"),
        ("product", 4, "30.00", "98.00", "174.00"),
        ("unmapped", 1, "14.00", "0.00", "14.00"),
        ("resource", 1, "6.00", "0.00", "6.00"),
        ("shared", 1, "-36.00", "-36.00", "0.00"),
    ]
    proof = result.reconciliation()
    came_in = proof.raw_infrastructure_cost + proof.product_direct_cost
    went = proof.allocated_product_cost + proof.unallocated_cost
    assert dict(found.totals) == {"direct": came_in, "retained": went}


def test_costs_by_label(result: ap.Result, wanted: Wanted) -> None:
    found = costs_by_label(result.connect(), result.model, wanted, "team", "USD")
    assert rows(found, "value", "nodes", "direct", "retained") == [
        ("core", 3, "216.00", "26.00"),
        ("", 4, "34.00", "188.00"),
        ("data", 1, "-36.00", "0.00"),
    ]
    assert set(found.totals.values()) == {Decimal("214.00")}


def test_a_label_that_no_node_has(result: ap.Result, wanted: Wanted) -> None:
    with pytest.raises(ap.UsageError, match=r"No node has a label 'tema'.*Did you mean 'team'"):
        costs_by_label(result.connect(), result.model, wanted, "tema", "USD")


def test_infrastructure_says_to_whom_and_why(result: ap.Result, wanted: Wanted) -> None:
    proof = result.reconciliation()
    found = infrastructure(result.connect(), result.model, wanted, "USD", 2, proof)
    nodes = {each["id"]: texts(each) for each in infrastructure_data(found)["nodes"]}
    assert list(nodes) == ["eks", "unmapped:aws", "tools", "idle", "db"]
    assert nodes["eks"] == {
        "id": "eks",
        "name": "EKS",
        "type": "platform",
        "direct_cost": "200.00",
        "indirect_cost": "0.00",
        "holistic_cost": "200.00",
        "given": "180.00",
        "retained": "20.00",
        "reason": "shares below 100 %",
        "receivers": [
            {"receiver": "checkout", "name": "Checkout", "amount": "120.00", "share": 0.6},
            {"receiver": "tools", "name": "tools", "amount": "60.00", "share": 0.3},
        ],
    }
    assert (nodes["idle"]["reason"], nodes["unmapped:aws"]["type"]) == ("no edges", "unmapped")
    assert found.retained == proof.unallocated_cost
    assert found.direct_cost == proof.raw_infrastructure_cost
    for each in found.nodes:
        assert sum(to.amount for to in each.receivers) == each.given
    names, lines = flat(found)
    given = [line[names.index("receiver")] for line in lines]
    assert given == ["checkout", "tools", None, "search", None, "search"]


SHARES = {"a": 0.41, "b": 0.29, "c": 0.07, "d": 0.057, "e": 0.013, "f": 0.0003}


def test_a_share_of_sums_is_told_without_the_noise_of_floats() -> None:
    """94 % of what a year summed to was given as 0.9399999999999998."""
    days = [date(2024, 1, day) for day in range(1, 32)]
    model = ap.Model.from_dict(
        {
            "settings": {"currency": "USD", "scale": 9},
            "nodes": [
                {"id": "eks", "type": "platform"},
                *({"id": each, "type": "product"} for each in SHARES),
            ],
            "edges": [
                edge("eks", receiver, f"{share * 100:.12g}") for receiver, share in SHARES.items()
            ],
        }
    )
    costs = [
        {"node": "eks", "date": day, "dimension": "d", "amount": f"{day.day * 7919}.37"}
        for day in days
    ]
    nothing = pa.table({name: pa.array([], pa.string()) for name in ("node", "metric", "value")})
    nothing = nothing.append_column("date", pa.array([], pa.date32()))
    result = ap.attribute(model, pa.Table.from_pylist(costs), nothing, days[0], days[-1])
    wanted = Wanted(days[0], days[-1])
    (eks,) = infrastructure(result.connect(), model, wanted, "USD", 9).nodes
    given = {each.receiver: each.share for each in eks.receivers}
    listed = {
        row["receiver"]: row["share"]
        for row in edges(result.connect(), model, wanted, "USD").rows.to_pylist()
    }
    of_node = {
        each.receiver: each.share
        for each in node(result.connect(), model, wanted, "eks", "USD", 9).edges_out
    }
    assert given == listed == of_node == SHARES


def edge(source: str, receiver: str, percent: str) -> dict[str, Any]:
    parameters = {"percent": percent}
    return {
        "source": source, "receiver": receiver, "strategy": "fixed_percent",
        "parameters": parameters,
    }  # fmt: skip


def test_some_of_the_infrastructure(result: ap.Result, wanted: Wanted) -> None:
    some = replace(wanted, nodes=("db", "search"), dimensions=("storage",))
    (db,) = infrastructure(result.connect(), result.model, some, "USD", 2).nodes
    assert (db.id, str(db.given), db.reason) == ("db", "4.00", "")
    assert [(each.receiver, str(each.amount)) for each in db.receivers] == [("search", "4.00")]


def test_a_node_with_its_edges_and_what_came_and_went(result: ap.Result, wanted: Wanted) -> None:
    found = node(result.connect(), result.model, wanted, "checkout", "USD", 2)
    said = texts(node_data(found))
    assert (said["name"], said["type"], said["part_of"]) == ("Checkout", "product", ["retail"])
    assert (said["holistic_cost"], said["given_cost"], said["days"]) == ("140.00", "28.00", 2)
    (came,), (went,) = said["edges_in"], said["edges_out"]
    assert (came["source"], came["amount"], came["share"]) == ("eks", "120.00", 0.6)
    assert went == {
        "source": "checkout",
        "receiver": "retail",
        "strategy": "fixed_percent",
        "parameters": {"percent": "40"},
        "on_zero_usage": None,
        "overrides": [],
        "first": SECOND,
        "last": SECOND,
        "share": 0.4,
        "amount": "28.00",
    }
    assert said["contributions_in"] == [
        {"source": "eks", "dimension": "compute", "amount": "120.00"}
    ]
    assert said["contributions_out"] == [
        {"receiver": "retail", "dimension": "compute", "amount": "28.00"}
    ]


def test_what_came_to_a_node_is_told_by_dimension(result: ap.Result, wanted: Wanted) -> None:
    found = node(result.connect(), result.model, wanted, "search", "USD", 2)
    came = [(each.source, each.dimension, str(each.amount)) for each in found.contributions_in]
    assert came == [
        ("tools", "compute", "70.00"),
        ("db", "storage", "4.00"),
        ("db", "compute", "-40.00"),
    ]
    assert {name: str(each.retained_cost) for name, each in found.dimensions.items()} == {
        "compute": "30.00",
        "storage": "4.00",
    }
    storage = replace(wanted, dimensions=("storage",))
    alone = node(result.connect(), result.model, storage, "search", "USD", 2)
    assert str(alone.figures.indirect_cost) == "4.00"


def test_nodes_without_cost_and_without_declaration(result: ap.Result, wanted: Wanted) -> None:
    labs = node_data(node(result.connect(), result.model, wanted, "labs", "USD", 2))
    assert (str(labs["holistic_cost"]), labs["days"]) == ("0.00", 0)
    unmapped = node_data(node(result.connect(), result.model, wanted, "unmapped:aws", "USD", 2))
    assert (unmapped["type"], str(unmapped["retained_cost"])) == ("unmapped", "14.00")
    with pytest.raises(ap.UsageError, match="no node 'lab'"):
        node(result.connect(), result.model, wanted, "lab", "USD", 2)


def test_a_nodes_days_sum_to_its_figures(result: ap.Result, wanted: Wanted) -> None:
    found = cost_by_day(result.connect(), wanted, "checkout", "USD")
    assert rows(found, "date", "direct", "indirect", "given", "retained") == [
        (FIRST, "10.00", "60.00", "0.00", "70.00"),
        (SECOND, "10.00", "60.00", "28.00", "42.00"),
    ]
    whole = node(result.connect(), result.model, wanted, "checkout", "USD", 2).figures
    assert found.totals["retained"] == whole.retained_cost


def test_a_viewer_of_some_nodes_sees_their_sums(
    result: ap.Result, wanted: Wanted, only: Callable[..., Any]
) -> None:
    connection = only(result, "checkout", "search")
    by_type = costs_by_type(connection, result.model, wanted, "USD")
    assert dict(texts(dict(by_type.totals))) == {"direct": "20.00", "retained": "146.00"}
    found = node(connection, result.model, wanted, "search", "USD", 2)
    assert found.contributions_in == ()
    assert infrastructure(connection, result.model, wanted, "USD", 2).nodes == ()
