"""`show products` has a row for every product, and no total adds up what flows twice."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

Apportion = Callable[..., Any]
JANUARY = ("--from", "2024-01", "--to", "2024-01")


@pytest.fixture
def serving(acme: Path, apportion: Apportion) -> Apportion:
    """A workspace in which Checkout, which gives on all it has, counts as infrastructure."""
    model = acme / "model" / "company.yaml"
    text = model.read_text(encoding="utf-8")
    line = next(each for each in text.splitlines() if "id: checkout" in each)
    changed = line.replace("}", ", infrastructure: true}")
    assert changed != line
    model.write_text(text.replace(line, changed), encoding="utf-8")
    assert apportion("run", *JANUARY).status == 0
    return apportion


def test_a_product_that_passes_on_all_it_has_has_a_row(acme: Path, apportion: Apportion) -> None:
    found = json.loads(apportion("-w", str(acme), "show", "products", "--json").out)
    (row,) = [each for each in found["products"] if each["id"] == "checkout"]
    assert Decimal(row["holistic"]) == Decimal(row["given"]) > 8_000
    assert Decimal(row["own"]) == 0
    assert found["runs"]


def test_products_that_serve_others_are_in_a_table_of_their_own(serving: Apportion) -> None:
    found = json.loads(serving("show", "products", "--json").out)
    (row,) = found["infrastructure"]
    assert (row["id"], found["without_cost"]) == ("checkout", [])
    assert Decimal(row["holistic"]) == Decimal(row["given"]) > 8_000
    said = serving("show", "products").out
    assert "Product that serves others" in said
    assert "had no cost" not in said


@pytest.mark.usefixtures("acme")
def test_what_has_no_cost_had_none(apportion: Apportion) -> None:
    days = ("--from", "2024-01-01", "--to", "2024-01-01")
    found = json.loads(apportion("show", "products", *days, "--json").out)
    nodes = json.loads(apportion("show", "nodes", *days, "--json").out)["rows"]
    had = {row["node"] for row in nodes if Decimal(row["holistic"])}
    assert had.isdisjoint(found["without_cost"])


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("listing", ["edges", "contributions"])
def test_what_flows_along_edges_has_no_total(apportion: Apportion, listing: str) -> None:
    assert "Total" not in apportion("show", listing).out
    assert json.loads(apportion("show", listing, "--json").out)["totals"] == {}


@pytest.mark.usefixtures("acme")
def test_one_nodes_contributions_say_what_it_received_and_passed_on(apportion: Apportion) -> None:
    command = ("show", "contributions", "--node", "search")
    found = json.loads(apportion(*command, "--json").out)
    sums = {
        name: sum(Decimal(row["amount"]) for row in found["rows"] if row[end] == "search")
        for name, end in (("received", "receiver"), ("given", "source"))
    }
    assert {name: Decimal(each) for name, each in found["node_totals"].items()} == sums
    received, given = (f"{sums[name]:,.2f}" for name in ("received", "given"))
    said = apportion(*command).out
    assert f"In all Search received {received} USD and passed on {given} USD." in said
    assert "node_totals" not in apportion(*command, "--node", "shop", "--json").out


@pytest.mark.usefixtures("acme")
def test_the_table_fits_a_hundred_columns(apportion: Apportion) -> None:
    assert max(map(len, apportion("show", "products").out.splitlines())) <= 100
