"""CSV that a spreadsheet may open, and tables that a terminal shows, with names from strangers."""

import csv
import io
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from apportion.report import paging
from apportion.report.csv_text import write_csv

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"]
PLAIN = ["checkout", "a=b", "1-1", "'quoted'", "", " =1"]


def cells(*row: Any) -> list[str]:
    """The cells of a row as a spreadsheet reads them."""
    stream = io.StringIO(newline="")
    write_csv(stream, ["=head", *["plain"] * (len(row) - 1)], [row])
    stream.seek(0)
    header, *rows = csv.reader(stream)
    assert header[0] == "'=head"
    (found,) = rows
    return found


def test_no_text_is_a_formula_and_all_others_stay_as_they_are() -> None:
    assert cells(*FORMULAS, *PLAIN) == [*(f"'{text}" for text in FORMULAS), *PLAIN]


def test_figures_are_not_texts() -> None:
    row = (Decimal("-1.500000000"), Decimal("1E+3"), date(2024, 2, 29), -3, None)
    assert cells(*row) == ["-1.500000000", "1000", "2024-02-29", "-3", ""]


@pytest.fixture
def strange(enter: Callable[[str], Path], apportion: Callable[..., Any]) -> str:
    """A run over a bill whose names a stranger chose; what the ingest and the run said."""
    enter("new")
    Path("bill.csv").write_text(
        "BilledCost,EffectiveCost,BillingCurrency,ChargePeriodStart,ProviderName,ServiceCategory\n"
        "1,1,USD,2024-03-01T00:00:00Z,ev\x1b[31mil,=1+1\n",
        encoding="utf-8",
    )
    answers = [
        apportion(*line.split())
        for line in ("ingest focus bill.csv", "run --from 2024-03 --to 2024-03")
    ]
    assert [answer.status for answer in answers] == [0, 0]
    return "".join(answer.out + answer.err for answer in answers)


@pytest.mark.usefixtures("strange")
def test_a_stranger_cannot_write_a_formula(apportion: Callable[..., Any]) -> None:
    answer = apportion("show", "allocations", "--csv")
    (row,) = csv.DictReader(io.StringIO(answer.out))
    assert row["dimension"] == "'=1+1"


@pytest.mark.parametrize("question", ["show nodes", "show allocations", "reconcile"])
def test_a_stranger_cannot_steer_the_terminal(
    question: str, apportion: Callable[..., Any], strange: str
) -> None:
    answer = apportion(*question.split())
    assert answer.status == 0
    assert "\x1b" not in strange + answer.out + answer.err
    assert r"unmapped:ev\x1b[31mil" in answer.out


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("question", ["nodes", "contributions"])
@pytest.mark.parametrize("form", ["--csv", "--json"])
def test_a_long_listing_is_the_same_however_it_is_read(
    apportion: Callable[..., Any], question: str, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = apportion("show", question, form)
    rows = at_once.out.count("\n")
    assert rows > 4
    monkeypatch.setattr(paging, "PART", rows // 4)
    assert apportion("show", question, form) == at_once
