"""A real bill from `init` to `reconcile`, beside a reading of the file in plain fractions.

The bill is the sample of the FinOps Foundation: a thousand lines of three providers, with credits
and adjustments, ``NULL`` as text, eleven decimals, and one column that the standard does not know.
"""

import csv
import json
import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from apportion.cli import main

UNIT = Fraction(1, 10**9)
AZURE = "azure"
SHARED = "aws-shared"


@dataclass(frozen=True)
class Line:
    """What a line of the bill says, by another reading."""

    provider: str
    period: str
    category: str
    application: str
    cost: Fraction
    days: tuple[tuple[str, Fraction], ...]

    @property
    def node(self) -> str:
        """Where the rules below should put it."""
        if self.application:
            return self.application
        if self.provider == "AWS":
            return SHARED
        return AZURE if self.category != "Compute" else f"unmapped:{self.provider}"


def _days(start: datetime, end: datetime) -> Iterator[tuple[str, Fraction]]:
    """The days of a charge, and the part of its time that lies on each."""
    day = datetime.combine(start.date(), datetime.min.time())
    if end <= day + timedelta(days=1):
        yield str(start.date()), Fraction(1)
        return
    while day < end:
        inside = min(day + timedelta(days=1), end) - max(day, start)
        yield (
            str(day.date()),
            Fraction(inside // timedelta(seconds=1)) / int((end - start).total_seconds()),
        )
        day += timedelta(days=1)


def _line(row: dict[str, str]) -> Line:
    tags = json.loads(row["Tags"]) if row["Tags"] not in ("", "NULL") else {}
    start, end = (
        datetime.fromisoformat(row[name]) for name in ("ChargePeriodStart", "ChargePeriodEnd")
    )
    return Line(
        row["ProviderName"],
        row["BillingPeriodStart"],
        row["ServiceCategory"],
        tags.get("application") or "",
        Fraction(row["EffectiveCost"]),
        tuple(_days(start, end)),
    )


@pytest.fixture(scope="module")
def sample(shared_data: Path) -> Path:
    """The file itself."""
    return shared_data / "focus_sample.csv"


@pytest.fixture(scope="module")
def lines(sample: Path) -> list[Line]:
    """The bill by ``csv`` and ``Fraction`` alone."""
    with sample.open(encoding="utf-8-sig", newline="") as file:
        return [_line(row) for row in csv.DictReader(file)]


def _model(lines: list[Line]) -> dict[str, Any]:
    applications = sorted({line.application for line in lines if line.application})
    nodes = [{"id": name, "type": "product"} for name in applications]
    nodes += [{"id": name, "type": "shared"} for name in (SHARED, AZURE)]
    edges = [{"source": SHARED, "receiver": name, "strategy": "equal"} for name in applications[:7]]
    edges.append(
        {
            "source": AZURE,
            "receiver": applications[0],
            "strategy": "fixed_percent",
            "parameters": {"percent": 62.5},
        }
    )
    category = "{ServiceCategory}"
    mapping = [
        {
            "when": {"tag": "application", "exists": True},
            "node": "{tag.application}",
            "dimension": category,
        },
        {
            "when": {"column": "ProviderName", "in": ["AWS"]},
            "node": SHARED,
            "dimension": category,
        },
        {
            "when": {
                "all": [
                    {"column": "BillingAccountId", "prefix": "/providers/Microsoft"},
                    {"not": {"column": "ServiceCategory", "equals": "Compute"}},
                ]
            },
            "node": AZURE,
            "dimension": category,
        },
    ]
    return {"nodes": nodes, "edges": edges, "mapping": mapping}


@dataclass(frozen=True)
class Answers:
    """What the commands said, as JSON."""

    ingest: Any
    again: Any
    run: str
    reconcile: Any
    allocations: Any


@pytest.fixture(scope="module")
def answers(
    lines: list[Line], sample: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Answers]:
    """The way of a user: a new workspace, a model of one's own, the bill, a run, the proof."""
    folder = tmp_path_factory.mktemp("real")
    before = Path.cwd()
    os.chdir(folder)
    try:
        _say("init", "acme")
        os.chdir(folder / "acme")
        for path in Path("model").iterdir():
            path.unlink()
        Path("model/company.yaml").write_text(json.dumps(_model(lines)), encoding="utf-8")
        _say("validate")
        ingest = json.loads(_say("ingest", "focus", str(sample), "--json"))
        again = json.loads(_say("ingest", "focus", str(sample), "--json"))
        run = _say("run", "--from", "2024-09-01", "--to", "2024-10-31")
        reconcile = json.loads(_say("reconcile", "--json"))
        allocations = json.loads(_say("show", "allocations", "--json"))
        yield Answers(ingest, again, run, reconcile, allocations)
    finally:
        os.chdir(before)


def _say(*words: str) -> str:
    import contextlib
    import io

    out, err = io.StringIO(), io.StringIO()
    status = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(list(words))
        except SystemExit as ending:
            status = int(ending.code or 0)
    assert status == 0, err.getvalue()
    return out.getvalue()


def by(lines: list[Line], name: str) -> dict[str, Fraction]:
    """Exact totals by one thing a line says."""
    totals: dict[str, Fraction] = defaultdict(Fraction)
    for line in lines:
        for day, part in line.days:
            key = day if name == "day" else getattr(line, name)
            totals[key] += line.cost * part
    return totals


def direct(allocations: Any, column: str) -> dict[str, tuple[Fraction, int]]:
    """Direct cost by a column, and of how many rows it is the sum."""
    totals: dict[str, tuple[Fraction, int]] = defaultdict(lambda: (Fraction(0), 0))
    for row in allocations["rows"]:
        amount, count = totals[row[column]]
        # A row that only received has no direct cost, and no rounding of it either.
        one = Fraction(row["direct"]) != 0
        totals[row[column]] = (amount + Fraction(row["direct"]), count + one)
    return totals


def test_the_file_is_the_one_that_these_tests_know(lines: list[Line]) -> None:
    assert len(lines) == 1000
    assert sum(line.cost for line in lines) == Fraction("14.97651418586")
    assert sum(line.cost < 0 for line in lines) >= 1
    assert {line.provider for line in lines} == {"AWS", "Microsoft", "Oracle"}


def test_every_line_is_read_and_the_total_is_the_files(answers: Answers) -> None:
    said = answers.ingest
    assert (said["lines_read"], said["accepted"], said["rejected"]) == (1000, 1000, 0)
    (total,) = said["totals"]
    assert (total["currency"], total["file"]) == ("USD", "14.97651418586")
    assert said["notes"][0] == "Read as FOCUS 1.0; the cost is EffectiveCost."
    assert any("'Id'" in warning["message"] for warning in said["warnings"])


def test_the_rows_are_each_bills_total_rounded_once(answers: Answers, lines: list[Line]) -> None:
    bills: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for line in lines:
        bills[line.provider, line.period] += line.cost
    expected = sum(round(cost / UNIT) for cost in bills.values()) * UNIT
    (total,) = answers.ingest["totals"]
    assert Fraction(total["rows"]) == expected
    assert Fraction(total["difference"]) == expected - Fraction("14.97651418586")


def test_ingesting_it_again_changes_nothing(answers: Answers) -> None:
    assert answers.ingest["changed"]
    assert not answers.again["changed"]
    assert answers.again["totals"] == answers.ingest["totals"]


def test_what_rules_took_and_what_none_did(answers: Answers, lines: list[Line]) -> None:
    with_application = [line for line in lines if line.application]
    first = answers.ingest["mapped"][0]
    assert first["lines"] == len(with_application)
    assert Fraction(first["amount"]) == sum(line.cost for line in with_application)
    (unmapped,) = answers.ingest["unmapped"]
    loose = [line for line in lines if line.node == "unmapped:Microsoft"]
    assert (unmapped["node"], unmapped["lines"]) == ("unmapped:Microsoft", len(loose))
    assert Fraction(unmapped["amount"]) == sum(line.cost for line in loose)


@pytest.mark.parametrize(
    ("name", "column"), [("node", "node"), ("category", "dimension"), ("day", "date")]
)
def test_totals_are_those_of_the_file(
    name: str, column: str, answers: Answers, lines: list[Line]
) -> None:
    """By node, by service and by day; a row is less than a unit off, and no row is lost."""
    exact = by(lines, name)
    found = direct(answers.allocations, column)
    assert {key for key, (amount, _) in found.items() if amount} <= exact.keys()
    for key, cost in exact.items():
        amount, rows = found[key]
        assert abs(amount - cost) < max(rows, 1) * UNIT, key
    assert sum(amount for amount, _ in found.values()) == Fraction(
        answers.ingest["totals"][0]["rows"]
    )


def test_the_reconciliation_is_exact(answers: Answers) -> None:
    said = answers.reconcile
    figures = {
        name: Fraction(said[name])
        for name in (
            "raw_infrastructure_cost",
            "product_direct_cost",
            "allocated_product_cost",
            "unallocated_cost",
        )
    }
    assert Fraction(said["conservation_delta"]) == 0
    assert said["invariant_violations"] == []
    total = Fraction(answers.ingest["totals"][0]["rows"])
    assert figures["raw_infrastructure_cost"] + figures["product_direct_cost"] == total
    assert figures["allocated_product_cost"] + figures["unallocated_cost"] == total


def test_what_is_unallocated_is_what_nobody_takes(answers: Answers, lines: list[Line]) -> None:
    exact = by(lines, "node")
    expected = exact["unmapped:Microsoft"] + exact[AZURE] * Fraction(3, 8)
    rows = len(
        answers.allocations["rows"]
        if isinstance(answers.allocations, dict)
        else answers.allocations
    )
    assert abs(Fraction(answers.reconcile["unallocated_cost"]) - expected) < rows * UNIT
