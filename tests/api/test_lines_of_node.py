"""Lines of bills over HTTP: in pages and formats, and to limited viewers those of their nodes."""

import csv
import io
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

import apportion
from apportion.access import Kind, Principal, Role

Ask = Callable[..., TestClient]
JANUARY = {"start_date": "2024-01-01", "end_date": "2024-01-31"}
OF_SEARCH = """node,date,dimension,amount,currency,team
search,2024-01-02,Licences,10.25,USD,alpha
search,2024-01-03,Licences,-0.255,USD,=beta
checkout,2024-01-03,Licences,7.00,USD,gamma
"""


@pytest.fixture
def company(small: Path, own: Callable[[Path], Path]) -> Path:
    """The small workspace, in which products have cost of their own."""
    folder = own(small)
    (folder / "own.csv").write_text(OF_SEARCH, encoding="utf-8")
    apportion.Workspace(folder).ingest("costs", folder / "own.csv", source="own")
    return folder


@pytest.fixture
def client(company: Path, ask: Ask) -> TestClient:
    return ask(company)


def test_lines_sum_to_the_direct_cost(client: TestClient) -> None:
    answer = client.get("/api/v1/nodes/servers/lines", params=JANUARY).json()
    (proof,) = answer["sums"]
    assert proof["holds"] is True
    assert Decimal(proof["lines_cost"]) == Decimal(proof["direct_cost"]) == Decimal("15461.66")
    assert sum(Decimal(row["cost_within"]) for row in answer["rows"]) == Decimal("15461.66")
    assert answer["total_rows"] == len(answer["rows"]) == proof["lines"]
    assert (answer["next"], answer["warnings"]) == (None, [])
    sizes = [abs(Decimal(row["cost"])) for row in answer["rows"]]
    assert sizes == sorted(sizes, reverse=True)


def test_python_says_the_same(client: TestClient, company: Path) -> None:
    served = client.get("/api/v1/nodes/search/lines").json()
    found = apportion.Workspace(company).lines("search")
    assert [row["line"] for row in served["rows"]] == found.table["line"].to_pylist() == [2, 3]
    assert (served["start_date"], served["end_date"]) == ("2024-01-02", "2024-01-03")
    assert served["rows"][0]["other"] == {"team": "alpha"}


def test_pages_have_every_line_once(client: TestClient) -> None:
    path = "/api/v1/nodes/servers/lines"
    whole = client.get(path, params=JANUARY).json()["rows"]
    pages, asked = [], {**JANUARY, "limit": "25"}
    while True:
        page = client.get(path, params=asked).json()
        pages += page["rows"]
        if not page["next"]:
            break
        asked["cursor"] = page["next"]
    assert len(whole) > 50
    assert pages == whole


def test_a_cursor_of_another_question_or_of_before_is_refused(
    client: TestClient, company: Path
) -> None:
    cursor = client.get("/api/v1/nodes/servers/lines?limit=1").json()["next"]
    others = [("database", {}), ("servers", {"dimensions": "Compute"})]
    for node, asked in others:
        answer = client.get(f"/api/v1/nodes/{node}/lines", params={**asked, "cursor": cursor})
        assert answer.status_code == 422
    (company / "more.csv").write_text(OF_SEARCH.replace("2024", "2023"), encoding="utf-8")
    apportion.Workspace(company).ingest("costs", company / "more.csv", source="more")
    again = client.get("/api/v1/nodes/servers/lines", params={"cursor": cursor})
    assert again.status_code == 422


@pytest.mark.parametrize("form", ["csv", "arrow", "parquet"])
def test_other_formats_have_the_same_lines(client: TestClient, form: str) -> None:
    content = client.get("/api/v1/nodes/search/lines", params={"format": form}).content
    if form == "csv":
        rows = list(csv.DictReader(io.StringIO(content.decode())))
        assert [json.loads(row["other"]) for row in rows] == [{"team": "alpha"}, {"team": "=beta"}]
        assert [row["cost"] for row in rows] == [f"10.25{'0' * 22}", f"-0.255{'0' * 21}"]
    else:
        read = pa.ipc.open_stream(content).read_all() if form == "arrow" else None
        table = pq.read_table(io.BytesIO(content)) if read is None else read
        assert table["cost"].to_pylist() == [Decimal("10.25"), Decimal("-0.255")]
        assert table["other"].to_pylist()[0] == [("team", "alpha")]
        assert table["node"].to_pylist() == ["search", "search"]


def test_what_is_not_there_and_what_has_no_cost(client: TestClient) -> None:
    unknown = client.get("/api/v1/nodes/serverz/lines")
    assert unknown.status_code == 404
    assert unknown.json()["findings"][0]["remedy"] == "Did you mean 'servers'?"
    assert client.get("/api/v1/nodes/servers/lines?dimensions=zzz").status_code == 422
    backwards = {"start_date": "2024-01-02", "end_date": "2024-01-01"}
    assert client.get("/api/v1/nodes/servers/lines", params=backwards).status_code == 422
    nothing = client.get("/api/v1/nodes/shop/lines").json()
    assert (nothing["rows"], nothing["sums"], nothing["total_rows"]) == ([], [], 0)
    assert (nothing["start_date"], nothing["end_date"]) == (None, None)


@pytest.fixture
def limited(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """Who may see ``search`` alone."""
    who = Principal("limited", Role.VIEWER, frozenset({"search"}), Kind.TOKEN, "1" * 12)
    monkeypatch.setattr("apportion.api.layers.authentication.LOCAL", who)
    return client


def test_a_limited_viewer_sees_the_lines_of_its_own_nodes(limited: TestClient) -> None:
    answer = limited.get("/api/v1/nodes/search/lines").json()
    assert [row["line"] for row in answer["rows"]] == [2, 3]
    assert answer["sums"][0]["holds"] is True


@pytest.mark.parametrize("name", ["checkout", "servers", "database", "shop", "unmapped:x"])
def test_the_lines_of_others_are_those_of_what_is_not_there(limited: TestClient, name: str) -> None:
    answer = limited.get(f"/api/v1/nodes/{name}/lines")
    nothing = limited.get("/api/v1/nodes/zzz/lines")
    assert answer.status_code == nothing.status_code == 404
    said, plain = (json.dumps(each.json()["findings"]) for each in (answer, nothing))
    assert said.replace(name, "zzz") == plain


def test_a_dimension_of_others_is_not_there_either(limited: TestClient) -> None:
    hidden = limited.get("/api/v1/nodes/search/lines?dimensions=Compute")
    assert hidden.status_code == 422
    assert "Licences" in hidden.text
    assert "Storage" not in hidden.text
