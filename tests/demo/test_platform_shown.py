"""What the demo shows of its second example: margin, one account's year, and where to look."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from apportion import rate
from apportion.cli.suggestions import Suggestions
from apportion.cli.views import margin as margin_view
from apportion.cli.views import platform as view
from apportion.demo import DemoCompany
from apportion.model import Model, load_model
from apportion.report.margin import Margin, margin
from apportion.report.usage_statement import UsageStatement, usage_statement

YEAR = (date(2024, 4, 1), date(2025, 3, 31))
COST = {"appointments": "2000000", "bulletins": "90000.005", "send-files": "16000"}


@pytest.fixture(scope="module")
def model(platform: DemoCompany) -> Model:
    return load_model(platform.folder)


@pytest.fixture(scope="module")
def found(platform: DemoCompany, model: Model) -> tuple[Margin, UsageStatement]:
    """Charges as they are, and an invented cost for three products."""
    files = sorted((platform.folder / "inbox" / "usage").iterdir())
    charges = rate(model, pa.concat_tables(pq.read_table(file) for file in files))
    connection = charges.connect()
    cost = {
        "node": list(COST),
        "date": [YEAR[0]] * len(COST),
        "retained": [Decimal(each) for each in COST.values()],
    }
    connection.register("allocations", pa.table(cost))
    return (
        margin(connection, model, *YEAR),
        usage_statement(connection, model, "advice-line", 2024),
    )


@pytest.fixture
def shown(
    model: Model,
    found: tuple[Margin, UsageStatement],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    monkeypatch.setenv("COLUMNS", "100")
    view.show(view.PlatformYear(Path("demo") / "notifications", model, *found, rows=132_219))
    return capsys.readouterr().out


def number(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


def rows(shown: str, first: str) -> list[list[str]]:
    """The rows of the table whose head begins with a word, and its total."""
    lines = shown.splitlines()
    begin = next(place for place, line in enumerate(lines) if line.startswith(f"{first} "))
    end = next(place for place in range(begin, len(lines)) if lines[place].startswith("Total"))
    return [
        [cell.strip() for cell in line.split("  ") if cell.strip()]
        for line in lines[begin + 1 : end + 1]
        if "─" not in line
    ]


def test_products_are_shown_by_what_they_bring_in_and_sum_to_the_total(shown: str) -> None:
    *products, total = rows(shown, "Product")
    assert products[0][:3] == ["Appointments and reminders", products[0][1], "2,000,000.00"]
    assert products[-1][:3] == ["Files by e-mail", "0.00", "16,000.00"]
    for column in (1, 2, 3):
        assert sum(number(row[column]) for row in products) == number(total[column])
    assert all(number(row[1]) - number(row[2]) == number(row[3]) for row in [*products, total])
    assert "(no product)" in shown


def test_margins_are_headed_as_show_margin_heads_them(
    shown: str, found: tuple[Margin, UsageStatement], capsys: pytest.CaptureFixture[str]
) -> None:
    def heads(text: str) -> list[str]:
        (line,) = [line for line in text.splitlines() if line.startswith("Product ")]
        return re.split(" {2,}", line)

    margin_view.show(found[0], "x", Suggestions())
    theirs = heads(capsys.readouterr().out)
    assert heads(shown) == [each for each in theirs if each != "Units"]
    *products, _ = rows(shown, "Product")
    texts = next(line for line in found[0].lines if line.name == products[0][0])
    assert texts.unit_cost is not None
    assert abs(Decimal(products[0][4]) - texts.unit_cost) <= Decimal("0.00005")


def test_what_belongs_to_no_product_is_named(shown: str) -> None:
    assert "mercia-rotas and platform-status belong to no product" in shown


def test_an_account_uses_its_allowance_month_by_month(shown: str) -> None:
    *months, total = rows(shown, "Month")
    assert [row[0] for row in months][::11] == ["April", "March"]
    assert len(months) == 12
    assert sum(number(row[6]) for row in months) == number(total[5]), "a total has no rate"
    left = [int(number(row[7])) for row in months]
    assert left == sorted(left, reverse=True)
    assert left[3] > 0 == left[4] == left[-1]
    bars = [len(row[8]) if len(row) > 8 else 0 for row in months]
    assert bars == sorted(bars, reverse=True)
    assert bars[0] > bars[3] > 0 == bars[4]


def test_it_says_where_to_look_next(shown: str) -> None:
    assert "  cd demo/notifications\n" in shown
    assert "  apportion show margin --from 2024-04 --to 2025-03\n" in shown
    assert "demo/notifications/README.md" in shown
