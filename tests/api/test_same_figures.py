"""Every cost figure of the API is that of the Python API for the same run, and sums agree."""

import io
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

from apportion import Workspace
from apportion.model import NodeType
from apportion.recorded_result import RecordedResult
from apportion.report.links import NAMES, as_data

Ask = Callable[..., TestClient]
FIGURES = ("direct", "indirect", "holistic", "given", "retained")
FORMATS = {
    "arrow": lambda body: pa.ipc.open_stream(body).read_all(),
    "parquet": lambda body: pq.read_table(io.BytesIO(body)),
}


@pytest.fixture
def api(demo: Path, ask: Ask) -> Callable[..., Any]:
    client = ask(demo)

    def get(path: str, **asked: Any) -> Any:
        answer = client.get(f"/api/v1/{path}", params=asked)
        assert answer.status_code == 200, answer.text
        assert "warnings" not in answer.headers
        return answer.json()

    return get


@pytest.fixture
def result(demo: Path) -> RecordedResult:
    return Workspace(demo).result()


def total(rows: list[dict[str, Any]], name: str) -> Decimal:
    return sum((Decimal(row[name]) for row in rows), Decimal(0))


def in_order(table: pa.Table) -> list[dict[str, Any]]:
    names = sorted(name for name in table.column_names if name != "currency")
    keys = [(name, "ascending") for name in names if not pa.types.is_decimal(table[name].type)]
    return table.select(names).sort_by(keys).to_pylist()


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("path", ["allocations", "contributions", "warnings"])
def test_tables_are_those_of_the_result(
    demo: Path, ask: Ask, result: RecordedResult, path: str, name: str
) -> None:
    answer = ask(demo).get(f"/api/v1/{path}", params={"format": name})
    expected = getattr(result, path)
    found = FORMATS[name](answer.content)
    assert found.num_rows == expected.num_rows > 0
    assert in_order(found) == in_order(expected)


def test_pages_put_together_are_the_whole(api: Callable[..., Any], result: RecordedResult) -> None:
    rows, cursor, pages = [], "", 0
    asked = {"start_date": "2024-02-27", "end_date": "2024-03-02", "limit": 700}
    while cursor is not None:
        page = api("contributions", **asked, cursor=cursor)
        rows += page["rows"]
        cursor, pages = page["next"], pages + 1
    assert pages > 3
    keys = [(row["date"], row["dimension"], row["source"], row["receiver"]) for row in rows]
    assert keys == sorted(set(keys))
    assert len(rows) == page["total_rows"]
    assert page["totals"] == {}


def test_reconciliation_is_the_proof(api: Callable[..., Any], result: RecordedResult) -> None:
    said = api("debug/reconciliation")
    proof = result.reconciliation().to_dict()
    assert {name: said[name] for name in proof} == proof
    assert said["conservation_delta"] == "0.000000000"


def test_the_proof_begins_at_the_files(api: Callable[..., Any], demo: Path) -> None:
    workspace = Workspace(demo)
    result = workspace.result()
    found = workspace.links(result, result.reconciliation())
    said = api("debug/reconciliation")
    assert said["links"] == as_data(found)
    # Costs that the run converted are held to what it read by the proof itself.
    assert {each["link"] for each in said["links"]} == {*NAMES} - {"costs_are_read"}
    assert all(each["holds"] for each in said["links"])
    # A line has no kind of cost before a rule gives it one.
    assert api("debug/reconciliation", dimensions="Compute")["links"] == []


def test_sums_agree_across_paths(api: Callable[..., Any]) -> None:
    proof = api("debug/reconciliation")
    came_in = Decimal(proof["raw_infrastructure_cost"]) + Decimal(proof["product_direct_cost"])
    allocated = Decimal(proof["allocated_product_cost"])
    for path, asked in (
        ("nodes", {"limit": 1000}),
        ("costs/by-type", {}),
        ("costs/by-label", {"key": "team"}),
        ("allocations", {"limit": 1}),
    ):
        said = api(path, **asked)
        assert Decimal(said["totals"]["direct"]) == came_in, path
        assert Decimal(said["totals"]["retained"]) == came_in, path
    for path, asked in (("costs/by-type", {}), ("costs/by-label", {"key": "team"})):
        rows = api(path, **asked)["rows"]
        assert total(rows, "direct") == total(rows, "retained") == came_in
    infrastructure = api("infrastructure")
    assert Decimal(infrastructure["direct_cost"]) == Decimal(proof["raw_infrastructure_cost"])
    assert Decimal(infrastructure["retained"]) == Decimal(proof["unallocated_cost"])
    assert Decimal(api("products")["total"]) == allocated
    assert Decimal(api("products/hierarchy")["total_cost"]) == allocated


def products_of(tree: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for one in tree for each in (one, *products_of(one["children"]))]


def test_the_hierarchy_says_what_the_rows_do(
    api: Callable[..., Any], result: RecordedResult
) -> None:
    said = api("products/hierarchy", trend=True)
    assert said["summary"]["sanity_check_passed"] is True
    assert said["summary"]["sanity_check_warnings"] == []
    nodes = {row["node"]: row for row in api("nodes", limit=1000)["rows"]}
    products = [each for each in products_of(said["products"]) if not each["again"]]
    declared = [node.id for node in result.model.nodes if node.type is NodeType.PRODUCT]
    assert sorted(product["id"] for product in products) == sorted(declared)
    for product in products:
        row = nodes.get(product["id"], dict.fromkeys(FIGURES, "0.000000000"))
        assert [product[f"{name}_cost"] for name in FIGURES] == [row[name] for name in FIGURES]
        for name in ("holistic", "retained"):
            by_day = total(product["trend"], f"{name}_cost")
            assert by_day == Decimal(product[f"{name}_cost"])
    summary = said["summary"]
    proof = api("debug/reconciliation")
    assert summary["product_count"] == proof["graph"]["products"]
    same = ("allocated_product_cost", "raw_infrastructure_cost", "unallocated_cost")
    assert [summary[name] for name in same] == [proof[name] for name in same]


def test_a_node_is_the_sum_of_its_parts(api: Callable[..., Any]) -> None:
    for name in ("kubernetes-prod", "journey-search", "rail"):
        node = api(f"nodes/{name}")
        assert total(node["contributions_in"], "amount") == Decimal(node["indirect_cost"])
        assert total(node["contributions_out"], "amount") == Decimal(node["given_cost"])
        assert total(node["edges_in"], "amount") == Decimal(node["indirect_cost"])
        assert total(node["edges_out"], "amount") == Decimal(node["given_cost"])
        series = api(f"nodes/{name}/timeseries")
        for figure in FIGURES:
            assert total(series["cost"], figure) == Decimal(node[f"{figure}_cost"])
            assert total(node["dimensions"], f"{figure}_cost") == Decimal(node[f"{figure}_cost"])


def test_csv_has_the_same_rows_and_sums(api: Callable[..., Any], demo: Path, ask: Ask) -> None:
    answer = ask(demo).get("/api/v1/nodes?format=csv")
    texts = pa.csv.ConvertOptions(column_types=dict.fromkeys(FIGURES, pa.string()))
    table = pa.csv.read_csv(io.BytesIO(answer.content), convert_options=texts)
    rows = api("nodes", limit=1000)["rows"]
    for name in FIGURES:
        assert table[name].to_pylist() == [row[name] for row in rows]


def test_a_filter_shows_what_it_names(api: Callable[..., Any]) -> None:
    whole = {row["node"]: row for row in api("nodes", limit=1000)["rows"]}
    said = api("nodes", nodes=["rail", "checkout"])
    assert said["rows"] == [whole["rail"], whole["checkout"]]
    dimensions = api("nodes/rail")["dimensions"]
    parts = [api("nodes", nodes="rail", dimensions=each["dimension"]) for each in dimensions]
    assert len(parts) > 3
    assert sum(Decimal(each["rows"][0]["holistic"]) for each in parts) == Decimal(
        whole["rail"]["holistic"]
    )
