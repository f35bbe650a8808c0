"""Statements as files: nothing in a name is taken for markup, a formula or a path."""

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import pytest

import apportion as ap
from apportion.cli.statements import layout_for
from apportion.model.billing import Account
from apportion.rating.allowance import Origin
from apportion.report.statement_lines import lines
from apportion.report.statements.html import page
from apportion.report.statements.issue import file_name
from apportion.report.statements.layout import Layout
from apportion.report.statements.sheet import workbook
from apportion.report.usage_statement import (
    Issued,
    StatementAllowance,
    StatementCount,
    StatementLine,
    UsageStatement,
)

ISSUED = Issued("Ping & <Sons>", "20240201T120000-00000001", datetime(2024, 2, 1, tzinfo=UTC))
ATTACKS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}{% raw %}",
    "&lt;b&gt;",
    "=HYPERLINK(1)",
    "</title><style>@import 'http://x'</style>",
)


def statement(name: str = "Passports", **other: Any) -> UsageStatement:
    made = {
        "account": Account("a", name, contact_names=name, contact_emails=name, reference=name),
        "organisation": name,
        "year": 2023,
        "month": "",
        "first": date(2023, 4, 1),
        "last": date(2024, 3, 31),
        "currency": "GBP",
        "lines": (line(name, "1234.5649", "1,234.56"), line(name, "0.004", "0.01")),
        "counted": (StatementCount(name, name, 7),),
        "allowances": (StatementAllowance(name, name, 4000, Origin.OWN, 0, 3000, 1000),),
        "total": Decimal("1234.5689"),
        "total_shown": "1,234.57",
    }
    return UsageStatement(**{**made, **other})


def line(name: str, cost: str, shown: str) -> StatementLine:
    first, last = date(2023, 4, 1), date(2023, 4, 30)
    rate, exact = Decimal("0.019700000"), Decimal(cost)
    return StatementLine("April", first, last, name, name, rate, 5, 9000, 1, 8999, exact, shown)


class Reader(HTMLParser):
    """The tags of a page and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    return reader


@pytest.mark.parametrize("name", ATTACKS)
def test_a_name_is_text_on_the_page_and_nothing_else(name: str) -> None:
    plain, attacked = read(page(statement(), ISSUED)), read(page(statement(name), ISSUED))
    assert attacked.tags == plain.tags
    assert attacked.attributes == plain.attributes
    assert "".join(attacked.text).count(name) == "".join(plain.text).count("Passports") > 5


def test_the_page_stands_alone_and_its_figures_are_those_of_the_statement() -> None:
    html = page(statement(), ISSUED)
    reader = read(html)
    assert not {"script", "link", "img", "iframe"} & set(reader.tags)
    assert not [value for _, value in reader.attributes if value and "//" in value]
    assert not re.search(r"url\(|@import|https?:", html)
    assert "@page" in html
    assert "size: A4" in html
    shown = re.findall(r'<td class="n">([\d,.]+)</td>\n</tr>', html)[:3]
    assert shown == ["1,234.56", "0.01", "1,234.57"]
    assert "Ping &amp; &lt;Sons&gt;" in html


def test_a_control_character_is_shown_and_obeyed_by_none() -> None:
    name = "a\x1b[31m\u202eb\x00"
    assert not {"\x1b", "\u202e", "\x00"} & set(page(statement(name), ISSUED))
    sheet = openpyxl.load_workbook(io.BytesIO(workbook(statement(name), ISSUED))).active
    texts = [cell.value for row in sheet for cell in row if isinstance(cell.value, str)]
    assert r"a\x1b[31m\u202eb\x00" in texts


@pytest.mark.parametrize("name", [*ATTACKS, "+1", "-1", "@SUM(A1)", "http://x", "\t=1"])
def test_a_spreadsheet_holds_what_the_statement_says_and_no_formula(name: str) -> None:
    content = workbook(statement(name), ISSUED)
    assert content == workbook(statement(name), ISSUED)
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    cells = [cell for row in sheet for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s", "n"}
    assert not [cell for cell in cells if cell.hyperlink]
    rows = [[cell.value for cell in row] for row in sheet]
    head = next(at for at, row in enumerate(rows) if row[0] == "Month")
    charged, total = rows[head + 1 : head + 3], rows[head + 3]
    assert [str(row[7]) for row in charged] == ["1234.56", "0.01"]
    assert [str(row[2]) for row in charged] == ["0.0197", "0.0197"]
    assert [total[0], total[4], total[6], str(total[7])] == ["Total", 18000, 17998, "1234.57"]


def test_a_figure_that_a_spreadsheet_would_round_is_kept_as_text() -> None:
    large = "99,999,999,999,999,999.99"
    made = statement(lines=(line("sms", "99999999999999999.99", large),), total_shown=large)
    sheet = openpyxl.load_workbook(io.BytesIO(workbook(made, ISSUED))).active
    found = [cell.value for row in sheet for cell in row if cell.value == large]
    assert found == [large, large]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_csv_has_lines_that_sum_to_the_total_and_no_formula(name: str) -> None:
    rows = list(csv.DictReader(io.StringIO(lines(statement(name)))))
    assert [row["kind"] for row in rows] == ["charge", "charge", "not billed", "allowance", "total"]
    charged = sum(Decimal(row["cost_shown"]) for row in rows[:2])
    assert charged == Decimal(rows[-1]["cost_shown"]) == Decimal("1234.57")
    assert sum(Decimal(row["cost"]) for row in rows[:2]) == Decimal(rows[-1]["cost"])
    assert {row["name"] for row in rows} == {f"'{name}"}


@pytest.mark.parametrize(
    "account",
    ["../../etc/passwd", "a/b", "a\\b", "..", "a\x00b", "CON:", "-rf", "é", "x" * 400, "a b", "."],
)
def test_no_account_names_a_file_elsewhere(account: str) -> None:
    name = file_name(statement(account=Account(account)), Layout.HTML)
    assert re.fullmatch(r"statement-[A-Za-z0-9_-]+-2023\.html", name)
    assert len(name) < 120
    assert name != file_name(statement(account=Account(account + "/")), Layout.HTML)


def test_the_ending_of_a_file_says_how_it_is_written(tmp_path: Path) -> None:
    for layout in Layout:
        assert layout_for(None, Path(f"x.{layout.upper()}")) is layout
    assert layout_for(None, tmp_path) is Layout.HTML
    assert layout_for(Layout.CSV, Path("x.html")) is Layout.CSV
    for asked, out in ((None, Path("x.pdf")), (Layout.XLSX, None)):
        with pytest.raises(ap.UsageError) as refused:
            layout_for(asked, out)
        assert [each.code for each in refused.value.findings] == ["invalid_argument"]


def test_all_layouts_say_the_same(
    enter: Callable[[str], Path], apportion: Callable[..., Any]
) -> None:
    enter("billed")
    asked = ("usage", "statement", "renewals", "--year", "2023")
    data = json.loads(apportion(*asked, "--json").out)
    printed = [line["cost_shown"] for line in data["lines"]]
    assert sum(map(Decimal, printed)) == Decimal(data["total_shown"]) == Decimal("54.26")
    rows = list(csv.DictReader(io.StringIO(apportion(*asked, "--format", "csv").out)))
    assert [row["cost_shown"] for row in rows if row["kind"] == "charge"] == printed
    html = apportion(*asked).out
    assert re.findall(r'<td class="n">([\d,.]+)</td>\n</tr>', html)[:5] == printed
    assert apportion(*asked, "--out", "s.xlsx").status == 0
    sheet = openpyxl.load_workbook("s.xlsx").active
    column = [row[7].value for row in sheet]
    begin = column.index("Cost") + 1
    assert [f"{each:.2f}" for each in column[begin : begin + 5]] == printed
    monthly = json.loads(apportion("usage", "monthly", "renewals", "--year", "2023", "--json").out)
    assert [row["cost"] for row in monthly["rows"]] == [line["cost"] for line in data["lines"]]
    assert monthly["total_cost"] == data["total"]


def test_a_statement_that_cannot_be_written_leaves_the_old_one(
    enter: Callable[[str], Path], apportion: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    enter("billed")
    Path("s.html").write_text("old", encoding="utf-8")

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    answer = apportion("usage", "statement", "renewals", "--year", "2023", "--out", "s.html")
    assert answer.status == 2
    assert "No space left on device" in answer.err
    assert Path("s.html").read_text(encoding="utf-8") == "old"
    assert not list(Path().glob(".s.html*"))
