"""Statements over HTTP: the bytes of the command line, and pages that browsers show safely."""

import base64
import hashlib
import io
import json
import os
import re
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import openpyxl
import pytest
from billed import FORMULA, ODD, YEAR
from fastapi.testclient import TestClient
from serving import COMMAND

from apportion.api.application import application
from apportion.serve_settings import ServeSettings

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MEDIA = {"html": "text/html", "csv": "text/csv", "xlsx": XLSX, "json": "application/json"}


@pytest.fixture(scope="module")
def client(billed: Path) -> Iterator[TestClient]:
    app = application(ServeSettings(os.fspath(billed)))
    with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as opened:
        yield opened


@pytest.mark.parametrize("layout", ["html", "csv", "json"])
def test_a_statement_has_the_bytes_of_the_command_line(
    client: TestClient, billed: Path, layout: str
) -> None:
    words = ["usage", "statement", "renewals", "--year", str(YEAR), "--month", "September"]
    done = subprocess.run(
        [COMMAND, "--workspace", str(billed), *words, "--format", layout],
        capture_output=True, check=True,
    )  # fmt: skip
    path = f"/api/v1/statements/renewals?year={YEAR}&month=6"
    by_name = client.get(path, params={"year": YEAR, "month": "september", "format": layout})
    by_header = client.get(path, headers={"Accept": MEDIA[layout]})
    assert by_header.content == by_name.content
    assert by_header.headers["Content-Type"].partition(";")[0] == MEDIA[layout]
    if layout == "json":
        assert by_name.json() == {**json.loads(done.stdout), "warnings": [], "warnings_total": 0}
    else:
        assert by_name.content == done.stdout


def test_the_answer_as_data_is_as_openapi_describes_it(client: TestClient) -> None:
    document = client.get("/api/v1/openapi.json").json()
    said = document["paths"]["/api/v1/statements/{account}"]["get"]["responses"]["200"]["content"]
    assert set(said) == set(MEDIA.values())
    schema = {**said["application/json"]["schema"], "components": document["components"]}
    for account in ("renewals", "visas", ODD[0]):
        found = client.get(f"/api/v1/statements/{account}?year={YEAR}").json()
        jsonschema.Draft202012Validator(schema).validate(found)
        assert set(found) == set(schema["properties"])
        assert set(found["lines"][0]) == set(schema["properties"]["lines"]["items"]["properties"])
        shown = sum(Decimal(line["cost_shown"]) for line in found["lines"])
        assert shown == Decimal(found["total_shown"])
        assert sum(Decimal(line["cost"]) for line in found["lines"]) == Decimal(found["total"])


def test_a_spreadsheet_has_the_lines_and_no_formula(client: TestClient) -> None:
    answer = client.get(f"/api/v1/statements/{ODD[0]}", params={"year": YEAR, "format": "xlsx"})
    assert answer.headers["Content-Type"] == XLSX
    name = answer.headers["Content-Disposition"]
    assert re.fullmatch(r'attachment; filename="statement-[A-Za-z0-9_-]+-2023\.xlsx"', name)
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert FORMULA in {cell.value for cell in cells}
    assert {cell.data_type for cell in cells} == {"s", "n"}


class Styles(HTMLParser):
    """The styles of a page, as elements and as attributes, and whatever else could act."""

    def __init__(self) -> None:
        super().__init__()
        self.styles: list[str] = []
        self.active: list[str] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = tag == "style"
        self.styles += [value or "" for name, value in attrs if name == "style"]
        self.active += [name for name, _ in attrs if name.startswith("on")]
        self.active += [tag] if tag in ("script", "iframe", "link", "img", "object", "base") else []

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.styles.append(data)
            self.inside = False


def test_a_browser_shows_the_page_with_its_own_styles_and_nothing_else(client: TestClient) -> None:
    answer = client.get(f"/api/v1/statements/{ODD[0]}", params={"year": YEAR, "format": "html"})
    policy = answer.headers["Content-Security-Policy"]
    assert answer.headers.get_list("Content-Security-Policy") == [policy]
    directives = dict(each.strip().split(" ", 1) for each in policy.split(";"))
    assert directives["default-src"] == "'none'"
    assert "script-src" not in directives
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy
    page = Styles()
    page.feed(answer.text)
    assert page.active == []
    assert len(page.styles) == 2
    for style in page.styles:
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in directives["style-src"].split()
    assert "alert(1)" in answer.text


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("nobody?year=2023", 404, "unknown_account"),
        ("renewals", 422, "invalid_argument"),
        ("renewals?year=1", 422, "invalid_argument"),
        ("renewals?year=2023&month=13", 422, "invalid_argument"),
        ("renewals?year=2023&month=Octember", 422, "invalid_argument"),
        ("renewals?year=2023&month=²", 422, "invalid_argument"),
        ("renewals?year=2023&format=pdf", 422, "invalid_argument"),
        ("renewals?year=2023&run=zzz", 404, "unknown_run"),
        ("?year=2023", 404, "unknown_account"),
    ],
)
def test_a_wrong_question_is_told_what_is_wrong(
    client: TestClient, path: str, status: int, code: str
) -> None:
    answer = client.get(f"/api/v1/statements/{path}")
    assert (answer.status_code, answer.json()["findings"][0]["code"]) == (status, code)


def test_what_there_is_not_cannot_be_accepted(client: TestClient) -> None:
    path = f"/api/v1/statements/renewals?year={YEAR}"
    answer = client.get(path, headers={"Accept": "application/pdf"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (406, "application/problem+json")
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    answer = client.get(path, headers={"Accept": browser})
    assert answer.headers["Content-Type"].startswith("text/html")
