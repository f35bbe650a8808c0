"""Runs over HTTP: begun, watched, refused, waited for, and begun once under a key."""

import json
import shutil
import signal
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from fastapi.testclient import TestClient
from happenings import Happening, happening  # noqa: F401 - a fixture
from ledgers import BILL, USAGE_FILE, seen, write_company
from waiting import until

from apportion import Workspace
from apportion.jobs.runs import job
from apportion.jobs.table import State
from apportion.report.json_text import plain
from apportion.report.runs import as_data

Ask = Callable[..., TestClient]
RUNS = "/api/v1/runs"
DAYS = {"start_date": "2024-01-01", "end_date": "2024-01-02"}


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A company whose bill and usage are in the ledger."""
    folder = write_company(tmp_path_factory.mktemp("ready") / "company")
    for _, format_name, name, _, source in (BILL, USAGE_FILE):
        Workspace(folder).ingest(format_name, folder / name, source=source)
    return folder


@pytest.fixture
def company(ready: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(ready, tmp_path / "company"))


@pytest.fixture
def client(company: Path, ask: Ask) -> TestClient:
    return ask(company)


def events(client: TestClient, run_id: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The events of a run as they come."""
    with client.stream("GET", f"{RUNS}/{run_id}/events") as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        assert answer.headers["Cache-Control"] == "no-store"
        name = ""
        for line in answer.iter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            if line.startswith("data: "):
                yield name, json.loads(line.removeprefix("data: "))


def end_of(client: TestClient, run_id: str) -> dict[str, Any]:
    return list(events(client, run_id))[-1][1]


def test_a_run_is_begun_watched_and_read(client: TestClient, company: Path) -> None:
    begun = client.post(RUNS, json=DAYS)
    assert begun.status_code == 202
    said = begun.json()
    assert begun.headers["Location"] == f"{RUNS}/{said['run_id']}"
    assert said["state"] in ("queued", "running", "completed")
    assert said["request"] == {**DAYS, "dimensions": None, "currency": ""}
    told = list(events(client, said["run_id"]))
    assert [name for name, _ in told].count("end") == 1
    name, last = told[-1]
    assert (name, last["state"], last["days_done"], last["days_total"]) == (
        "end",
        "completed",
        2,
        2,
    )
    (run,) = Workspace(company).runs()
    assert last["run"] == json.loads(json.dumps(as_data(run), default=plain))
    whole = client.get(begun.headers["Location"])
    assert whole.json() == last
    assert whole.headers["Cache-Control"] == "no-store"
    listed = client.get(RUNS).json()
    assert [each["run_id"] for each in listed["runs"]] == [said["run_id"]]
    assert listed["jobs"] == []
    # Those who come late are told the end.
    assert list(events(client, said["run_id"])) == [("end", last)]


def test_a_run_that_was_made_without_a_server(client: TestClient, company: Path) -> None:
    run = Workspace(company).run(date(2024, 1, 1), date(2024, 1, 2)).run
    said = client.get(f"{RUNS}/{run.run_id[:17]}").json()
    assert (said["run_id"], said["state"], said["asked_by"]) == (run.run_id, "completed", None)
    assert list(events(client, run.run_id)) == [("end", said)]


@pytest.mark.parametrize("path", ["none", "none/events"])
def test_a_run_that_is_not_there(client: TestClient, path: str) -> None:
    answer = client.get(f"{RUNS}/{path}")
    assert (answer.status_code, answer.json()["findings"][0]["code"]) == (404, "unknown_run")


def test_a_run_that_fails_says_why(client: TestClient, company: Path) -> None:
    begun = client.post(RUNS, json={**DAYS, "currency": "EUR"})
    assert begun.status_code == 202
    last = end_of(client, begun.json()["run_id"])
    assert (last["state"], last["error"], last["run"]) == ("failed", "RunError", None)
    assert last["findings"][0]["code"] == "missing_exchange_rate"
    assert [each["state"] for each in client.get(RUNS).json()["jobs"]] == ["failed"]


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"start_date": "2024-01-02", "end_date": "2024-01-01"}, "2024"),
        ({"start_date": "2024-01-02"}, "end_date"),
        ({**DAYS, "currency": "usd"}, "currency"),
        ({**DAYS, "dimensions": "all"}, "dimensions"),
        ({**DAYS, "dimensions": []}, "dimensions"),
        ({**DAYS, "if_busy": "kill"}, "if_busy"),
        ({**DAYS, "threads": 100}, "threads"),
        ([], ""),
    ],
)
def test_a_wrong_question_begins_nothing(
    client: TestClient, company: Path, body: object, word: str
) -> None:
    answer = client.post(RUNS, json=body, headers={"Idempotency-Key": "one"})
    assert answer.status_code == 422
    assert word in answer.json()["detail"]
    assert client.get(RUNS).json() == {"runs": [], "jobs": []}


def test_a_model_that_is_wrong_is_told_at_once(client: TestClient, company: Path) -> None:
    (company / "model" / "company.yaml").write_text("nodes: [{id: a, type: nothing}]\n")
    answer = client.post(RUNS, json=DAYS)
    assert answer.status_code == 422
    assert answer.json()["findings"][0]["code"] == "unknown_type"
    assert str(company) not in answer.text


def test_one_at_a_time(
    client: TestClient,
    company: Path,
    happening: Happening,  # noqa: F811
) -> None:
    happening.hold_at("record")
    first = client.post(RUNS, json=DAYS).json()["run_id"]
    happening.reached()
    happening.nothing()
    refused = client.post(RUNS, json=DAYS, headers={"Idempotency-Key": "one"})
    assert refused.status_code == 409
    (finding,) = refused.json()["findings"]
    assert (finding["code"], finding["details"]) == ("run_under_way", {"run_id": first})
    second = client.post(RUNS, json={**DAYS, "if_busy": "wait"}).json()
    assert second["state"] == "queued"
    listed = client.get(RUNS).json()
    assert [(each["run_id"], each["state"]) for each in listed["jobs"]] == [
        (second["run_id"], "queued"),
        (first, "running"),
    ]
    told = events(client, second["run_id"])
    assert next(told)[1]["state"] == "queued"
    happening.go()
    *_, (name, last) = told
    assert (name, last["state"]) == ("end", "completed")
    # Who was refused kept nothing, and may ask again under the same key.
    again = client.post(RUNS, json=DAYS, headers={"Idempotency-Key": "one"})
    assert again.status_code == 202
    assert end_of(client, again.json()["run_id"])["state"] == "completed"
    assert len(seen(company).runs) == 3


def test_under_a_key_a_run_is_begun_once(client: TestClient, company: Path) -> None:
    headers = {"Idempotency-Key": "8e03978e-40d5-43e8-bc93-6894a57f9324"}
    first = client.post(RUNS, json=DAYS, headers=headers)
    end_of(client, first.json()["run_id"])
    again = client.post(RUNS, json=DAYS, headers=headers)
    assert (again.status_code, again.content) == (202, first.content)
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    other = client.post(RUNS, json={**DAYS, "end_date": "2024-01-01"}, headers=headers)
    assert (other.status_code, other.json()["findings"][0]["code"]) == (422, "key_reused")
    assert len(Workspace(company).runs()) == 1


@pytest.mark.parametrize("key", ["", "k" * 256, "k\tk"])
def test_a_key_that_is_none_is_refused(client: TestClient, key: str) -> None:
    answer = client.post(RUNS, json=DAYS, headers={"Idempotency-Key": key})
    assert answer.status_code == 422
    assert client.get(RUNS).json()["jobs"] == []


def test_a_run_that_was_abandoned_is_begun_anew_under_its_key(
    client: TestClient,
    company: Path,
    happening: Happening,  # noqa: F811
) -> None:
    before = seen(company)
    headers = {"Idempotency-Key": "one"}
    happening.kill_at("record")
    first = client.post(RUNS, json=DAYS, headers=headers).json()["run_id"]
    last = end_of(client, first)
    assert (last["state"], last["run"]) == ("abandoned", None)
    assert seen(company) == before
    happening.nothing()
    second = client.post(RUNS, json=DAYS, headers=headers)
    assert "Idempotent-Replayed" not in second.headers
    assert second.json()["run_id"] != first
    assert end_of(client, second.json()["run_id"])["state"] == "completed"


def test_a_stop_ends_streams_and_leaves_nothing_of_a_run(
    company: Path,
    serve: Any,
    happening: Happening,  # noqa: F811
) -> None:
    before = seen(company)
    happening.hold_at("record")
    with serve(company, "--workers", "2", "--grace", "1") as running:
        client = httpx.Client(base_url=running.url, timeout=1800)
        run_id = client.post(RUNS, json=DAYS).json()["run_id"]
        happening.reached()
        told = events(client, run_id)  # type: ignore[arg-type]
        assert next(told)[0] == "progress"
        running.process.send_signal(signal.SIGTERM)
        assert [name for name, _ in told][-1] == "stopping"
        assert running.process.wait(60) == 0
        client.close()
    assert seen(company) == before
    until(lambda: list((company / "server" / "runs").iterdir()) == [])
    found = job(company, run_id)
    assert found
    assert found.state is State.ABANDONED
