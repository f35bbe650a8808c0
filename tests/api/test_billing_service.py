"""The paths that notification services know: their words, numbers as numbers, and their errors."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from billed import ODD, YEAR
from fastapi.testclient import TestClient

import apportion as ap
from apportion.api.application import application
from apportion.serve_settings import ServeSettings

Ask = Callable[..., TestClient]
YEARLY = ["notification_type", "rate", "notifications_sent", "chargeable_units",
          "free_allowance_used", "charged_units", "cost"]  # fmt: skip


@pytest.fixture(scope="module")
def client(billed: Path) -> Iterator[TestClient]:
    app = application(ServeSettings(os.fspath(billed)))
    with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as opened:
        yield opened


def test_months_and_years_are_the_python_apis_as_numbers(client: TestClient, billed: Path) -> None:
    charges = ap.Workspace(os.fspath(billed)).charges()
    for path, ask, names in (
        ("monthly-usage", charges.monthly, ["month", *YEARLY]),
        ("yearly-usage-summary", charges.yearly, YEARLY),
    ):
        for account in ("renewals", "visas", "parking", "first-passports"):
            answer = client.get(f"/service/{account}/billing/{path}?year={YEAR}")
            assert (answer.status_code, answer.headers["Content-Type"]) == (
                200,
                "application/json",
            )
            found = json.loads(answer.text, parse_float=Decimal)
            assert found == ask(account, YEAR).to_pylist()
            assert all(list(row) == names for row in found)


def test_numbers_have_the_digits_that_they_have(client: TestClient) -> None:
    text = client.get(f"/service/renewals/billing/monthly-usage?year={YEAR}").text
    assert '"rate": 0.0237, ' in text
    assert '"cost": 0.237}' in text
    assert "e-" not in text
    assert '0"' not in text


@pytest.mark.parametrize("account", ODD)
def test_services_may_have_any_name(client: TestClient, account: str) -> None:
    path = f"/service/{quote(account, safe='')}/billing"
    found = client.get(f"{path}/yearly-usage-summary?year={YEAR}").json()
    assert [row["chargeable_units"] for row in found] == [8]
    assert client.get(f"{path}/free-sms-fragment-limit?financial_year_start={YEAR}").json() == {
        "free_sms_fragment_limit": 3,
        "financial_year_start": YEAR,
    }


NO_YEAR = "No valid year provided"


NO_YEARS = ["x", "2023.0", "-2023", "+2023", " 2023", "20230", "2023;", "0", "9999", "٢٠٢٣"]
PATHS = ("monthly-usage", "yearly-usage-summary", "free-sms-fragment-limit")


@pytest.mark.parametrize(
    ("path", "year"),
    [*((path, year) for path in PATHS for year in NO_YEARS),
     *((path, year) for path in PATHS[:2] for year in ("", None))],
)  # fmt: skip
def test_a_year_that_is_none_is_refused(client: TestClient, path: str, year: str | None) -> None:
    name = "financial_year_start" if "limit" in path else "year"
    asked = {} if year is None else {name: year}
    answer = client.get(f"/service/renewals/billing/{path}", params=asked)
    assert (answer.status_code, answer.json()) == (400, {"result": "error", "message": NO_YEAR})


@pytest.mark.parametrize(
    "path",
    [
        "monthly-usage?year=2023",
        "yearly-usage-summary?year=2023",
        "free-sms-fragment-limit?financial_year_start=2023",
    ],
)
def test_a_service_that_is_not_there_is_not_found(client: TestClient, path: str) -> None:
    answer = client.get(f"/service/nobody/billing/{path}")
    assert answer.status_code == 404
    assert answer.json() == {"result": "error", "message": "There is no account 'nobody'."}


LIMIT = "/service/renewals/billing/free-sms-fragment-limit"


@pytest.mark.parametrize("body", [
    {"free_sms_fragment_limit": -1}, {"free_sms_fragment_limit": 1.5},
    {"free_sms_fragment_limit": "7"}, {"free_sms_fragment_limit": True},
    {"free_sms_fragment_limit": None}, {"free_sms_fragment_limit": 10**13}, {}, [], 5,
    {"free_sms_fragment_limit": 5, "financial_year_start": 2022},
    {"free_sms_fragment_limit": 5, "financial_year_start": "2023"},
])  # fmt: skip
def test_a_limit_that_is_none_is_refused(client: TestClient, billed: Path, body: Any) -> None:
    before = ap.Workspace(os.fspath(billed)).billing.allowance("renewals", "sms", YEAR)
    answer = client.post(f"{LIMIT}?financial_year_start={YEAR}", json=body)
    assert answer.status_code == 400
    assert sorted(answer.json()) == ["message", "result"]
    assert answer.json()["result"] == "error"
    assert ap.Workspace(os.fspath(billed)).billing.allowance("renewals", "sms", YEAR) == before


def test_a_body_that_is_no_json_is_refused(client: TestClient) -> None:
    for content, status in ((b"{", 400), (b"\xff", 400), (b"[" * 100_000, 400)):
        answer = client.post(
            f"{LIMIT}?financial_year_start={YEAR}",
            content=content,
            headers={"Content-Type": "application/json"},
        )
        assert (answer.status_code, answer.json()["result"]) == (status, "error")
    form = client.post(f"{LIMIT}?financial_year_start={YEAR}", content=b'{"free": 1}',
                       headers={"Content-Type": "text/plain"})  # fmt: skip
    assert form.status_code == 415


def test_a_limit_is_set_for_its_year_and_read_again(
    billed: Path, own: Callable[[Path], Path], ask: Ask
) -> None:
    folder = own(billed)
    client = ask(folder)
    before = client.get(f"{LIMIT}?financial_year_start={YEAR}")
    assert before.json() == {"free_sms_fragment_limit": 10, "financial_year_start": YEAR}
    assert before.headers["Apportion-Allowance-Origin"] == "default"
    answer = client.post(
        f"{LIMIT}?financial_year_start={YEAR}", json={"free_sms_fragment_limit": 12}
    )
    assert (answer.status_code, answer.json()) == (
        201,
        {"free_sms_fragment_limit": 12, "financial_year_start": YEAR},
    )
    after = client.get(f"{LIMIT}?financial_year_start={YEAR}")
    assert after.json() == answer.json()
    assert after.headers["Apportion-Allowance-Origin"] == "own"
    body = {"free_sms_fragment_limit": 0, "financial_year_start": YEAR}
    assert client.post(LIMIT, json=body).status_code == 201
    assert ap.Workspace(os.fspath(folder)).billing.allowance("renewals", "sms", YEAR).units == 0
    nobody = LIMIT.replace("renewals", "nobody")
    assert client.post(nobody, json=body).status_code == 404


@pytest.mark.parametrize("without", ["nothing", "null", "blank"])
def test_b17_without_a_year_the_limit_is_that_of_the_present_one(
    billed: Path, own: Callable[[Path], Path], ask: Ask, without: str
) -> None:
    folder = own(billed)
    client, workspace = ask(folder), ap.Workspace(os.fspath(folder))
    this = workspace.billing.this_year()
    path = f"{LIMIT}?financial_year_start=" if without == "blank" else LIMIT
    said = {"financial_year_start": None} if without == "null" else {}
    answer = client.post(path, json={"free_sms_fragment_limit": 7, **said})
    expected = {"free_sms_fragment_limit": 7, "financial_year_start": this}
    assert (answer.status_code, answer.json()) == (201, expected)
    found = client.get(path)
    assert (found.status_code, found.json()) == (200, expected)
    assert workspace.billing.allowance("renewals", "sms", this).units == 7
    assert client.get(LIMIT.replace("renewals", "nobody")).status_code == 404


@pytest.mark.parametrize("path", PATHS[:2])
def test_b17_where_nothing_was_rated_a_known_account_has_an_empty_list(
    billed: Path, tmp_path: Path, ask: Ask, path: str
) -> None:
    folder = tmp_path / "new"
    shutil.copytree(billed / "model", folder / "model")
    shutil.copy(billed / "apportion.yaml", folder)
    client = ask(folder)
    answer = client.get(f"/service/renewals/billing/{path}?year={YEAR}")
    assert (answer.status_code, answer.json()) == (200, [])
    assert "no_run" in answer.headers["Apportion-Warnings"]
    nobody = client.get(f"/service/nobody/billing/{path}?year={YEAR}")
    assert (nobody.status_code, nobody.json()["result"]) == (404, "error")
    assert client.get(f"/service/renewals/billing/{path}").status_code == 400


def test_the_same_request_under_its_key_is_done_once(
    billed: Path, own: Callable[[Path], Path], ask: Ask
) -> None:
    folder = own(billed)
    client, workspace = ask(folder), ap.Workspace(os.fspath(folder))
    body = {"free_sms_fragment_limit": 12, "financial_year_start": YEAR}
    headers = {"Idempotency-Key": "mine"}
    first = client.post(LIMIT, json=body, headers=headers)
    workspace.billing.set_allowance("renewals", "sms", YEAR, 99)
    again = client.post(LIMIT, json=body, headers=headers)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert workspace.billing.allowance("renewals", "sms", YEAR).units == 99
