"""Usage and charges over HTTP: the figures of the Python API, which agree with each other."""

import csv
import io
import json
import os
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jsonschema
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from billed import FIRST, FORMULA, LAST, ODD, YEAR
from fastapi.testclient import TestClient

import apportion as ap
from apportion.access import Kind, Principal, Role
from apportion.api.application import application
from apportion.report.usage_listing import CHARGES, columns_of
from apportion.serve_settings import ServeSettings

Ask = Callable[..., TestClient]
ALL_YEAR = {"start_date": FIRST.isoformat(), "end_date": LAST.isoformat()}


@pytest.fixture(scope="module")
def client(billed: Path) -> Iterator[TestClient]:
    app = application(ServeSettings(os.fspath(billed)))
    with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as opened:
        yield opened


def said(client: TestClient, path: str, **asked: Any) -> dict[str, Any]:
    """What a path answers, which is as OpenAPI describes it."""
    answer = client.get(path, params=asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def texts(rows: pa.Table) -> list[dict[str, Any]]:
    """Rows as JSON has them: decimals with all digits, days as ISO."""
    return [{name: _text(value) for name, value in each.items()} for each in rows.to_pylist()]


def _text(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if hasattr(value, "isoformat") else value


def accounts_of(charges: Any) -> Iterator[tuple[str, int]]:
    pairs = zip(charges.rows["account"].to_pylist(), charges.rows["year"].to_pylist(), strict=True)
    yield from sorted(set(pairs))


def monthly_path(account: str) -> str:
    return f"/api/v1/usage/accounts/{quote(account, safe='')}/monthly"


def yearly_path(account: str) -> str:
    return f"/api/v1/usage/accounts/{quote(account, safe='')}/yearly"


def cost_of(found: dict[str, Any]) -> Decimal:
    total = sum((Decimal(row["cost"]) for row in found["rows"]), Decimal(0))
    assert Decimal(found["total_cost"]) == total
    return total


@pytest.mark.parametrize("name", ["platform", "billed"])
def test_every_figure_is_the_python_apis(
    name: str, ask: Ask, request: pytest.FixtureRequest
) -> None:
    folder = request.getfixturevalue(name)
    client, charges = ask(folder), ap.Workspace(os.fspath(folder)).charges()
    pairs = list(accounts_of(charges))
    assert len(pairs) >= 10
    for account, year in pairs[:: len(pairs) // 10]:
        months = said(client, monthly_path(account), year=year)
        assert months["rows"] == texts(charges.monthly(account, year))
        whole = said(client, yearly_path(account), year=year)
        assert whole["rows"] == texts(charges.yearly(account, year))
        assert cost_of(months) == cost_of(whole)
    first, last = charges.rating.start_date, charges.rating.end_date
    days = {"start_date": first, "end_date": min(last, first.replace(year=first.year + 1))}
    for path in ("daily", "providers", "accounts"):
        found = said(client, f"/api/v1/usage/platform/{path}", **days, limit=100_000)
        assert found["rows"] == texts(getattr(charges, path)(*days.values()))


def test_months_sum_to_years_accounts_to_organisations_and_rows_to_all(
    billed: Path, client: TestClient
) -> None:
    charges = ap.Workspace(os.fspath(billed)).charges()
    sums: dict[str, Decimal] = {}
    for account, year in accounts_of(charges):
        assert year == YEAR
        months = said(client, monthly_path(account), year=year)
        sums[account] = cost_of(months)
        assert cost_of(said(client, yearly_path(account), year=year)) == sums[account]
        of_rows = said(client, "/api/v1/usage/rows", accounts=account)
        assert cost_of(of_rows) == sums[account]
        used = {each["notification_type"]: each["free_allowance_used"] for each in months["totals"]}
        for each in months["allowances"]:
            assert each["free_allowance_used"] == used.get(each["notification_type"], 0)
            assert each["remaining_allowance"] == each["allowance"] - each["free_allowance_used"]
    assert sum(sums.values()) > 0
    owners = ["home-office", "camden"]
    found = [said(client, f"/api/v1/usage/organisations/{each}", year=YEAR) for each in owners]
    assert {row["account"] for each in found for row in each["rows"]} >= set(sums)
    assert sum(map(cost_of, found)) == sum(sums.values())
    owed = said(client, "/api/v1/usage/platform/charges", **ALL_YEAR)
    assert {row["account"]: Decimal(row["cost"]) for row in owed["rows"]} == sums
    assert cost_of(said(client, "/api/v1/usage/rows")) == sum(sums.values())


QUESTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    (monthly_path("renewals"), {"year": YEAR}),
    (yearly_path("visas"), {"year": YEAR}),
    ("/api/v1/usage/organisations/camden", {"year": YEAR}),
    ("/api/v1/usage/platform/daily", ALL_YEAR),
    ("/api/v1/usage/platform/providers", ALL_YEAR),
    ("/api/v1/usage/platform/accounts", ALL_YEAR),
    ("/api/v1/usage/platform/charges", ALL_YEAR),
    ("/api/v1/usage/changes", {}),
    ("/api/v1/usage/rows", {}),
)


@pytest.mark.parametrize(("path", "asked"), QUESTIONS)
def test_every_format_has_the_same_rows(
    client: TestClient, path: str, asked: dict[str, Any]
) -> None:
    rows = said(client, path, **asked)["rows"]
    assert rows
    media = "application/vnd.apache.arrow.stream"
    stream = client.get(path, params=asked, headers={"Accept": media})
    parquet = client.get(path, params={**asked, "format": "parquet"})
    tables = [pa.ipc.open_stream(stream.content).read_all(),
              pq.read_table(io.BytesIO(parquet.content))]  # fmt: skip
    for table in tables:
        found = texts(table.select(list(rows[0])))
        assert [_alike(each) for each in found] == [_alike(each) for each in rows]
        assert set(table["currency"].to_pylist()) == {"GBP"}
    text = client.get(path, params={**asked, "format": "csv"}).content
    lines = pyarrow.csv.read_csv(io.BytesIO(text))
    assert lines.num_rows == len(rows)
    assert "E-" not in text.decode()


def _alike(row: dict[str, Any]) -> dict[str, Any]:
    """Differences between whole units have no decimals in JSON."""
    moved = row.get("difference")
    return row if moved is None else {**row, "difference": Decimal(moved)}


@pytest.mark.parametrize(("path", "asked"), QUESTIONS)
def test_the_pages_together_are_the_whole(
    client: TestClient, path: str, asked: dict[str, Any]
) -> None:
    whole = said(client, path, **asked)
    assert whole["next"] is None
    size = max(len(whole["rows"]) // 3, 1)
    found, cursor = [], ""
    while True:
        page = said(client, path, **asked, limit=size, cursor=cursor)
        assert {**page, "rows": [], "next": None} == {**whole, "rows": []}
        assert len(page["rows"]) <= size
        found += page["rows"]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == whole["rows"]


@pytest.mark.parametrize(("path", "asked"), QUESTIONS)
def test_every_answer_is_as_openapi_describes_it(
    client: TestClient, path: str, asked: dict[str, Any]
) -> None:
    document = client.get("/api/v1/openapi.json").json()
    known = [each for each in document["paths"] if _is_of(each, path)]
    assert len(known) == 1
    content = document["paths"][known[0]]["get"]["responses"]["200"]["content"]
    schema = {**content["application/json"]["schema"], "components": document["components"]}
    answer = said(client, path, **asked)
    jsonschema.Draft202012Validator(schema).validate(answer)
    described = schema["properties"]
    assert set(described) == set(answer)
    assert set(described["rows"]["items"]["properties"]) == set(answer["rows"][0])


def _is_of(template: str, path: str) -> bool:
    parts, given = template.split("/"), path.split("/")
    return len(parts) == len(given) and all(
        part == each or part.startswith("{") for part, each in zip(parts, given, strict=True)
    )


@pytest.mark.parametrize("account", ODD)
def test_accounts_may_have_any_name(client: TestClient, account: str) -> None:
    found = said(client, monthly_path(account), year=YEAR)
    assert found["account"] == account
    assert found["totals"][0]["chargeable_units"] == 8
    assert said(client, yearly_path(account), year=YEAR)["totals"] == found["totals"]
    rows = said(client, "/api/v1/usage/rows", accounts=account)
    assert rows["total_rows"] == 2
    assert {row["account"] for row in rows["rows"]} == {account}
    free = said(client, "/api/v1/allowances", account=account, year=YEAR)
    assert free["account"] == account
    text = client.get("/api/v1/usage/rows", params={"accounts": account, "format": "csv"}).text
    assert all(line.count("\r") == 0 for line in text.splitlines())
    begins = f"\"'{account}" if account[0] in "=-+@" else f'"{account}'
    assert all(begins in line for line in text.splitlines()[1:])


def test_no_cell_of_a_spreadsheet_is_a_formula(client: TestClient) -> None:
    harmful = 0
    for path, asked in QUESTIONS:
        text = client.get(path, params={**asked, "format": "csv"}).text
        for row in csv.reader(io.StringIO(text)):
            for cell in row:
                harmful += cell.startswith("'")
                if cell[:1] in "=+@\t\r" and cell:
                    raise AssertionError(f"{path}: {cell}")
                assert not cell.startswith("-") or cell[1:].replace(".", "").isdigit()
    assert harmful > len(ODD)
    owed = said(client, "/api/v1/usage/platform/charges", **ALL_YEAR)["rows"]
    assert any(row["reference"] == FORMULA for row in owed), "other formats have the text itself"


WRONG: tuple[tuple[str, dict[str, Any], int, str], ...] = (
    (monthly_path("nobody"), {"year": YEAR}, 404, "unknown_account"),
    (yearly_path("renewal"), {"year": YEAR}, 404, "unknown_account"),
    ("/api/v1/usage/organisations/nobody", {"year": YEAR}, 404, "unknown_organisation"),
    ("/api/v1/usage/rows", {"accounts": "nobody"}, 404, "unknown_account"),
    ("/api/v1/usage/rows", {"channels": "fax"}, 422, "unknown_channel"),
    ("/api/v1/usage/rows", {"run": "zzz"}, 404, "unknown_run"),
    ("/api/v1/usage/changes", {"since": "zzz"}, 404, "unknown_run"),
    (monthly_path("renewals"), {}, 422, "invalid_argument"),
    (monthly_path("renewals"), {"year": "MMXX"}, 422, "invalid_argument"),
    (monthly_path("renewals"), {"year": 1969}, 422, "invalid_argument"),
    (yearly_path("renewals"), {"year": 2200}, 422, "invalid_argument"),
    (yearly_path("renewals"), {"year": 10**30}, 422, "invalid_argument"),
    ("/api/v1/usage/platform/daily", {}, 422, "invalid_argument"),
    ("/api/v1/usage/platform/daily", {**ALL_YEAR, "end_date": "2023-03-31"}, 422,
     "invalid_argument"),
    ("/api/v1/usage/platform/charges", {**ALL_YEAR, "end_date": "2024-04-01"}, 422,
     "invalid_argument"),
    ("/api/v1/usage/platform/charges", {**ALL_YEAR, "start_date": "2023-02-29"}, 422,
     "invalid_argument"),
    ("/api/v1/allowances", {"account": "nobody", "year": YEAR}, 404, "unknown_account"),
    ("/api/v1/allowances", {"account": "visas", "year": YEAR, "channel": "fax"}, 422,
     "unknown_channel"),
)  # fmt: skip


@pytest.mark.parametrize(("path", "asked", "status", "code"), WRONG)
def test_a_wrong_question_is_told_what_is_wrong(
    client: TestClient, path: str, asked: dict[str, Any], status: int, code: str
) -> None:
    answer = client.get(path, params=asked)
    assert (answer.status_code, answer.json()["findings"][0]["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_year_without_usage_has_no_rows(client: TestClient) -> None:
    found = said(client, monthly_path("renewals"), year=2199)
    assert (found["rows"], found["total_cost"]) == ([], "0.000000000000")
    assert said(client, "/api/v1/usage/rows", start_date="2190-01-01")["total_rows"] == 0


def test_nothing_rated_is_nothing_found(small: Path, ask: Ask) -> None:
    answer = ask(small).get("/api/v1/usage/rows")
    assert (answer.status_code, answer.json()["findings"][0]["code"]) == (404, "no_run")


def test_what_moved_is_listed_and_an_earlier_rating_can_be_read(
    billed: Path, client: TestClient
) -> None:
    workspace = ap.Workspace(os.fspath(billed))
    latest, earlier = workspace.billing.ratings()
    found = said(client, "/api/v1/usage/changes")
    assert (found["since"], found["until"]) == (earlier.run_id, latest.run_id)
    moved = workspace.billing.changes(earlier.run_id)
    assert [row["new"] for row in found["rows"]] == moved["new"].to_pylist()
    units = [row for row in found["rows"] if row["figure"] == "chargeable_units"]
    assert [(row["old"], row["new"], row["difference"]) for row in units] == [("8", "20", "12")]
    before = cost_of(said(client, "/api/v1/usage/rows", run=earlier.run_id))
    now = cost_of(said(client, "/api/v1/usage/rows"))
    assert Decimal(found["cost_difference"]) == now - before > 0


def test_a_rating_that_is_no_longer_the_latest_word_is_doubtful(
    billed: Path, own: Callable[[Path], Path], ask: Ask
) -> None:
    folder = own(billed)
    client = ask(folder)
    assert said(client, yearly_path("visas"), year=YEAR)["warnings"] == []
    ap.Workspace(os.fspath(folder)).billing.set_allowance("visas", "sms", YEAR, 1)
    for path, asked in QUESTIONS:
        found = said(client, path, **asked)
        assert [each["code"] for each in found["warnings"]] == ["outdated_run"]
        text = client.get(path, params={**asked, "format": "csv"})
        assert text.headers["Apportion-Warnings"] == "outdated_run"
    named = said(client, yearly_path("visas"), year=YEAR, run=found["rating"])
    assert named["warnings"] == [], "a rating asked for by its name is what was asked for"


def test_margin_is_the_python_apis_and_its_lines_sum_up(platform: Path, ask: Ask) -> None:
    client, workspace = ask(platform), ap.Workspace(os.fspath(platform))
    days = {"start_date": "2024-04-01", "end_date": "2024-06-30"}
    totals = []
    for by in ("product", "account", "organisation"):
        found = said(client, "/api/v1/margin", by=by, **days)
        expected = workspace.billing.margin(*map(date.fromisoformat, days.values()), by)
        assert [(line["id"], line["charges"], line["holistic_cost"], line["margin"])
                for line in found["lines"]] == [
            (each.id, *(format(amount, "f") for amount in (each.charges, each.cost, each.margin)))
            for each in expected.lines
        ]  # fmt: skip
        for name in ("charges", "holistic_cost", "margin"):
            parts = sum((Decimal(line[name]) for line in found["lines"]), Decimal(0))
            assert parts == Decimal(found["total"][name])
        totals.append(found["total"]["margin"])
        lines = pq.read_table(
            io.BytesIO(client.get("/api/v1/margin", params={**days, "by": by, "format": "parquet"})
                       .content)
        )  # fmt: skip
        assert texts(lines.select(list(found["lines"][0]))) == found["lines"]
    assert len(set(totals)) == 1
    assert client.get("/api/v1/margin?by=colour").status_code == 422


def test_allowances_say_where_they_come_from(client: TestClient) -> None:
    found = said(client, "/api/v1/allowances", account="renewals", year=YEAR)
    assert found["allowances"] == [
        {"channel": "sms", "unit": "fragment", "units": 10, "is_default": True, "origin": "default"}
    ]
    asked = {"account": "renewals", "year": YEAR, "channel": "sms", "format": "csv"}
    lines = client.get("/api/v1/allowances", params=asked).text.splitlines()
    assert lines[1:] == [f'"renewals",{YEAR},"sms","fragment",10,true,"default"']


def test_a_limited_viewer_sees_its_own_accounts_alone(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = [said(client, path, **asked) for path, asked in QUESTIONS[3:]]
    who = Principal("limited", Role.VIEWER, frozenset({"visas"}), Kind.TOKEN, "1" * 12)
    monkeypatch.setattr("apportion.api.layers.authentication.LOCAL", who)
    for (path, asked), whole in zip(QUESTIONS[3:], everything, strict=True):
        found = said(client, path, **asked)
        assert {row["account"] for row in found["rows"] if "account" in row} <= {"visas"}
        assert "renewals" not in json.dumps(found)
        assert found["total_rows"] < whole["total_rows"] or path.endswith("/daily")
        assert found != whole
    changed = said(client, "/api/v1/usage/changes")
    assert (changed["rows"], changed["cost_difference"]) == ([], "0.000000000")
    assert cost_of(said(client, "/api/v1/usage/rows")) == cost_of(
        said(client, yearly_path("visas"), year=YEAR)
    )
    for path, asked in (
        (monthly_path("renewals"), {"year": YEAR}),
        ("/api/v1/usage/organisations/camden", {"year": YEAR}),
        ("/api/v1/statements/renewals", {"year": YEAR}),
        ("/api/v1/allowances", {"account": "renewals", "year": YEAR}),
        ("/api/v1/usage/rows", {"accounts": "renewals"}),
        ("/service/renewals/billing/monthly-usage", {"year": YEAR}),
        ("/service/renewals/billing/free-sms-fragment-limit", {"financial_year_start": YEAR}),
    ):
        assert client.get(path, params=asked).status_code == 404, path


def test_columns_of_charges_have_the_contacts(client: TestClient) -> None:
    owed = said(client, "/api/v1/usage/platform/charges", **ALL_YEAR)
    assert list(owed["rows"][0]) == columns_of(CHARGES)
    mine = next(row for row in owed["rows"] if row["account"] == "renewals")
    assert (mine["reference"], mine["purchase_order"]) == ("HO-17", "PO 4")
