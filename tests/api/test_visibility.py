"""A viewer limited to products sees those: their rows, totals of them alone, no other name."""

import csv
import io
import json
import os
from collections.abc import Callable
from dataclasses import fields
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

import apportion
from apportion import database
from apportion.access import Kind, Principal, Role
from apportion.api.visibility import narrowed_charges, narrowed_model, narrowed_result

Ask = Callable[..., TestClient]
SEEN = frozenset({"search", "checkout"})
HIDDEN = ("reports", "shop")
INFRASTRUCTURE = ("servers", "database", "monitoring", "cluster")


class AsSomebody:
    """Puts who asks into the place of whoever the server would find."""

    def __init__(self, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
        self.client, self.monkeypatch = client, monkeypatch

    def limited_to(self, *products: str) -> TestClient:
        who = Principal("limited", Role.VIEWER, frozenset(products), Kind.TOKEN, "1" * 12)
        self.monkeypatch.setattr("apportion.api.layers.authentication.LOCAL", who)
        return self.client

    def unlimited(self) -> TestClient:
        who = Principal("viewer", Role.VIEWER, None, Kind.TOKEN, "0" * 12)
        self.monkeypatch.setattr("apportion.api.layers.authentication.LOCAL", who)
        return self.client


@pytest.fixture
def being(small: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> AsSomebody:
    return AsSomebody(ask(small), monkeypatch)


def rows(client: TestClient, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(path).json()["rows"]
    return found


def summed(found: list[dict[str, Any]], name: str) -> Decimal:
    return sum((Decimal(row[name]) for row in found), Decimal(0))


@pytest.mark.parametrize("path", ["nodes", "allocations"])
def test_rows_and_totals_are_those_of_its_products(being: AsSomebody, path: str) -> None:
    everything = rows(being.unlimited(), f"/api/v1/{path}?limit=100000")
    answer = being.limited_to(*SEEN).get(f"/api/v1/{path}?limit=100000").json()
    assert answer["rows"] == [row for row in everything if row["node"] in SEEN]
    assert 0 < answer["total_rows"] == len(answer["rows"]) < len(everything)
    for name, total in answer["totals"].items():
        assert Decimal(total) == summed(answer["rows"], name)


def test_contributions_are_those_it_received_without_shares(being: AsSomebody) -> None:
    path = "/api/v1/contributions?limit=100000"
    everything = rows(being.unlimited(), path)
    answer = being.limited_to(*SEEN).get(path).json()
    received = [row for row in everything if row["receiver"] in SEEN]
    assert answer["rows"] == [{**row, "share": None} for row in received]
    assert any(row["share"] for row in received)
    assert answer["totals"] == {}


def test_what_it_gave_on_is_seen_in_all_though_not_to_whom(being: AsSomebody) -> None:
    path = "/api/v1/contributions?limit=100000&nodes=search"
    everything = being.unlimited().get(path).json()
    answer = being.limited_to("search").get(path).json()
    assert answer["node_totals"] == everything["node_totals"]
    given = [row for row in everything["rows"] if row["source"] == "search"]
    assert Decimal(answer["node_totals"]["given"]) == summed(given, "amount") > 0
    assert Decimal(answer["node_totals"]["received"]) == summed(answer["rows"], "amount") > 0


def test_products_are_its_own_and_stand_under_no_other(being: AsSomebody) -> None:
    everything = being.unlimited().get("/api/v1/products").json()
    answer = being.limited_to("search").get("/api/v1/products").json()
    (mine,) = [each for each in everything["products"] if each["id"] == "search"]
    assert mine["part_of"] == ["shop"]
    (line,) = answer["products"]
    assert line == {**mine, "part_of": [], "depth": 0}
    assert answer["total"] == line["own"] != everything["total"]


def test_what_cannot_be_seen_is_unknown_and_not_nothing(being: AsSomebody) -> None:
    path = "/api/v1/products/hierarchy"
    of_infrastructure = ("raw_infrastructure_cost", "unallocated_cost", "coverage_percent")
    whole = being.unlimited().get(path).json()["summary"]
    mine = being.limited_to("search").get(path).json()["summary"]
    assert whole["sanity_check_passed"] is True
    assert [name for name in of_infrastructure if whole[name] is None] == []
    for name in (*of_infrastructure, "sanity_check_passed"):
        assert mine[name] is None, name
    assert mine["sanity_check_warnings"] == []
    assert Decimal(mine["allocated_product_cost"]) > 0


@pytest.mark.parametrize("path", ["products", "nodes", "allocations", "contributions"])
@pytest.mark.parametrize("form", ["json", "csv"])
def test_no_other_product_is_named(being: AsSomebody, path: str, form: str) -> None:
    text = being.limited_to("search").get(f"/api/v1/{path}?format={form}").text
    if form == "json":
        said = json.dumps(json.loads(text)["products" if path == "products" else "rows"])
    else:
        said = "\n".join(",".join(row) for row in csv.reader(io.StringIO(text)))
    assert "search" in said
    assert not [name for name in (*HIDDEN, "checkout") if name in said.lower()]


@pytest.mark.parametrize("name", [*HIDDEN, *INFRASTRUCTURE, "unmapped:x", "nothing"])
@pytest.mark.parametrize("path", ["nodes", "allocations", "contributions", "products"])
def test_asking_for_another_is_asking_for_what_is_not_there(
    being: AsSomebody, path: str, name: str
) -> None:
    client = being.limited_to("search")
    answer = client.get(f"/api/v1/{path}", params={"nodes": name})
    nothing = client.get(f"/api/v1/{path}", params={"nodes": "zzz"})
    assert answer.status_code == nothing.status_code
    said, plain = (json.dumps(each.json()["findings"]) for each in (answer, nothing))
    assert said.replace(name, "zzz") == plain


def test_a_misspelt_name_is_not_answered_with_another_product(being: AsSomebody) -> None:
    hidden = being.limited_to("search").get("/api/v1/nodes?nodes=checkou").text
    assert "checkout" not in hidden
    assert (
        "Did you mean 'checkout'?"
        in being.limited_to(*SEEN).get("/api/v1/nodes?nodes=checkou").text
    )


@pytest.mark.parametrize("products", [(), ("nothing",), INFRASTRUCTURE])
def test_who_is_limited_to_no_product_of_the_model_sees_nothing(
    being: AsSomebody, products: tuple[str, ...]
) -> None:
    client = being.limited_to(*products)
    for path in ("nodes", "allocations", "contributions"):
        answer = client.get(f"/api/v1/{path}").json()
        assert (answer["rows"], answer["total_rows"]) == ([], 0)
    assert client.get("/api/v1/products").json()["products"] == []


def test_what_one_was_answered_is_not_remembered_for_another(being: AsSomebody) -> None:
    path = "/api/v1/nodes"
    seen = {
        who: [row["node"] for row in rows(being.limited_to(who), path)]
        for who in ("search", "reports", "search")
    }
    assert seen == {"search": ["search"], "reports": ["reports"]}
    whole = being.unlimited().get(path)
    mine = being.limited_to("search").get(path, headers={"If-None-Match": whole.headers["ETag"]})
    assert mine.status_code == 200
    assert mine.headers["ETag"] != whole.headers["ETag"]


def test_every_way_to_read_a_narrowed_result_is_narrow(small: Path) -> None:
    whole = apportion.Workspace(os.fspath(small)).result()
    narrow = narrowed_result(whole, frozenset({"search"}))
    assert set(narrow.allocations["node"].to_pylist()) == {"search"}
    assert set(narrow.contributions["receiver"].to_pylist()) == {"search"}
    assert narrow.warnings.num_rows == 0
    cursor = database.beside(narrow.connect())
    for view in ("allocations", "contributions", "costs", "warnings", "reconciliations"):
        assert cursor.view(view).count("*").fetchall()[0][0] <= narrow.contributions.num_rows
    assert narrowed_result(whole, None) is whole


def test_a_narrowed_model_names_nobody_else() -> None:
    model = apportion.Model.from_dict(
        {
            "nodes": [
                {"id": "servers", "type": "resource"},
                *({"id": name, "type": "product"} for name in ("retail", "cart", "pay", "old")),
                {"id": "search", "type": "product", "part_of": ["retail", "cart"]},
            ],
            "edges": [
                {"source": "servers", "receiver": "search", "strategy": "equal"},
                {"source": "search", "receiver": "pay", "strategy": "equal"},
                {"source": "cart", "receiver": "search", "strategy": "equal"},
            ],
            "mapping": [{"when": {"all": []}, "node": "pay", "dimension": "x"}],
            "organisation_types": [{"id": "local"}],
            "organisations": [{"id": "north", "type": "local"}, {"id": "south", "type": "local"}],
            "accounts": [
                {"id": "a", "organisation": "north", "product": "search"},
                {"id": "b", "organisation": "south", "product": "pay"},
                {"id": "c", "organisation": "south"},
            ],
        }
    )
    narrow = narrowed_model(model, frozenset({"search", "servers", "cart", "nothing"}))
    assert [(node.id, node.part_of) for node in narrow.nodes] == [
        ("cart", ()),
        ("search", ("cart",)),
    ]
    # It is still known that they give on, which decides what they keep.
    assert [(edge.source, edge.receiver) for edge in narrow.edges] == [("cart", ""), ("search", "")]
    assert [account.id for account in narrow.accounts] == ["a"]
    assert [organisation.id for organisation in narrow.organisations] == ["north"]
    said = repr([getattr(narrow, each.name) for each in fields(narrow)])
    hidden = ("servers", "retail", "pay", "old", "south")
    assert not [name for name in hidden if f"'{name}'" in said]


def test_a_parent_is_seen_with_all_below_it_at_any_depth() -> None:
    below = {"retail": [], "web": ["retail"], "search": ["web", "labs"], "labs": []}
    model = apportion.Model.from_dict(
        {
            "nodes": [
                {"id": name, "type": "product", **({"part_of": parents} if parents else {})}
                for name, parents in below.items()
            ],
            "organisation_types": [{"id": "local"}],
            "organisations": [{"id": "north", "type": "local"}],
            "accounts": [{"id": "a", "organisation": "north", "product": "search"}],
        }
    )
    narrow = narrowed_model(model, frozenset({"retail"}))
    assert {node.id: node.part_of for node in narrow.nodes} == {
        "retail": (),
        "web": ("retail",),
        "search": ("web",),
    }
    assert [account.id for account in narrow.accounts] == ["a"]
    assert [node.id for node in narrowed_model(model, frozenset({"search"})).nodes] == ["search"]


def test_a_limited_viewer_of_a_parent_reads_what_all_read_of_it(being: AsSomebody) -> None:
    def subtree(client: TestClient) -> str:
        found = client.get("/api/v1/products").json()["products"]
        (shop,) = [each for each in found if each["id"] == "shop"]
        return str(shop["subtree"])

    everybody = subtree(being.unlimited())
    assert subtree(being.limited_to("shop")) == everybody
    assert Decimal(everybody) > 0


@pytest.mark.parametrize("path", ["nodes", "contributions"])
def test_a_viewer_of_a_parent_lists_the_rows_below_it(being: AsSomebody, path: str) -> None:
    answer = being.limited_to("shop").get(f"/api/v1/{path}?limit=100000").json()
    bearers = {row.get("node") or row["receiver"] for row in answer["rows"]}
    assert "search" in bearers
    assert bearers.isdisjoint(INFRASTRUCTURE)


def test_what_a_product_keeps_does_not_depend_on_who_asks(
    small: Path, own: Callable[[Path], Path], ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = own(small)
    settings = folder / "apportion.yaml"
    text = settings.read_text(encoding="utf-8")
    assert "residual: allocated" in text
    settings.write_text(text.replace("residual: allocated", "residual: unallocated"))
    apportion.Workspace(os.fspath(folder)).run(date(2024, 1, 1), date(2024, 1, 31))
    being = AsSomebody(ask(folder), monkeypatch)
    whole = being.unlimited().get("/api/v1/products").json()
    narrow = being.limited_to("search").get("/api/v1/products").json()
    owned = {each["id"]: each["own"] for each in whole["products"]}
    kept = {each["id"]: each["own"] for each in narrow["products"]}
    assert kept == {name: own for name, own in owned.items() if name == "search"}
    assert narrow["kept_unallocated"] == [
        name for name in whole["kept_unallocated"] if name == "search"
    ]
    assert whole["kept_unallocated"] == ["search"]


def test_charges_are_those_of_its_accounts(platform: Path) -> None:
    whole = apportion.Workspace(os.fspath(platform)).charges()
    products = sorted({each.product for each in whole.model.accounts if each.product})
    assert len(products) > 1
    mine = {each.id for each in whole.model.accounts if each.product == products[0]}
    narrow = narrowed_charges(whole, frozenset(products[:1]))
    assert set(narrow.rows["account"].to_pylist()) <= mine
    assert 0 < narrow.rows.num_rows < whole.rows.num_rows
    assert {each.id for each in narrow.model.accounts} == mine
    other = next(each.id for each in whole.model.accounts if each.product == products[1])
    year = whole.rows["year"][0].as_py()
    assert whole.monthly(other, year).num_rows
    with pytest.raises(apportion.UsageError) as caught:
        narrow.monthly(other, year)
    assert [each.code for each in caught.value.findings] == ["unknown_account"]
