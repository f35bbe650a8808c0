"""Deliveries of costs over HTTP: refused with figures until a parameter says what is meant."""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from bills import daily
from fastapi.testclient import TestClient
from ledgers import write_company
from serving import served
from typed import require_words_of_http

from apportion import Client, IngestError, UsageError, Workspace
from apportion.ledger.runs import pinned_versions
from apportion.ledger.schemas import COSTS
from apportion.ledger.store import read

Ask = Callable[..., TestClient]
PATH = "/api/v1/ingest/costs"
MONTH, WEEK = daily(range(1, 21)).encode(), daily(range(1, 6)).encode()
BILL = {"format": "focus"}
PLAIN = b"node,date,dimension,amount\nshop,2024-09-01,Compute,10\n"
LONGER = PLAIN + b"shop,2024-09-01,Storage,7\n"


def known(folder: Path) -> Decimal:
    """All that the ledger's costs sum to."""
    store = Workspace(folder).store
    amounts = read(store, COSTS, pinned_versions(store)["costs"], ["amount"])["amount"]
    return sum(amounts.to_pylist(), Decimal(0))


@pytest.fixture
def company(tmp_path: Path) -> Path:
    """A workspace with an empty ledger."""
    return write_company(tmp_path / "company")


@pytest.fixture
def client(company: Path, ask: Ask) -> TestClient:
    return ask(company)


def test_a_shorter_export_is_a_conflict_with_all_figures(client: TestClient, company: Path) -> None:
    assert client.post(PATH, params=BILL, content=MONTH).status_code == 201
    answer = client.post(PATH, params=BILL, content=WEEK)
    assert answer.status_code == 409, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    said = answer.json()
    assert said["type"] == "urn:apportion:problem:unsaid_replacement"
    assert (said["status"], said["error"], said["findings_total"]) == (409, "IngestError", 1)
    (finding,) = said["findings"]
    days = finding["details"].pop("days")
    source = finding["details"].pop("source")
    assert source.startswith("Microsoft/")
    assert finding["details"] == {
        "period": "2024-09-01/2024-09-30",
        "currency": "USD",
        "lines_known": 20,
        "amount_known": "200",
        "lines_coming": 5,
        "amount_coming": "50",
        "lines_going": 15,
        "amount_going": "150",
        "more_days": 0,
    }
    assert [each["date"] for each in days] == [f"2024-09-{day:02}" for day in range(1, 21)]
    assert (days[4]["amount_coming"], days[5]["amount_coming"]) == ("10", "0")
    assert "with mode=replace" in finding["remedy"]
    assert "with mode=append" in finding["remedy"]
    require_words_of_http(answer)
    assert known(company) == 200


@pytest.mark.parametrize(
    ("query", "total"),
    [({"mode": "replace"}, 50), ({"mode": "append"}, 250), ({"replace": "true"}, 50)],
)
def test_an_answer_is_taken_under_the_key_of_the_question(
    client: TestClient, company: Path, query: dict[str, str], total: int
) -> None:
    headers = {"Idempotency-Key": "september"}
    client.post(PATH, params=BILL, content=MONTH)
    assert client.post(PATH, params=BILL, content=WEEK, headers=headers).status_code == 409
    answer = client.post(PATH, params={**BILL, **query}, content=WEEK, headers=headers)
    assert (answer.status_code, answer.json()["changed"]) == (201, True)
    assert known(company) == total
    again = client.post(PATH, params={**BILL, **query}, content=WEEK, headers=headers)
    assert again.content == answer.content
    assert known(company) == total


def test_plain_costs_are_a_conflict_as_bills_are(client: TestClient, company: Path) -> None:
    asked = {"source": "cloud"}
    assert client.post(PATH, params=asked, content=LONGER).status_code == 201
    answer = client.post(PATH, params=asked, content=PLAIN)
    (finding,) = answer.json()["findings"]
    assert (answer.status_code, finding["code"]) == (409, "unsaid_replacement")
    assert (finding["details"]["source"], finding["details"]["lines_known"]) == ("cloud", 2)
    answer = client.post(PATH, params={**asked, "mode": "replace"}, content=PLAIN)
    assert answer.status_code == 201
    assert known(company) == 10


def test_the_same_lines_in_two_files_are_a_conflict(client: TestClient, company: Path) -> None:
    parts = {"a.csv": WEEK, "b.csv": daily(range(5, 9)).encode()}
    files = [("files", part) for part in parts.items()]
    answer = client.post(PATH, params=BILL, files=files)
    (finding,) = answer.json()["findings"]
    assert (answer.status_code, finding["code"]) == (409, "repeated_lines")
    assert "with mode=append" in finding["remedy"]
    answer = client.post(PATH, params={**BILL, "mode": "append"}, files=files)
    assert answer.status_code == 201, answer.text
    assert known(company) == 90


def test_the_same_again_is_nothing_new_and_more_of_it_no_question(
    client: TestClient, company: Path
) -> None:
    told = [client.post(PATH, params=BILL, content=each) for each in (WEEK, WEEK, MONTH)]
    assert [each.status_code for each in told] == [201, 200, 201]
    again = told[1].json()
    assert (again["changed"], again["ingest_id"], again["rows"]) == (False, "", 5)
    assert known(company) == 200


@pytest.mark.parametrize(
    ("path", "query", "word"),
    [
        ("costs", {"mode": "both"}, "mode"),
        ("costs", {"mode": "append", "replace": "true"}, "all there is"),
        ("usage", {"mode": "append"}, "do not add"),
        ("metrics", {"mode": "append"}, "do not add"),
    ],
)
def test_what_means_nothing_is_refused(
    client: TestClient, path: str, query: dict[str, str], word: str
) -> None:
    answer = client.post(f"/api/v1/ingest/{path}", params={"file": "a", **query}, content=PLAIN)
    assert answer.status_code == 422, answer.text
    assert word in answer.json()["detail"]
    require_words_of_http(answer)


def test_the_description_tells_of_the_conflict(client: TestClient) -> None:
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    post = paths[PATH]["post"]
    told = post["responses"]["409"]
    assert "unsaid_replacement" in told["description"]
    (schema,) = (each["schema"] for each in told["content"].values())
    assert schema == {"$ref": "#/components/schemas/Problem"}
    assert "mode" in {each["name"] for each in post["parameters"]}


@pytest.fixture
def sides(tmp_path: Path) -> Iterator[tuple[Workspace, Client]]:
    """Two equal workspaces, of which one is served."""
    here, behind = (write_company(tmp_path / name) for name in ("here", "behind"))
    with served(behind, tmp_path / "server.log") as running, Client(running.url) as client:
        yield Workspace(here), client


def test_a_client_is_refused_and_answers_as_a_workspace_does(
    sides: tuple[Workspace, Client], tmp_path: Path
) -> None:
    month, week = tmp_path / "month.csv", tmp_path / "week.csv"
    month.write_bytes(MONTH)
    week.write_bytes(WEEK)
    told: list[list[Any]] = []
    for side in sides:
        side.ingest("focus", month)
        with pytest.raises(IngestError) as refused:
            side.ingest("focus", week)
        (finding,) = refused.value.findings
        details = json.loads(json.dumps(finding.details))
        assert details.pop("http_status", 409) == 409
        details.pop("request_id", None)
        side.ingest("focus", week, append=True)
        side.ingest("focus", week, replace=True)
        with pytest.raises(UsageError) as wrong:
            side.ingest("focus", week, replace=True, append=True)
        with pytest.raises(UsageError) as senseless:
            side.ingest("usage", week, append=True)
        messages = [each.value.findings[0].message for each in (wrong, senseless)]
        told.append([finding.code, finding.message, details, *messages])
    assert told[0] == told[1]
    assert told[0][0] == "unsaid_replacement"
    behind = Path(sides[0].folder).parent / "behind"
    assert known(behind) == known(Path(sides[0].folder)) == 50
