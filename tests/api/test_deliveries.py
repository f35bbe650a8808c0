"""Deliveries over HTTP and by the client: listed, shown, taken back as a workspace does it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from ledgers import write_company
from serving import served

from apportion import Client, IngestError, Workspace
from apportion.findings import LedgerError, UsageError
from apportion.report.deliveries import as_data, in_full_as_data
from apportion.report.json_text import plain

Ask = Callable[..., TestClient]
DELIVERIES = "/api/v1/deliveries"


@pytest.fixture
def company(tmp_path: Path) -> Path:
    """A workspace into which a bill came, and a file that stands in its place."""
    folder = write_company(tmp_path / "company")
    workspace = Workspace(folder)
    workspace.ingest("costs", folder / "bill.csv", source="cloud")
    workspace.ingest("costs", folder / "corrected.csv", source="cloud", replace=True)
    return folder


@pytest.fixture
def client(company: Path, ask: Ask) -> TestClient:
    return ask(company)


def as_json(data: object) -> object:
    return json.loads(json.dumps(data, default=plain))


def test_what_is_told_is_what_the_command_line_tells(client: TestClient, company: Path) -> None:
    workspace = Workspace(company)
    told = client.get(DELIVERIES).json()
    assert told["deliveries"] == as_json([as_data(each) for each in workspace.deliveries()])
    latest = told["deliveries"][0]["delivery"]
    shown = client.get(f"{DELIVERIES}/{latest}").json()
    expected = as_json(in_full_as_data(workspace.delivery(latest)))
    assert {name: shown[name] for name in ("delivery", "parts", "history")} == expected


def test_one_that_is_not_there_is_not_found(client: TestClient) -> None:
    for answer in (
        client.get(f"{DELIVERIES}/zzz"),
        client.post(f"{DELIVERIES}/zzz/withdrawal", json={"reason": "x"}),
    ):
        assert answer.status_code == 404, answer.text
        (finding,) = answer.json()["findings"]
        assert finding["code"] == "unknown_delivery"
        assert finding["remedy"] == "List them with: GET /api/v1/deliveries"


def test_a_delivery_is_withdrawn_once_under_one_key(client: TestClient, company: Path) -> None:
    latest, old = (each.delivery for each in Workspace(company).deliveries())
    asked = {"json": {"reason": "wrong"}, "headers": {"Idempotency-Key": "k" * 20}}
    first, again = (client.post(f"{DELIVERIES}/{latest}/withdrawal", **asked) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201), first.text
    assert again.headers["Idempotent-Replayed"] == "true"
    told = first.json()
    assert told == again.json()
    assert (told["kind"], told["delivery"], told["reason"]) == ("withdrawal", latest, "wrong")
    assert (told["moved_costs"][0]["before"], told["moved_costs"][0]["after"]) == ("11.55", "31.01")
    standings = [each["standing"] for each in client.get(DELIVERIES).json()["deliveries"]]
    assert standings == ["withdrawn", "counts"]
    twice = client.post(f"{DELIVERIES}/{latest}/withdrawal", json={"reason": "wrong"})
    assert twice.status_code == 422
    assert client.get(f"{DELIVERIES}/{old}").json()["history"][0]["kind"] == "delivery"


def test_a_restoration_has_to_say_what_it_means(client: TestClient, company: Path) -> None:
    latest = Workspace(company).deliveries()[0].delivery
    client.post(f"{DELIVERIES}/{latest}/withdrawal", json={"reason": "wrong"})
    path = f"{DELIVERIES}/{latest}/restoration"
    refused = client.post(path, json={"reason": "right"})
    assert refused.status_code == 409, refused.text
    finding = refused.json()["findings"][0]
    assert finding["code"] == "unsaid_replacement"
    assert "mode=replace" in finding["remedy"]
    done = client.post(path, json={"reason": "right", "mode": "replace"})
    assert done.status_code == 201, done.text
    assert done.json()["moved"][0]["after"] == "11.55"


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "x", "mode": "both"}])
def test_a_change_without_a_reason_is_refused(
    client: TestClient, company: Path, body: dict[str, str]
) -> None:
    latest = Workspace(company).deliveries()[0].delivery
    for kind in ("withdrawal", "restoration"):
        assert client.post(f"{DELIVERIES}/{latest}/{kind}", json=body).status_code == 422
    assert len(Workspace(company).delivery(latest).history) == 1


def test_a_client_does_what_a_workspace_does(company: Path, tmp_path: Path) -> None:
    here = Workspace(shutil.copytree(company, tmp_path / "here"))
    with served(company, tmp_path / "server.log") as running, Client(running.url) as client:
        latest = here.deliveries()[0].delivery
        assert client.deliveries()[0].delivery == latest
        for side in (here, client):
            with pytest.raises(UsageError, match="not withdrawn"):
                side.restore(latest, "x")
            with pytest.raises(LedgerError, match="unknown_delivery"):
                side.withdraw("zzz", "x")
        mine, other = here.withdraw(latest[:-1], "wrong"), client.withdraw(latest[:-1], "wrong")
        assert (mine.rows, mine.replaced_rows, mine.days) == (
            other.rows,
            other.replaced_rows,
            other.days,
        )
        for side in (here, client):
            with pytest.raises(IngestError, match="unsaid_replacement"):
                side.restore(latest, "right")
        mine, other = (side.restore(latest, "right", replace=True) for side in (here, client))
        assert [each.to_dict() for each in mine.moved_costs] == other.report["moved_costs"]
        ours, theirs = here.delivery(latest), client.delivery(latest)
        assert [each.reason for each in theirs.history] == ["", "wrong", "right"]
        assert [each.effective for each in ours.parts] == [each.effective for each in theirs.parts]
        assert theirs.delivery.to_dict()["standing"] == "counts"
