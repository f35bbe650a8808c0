"""Rating and allowances over HTTP, once under a key."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from bench import Bench
from billing import row
from fastapi.testclient import TestClient

Ask = Callable[..., TestClient]
RATINGS, ALLOWANCES = "/api/v1/ratings", "/api/v1/allowances"
ASKED = {"account": "renewals", "channel": "sms", "year": 2023, "units": 5}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    bench = Bench(tmp_path / "service")
    bench.units(row(date(2023, 4, 1), 14))
    return bench


@pytest.fixture
def client(bench: Bench, ask: Ask) -> TestClient:
    return ask(bench.folder)


def test_usage_is_rated_once(bench: Bench, client: TestClient) -> None:
    assert client.get(RATINGS).json()["ratings"] == []
    first = client.post(RATINGS, headers={"Idempotency-Key": "one"})
    assert (first.status_code, first.json()["is_new"]) == (201, True)
    assert first.json()["rating"]["cost"] == "0.080000000000"
    again = client.post(RATINGS, headers={"Idempotency-Key": "one"})
    assert (again.status_code, again.content) == (201, first.content)
    other = client.post(RATINGS)
    assert (other.status_code, other.json()["is_new"]) == (200, False)
    assert client.get(RATINGS).json()["ratings"] == [first.json()["rating"]]
    assert len(bench.open().billing.ratings()) == 1


def test_an_allowance_is_set_once_and_charged_by(bench: Bench, client: TestClient) -> None:
    headers = {"Idempotency-Key": "one"}
    first = client.post(ALLOWANCES, json=ASKED, headers=headers)
    assert first.status_code == 200, first.text
    said = first.json()
    assert (said["before"]["units"], said["before"]["is_default"]) == (10, True)
    assert said["changed"] == [{"year": 2023, "units": 5, "custom": False}]
    again = client.post(ALLOWANCES, json=ASKED, headers=headers)
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    found = bench.open().billing.allowance("renewals", "sms", 2023)
    assert (found.units, found.is_default) == (5, False)
    assert client.post(RATINGS).json()["rating"]["cost"] == "0.180000000000"


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"account": "nobody"}, 404, "unknown_account"),
        ({"channel": "fax"}, 422, "unknown_channel"),
        ({"units": -1}, 422, "invalid_argument"),
        ({"units": 1.5}, 422, "invalid_argument"),
        ({"units": "5"}, 422, "invalid_argument"),
        ({"units": 10**16}, 422, "invalid_argument"),
        ({"year": 20230}, 422, "invalid_argument"),
        ({"custom": "yes"}, 422, "invalid_argument"),
        ({"free": True}, 422, "invalid_argument"),
    ],
)
def test_a_wrong_allowance_is_refused_and_keeps_no_key(
    bench: Bench, client: TestClient, changed: dict[str, object], status: int, code: str
) -> None:
    headers = {"Idempotency-Key": "one"}
    answer = client.post(ALLOWANCES, json={**ASKED, **changed}, headers=headers)
    assert (answer.status_code, answer.json()["findings"][0]["code"]) == (status, code)
    assert str(bench.folder) not in answer.text
    assert bench.open().billing.allowance("renewals", "sms", 2023).is_default
    assert client.post(ALLOWANCES, json=ASKED, headers=headers).status_code == 200
