"""What a delivery of costs does to what the ledger has, and how a terminal says what is meant."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from bills import daily, hourly

from apportion import Workspace
from apportion.ledger.runs import pinned_versions
from apportion.ledger.schemas import COSTS
from apportion.ledger.store import read


def known(folder: Path) -> Decimal:
    """All that the ledger's costs sum to."""
    store = Workspace(folder).store
    amounts = read(store, COSTS, pinned_versions(store)["costs"], ["amount"])["amount"]
    return sum(amounts.to_pylist(), Decimal(0))


@pytest.fixture
def acme(enter: Callable[[str], Path]) -> Path:
    """A new workspace that knows days 1 to 20 of a bill, 10.00 USD each."""
    folder = enter("new")
    (folder / "month-to-date.csv").write_text(daily(range(1, 21)))
    (folder / "one-time.csv").write_text(daily(range(1, 6)))
    return folder


def test_a_shorter_export_is_refused_with_figures_and_both_ways_out(
    acme: Path, apportion: Callable[..., Any]
) -> None:
    assert apportion("ingest", "focus", "month-to-date.csv").status == 0
    refused = apportion("ingest", "focus", "one-time.csv")
    said = " ".join(refused.err.split())
    assert (refused.status, refused.out) == (1, "")
    assert "[unsaid_replacement]" in said
    assert "the ledger has 20 lines, 200 USD; the files have 5 lines, 50 USD." in said
    assert "Of 15 days, 2024-09-06 to 2024-09-20" in said
    assert "15 lines, 150 USD would go. Nothing was recorded." in said
    assert "--replace" in said
    assert "--append" in said
    assert known(acme) == 200


@pytest.mark.parametrize(("answer", "total"), [("--replace", 50), ("--append", 250)])
def test_either_answer_is_taken(
    acme: Path, apportion: Callable[..., Any], answer: str, total: int
) -> None:
    apportion("ingest", "focus", "month-to-date.csv")
    done = apportion("ingest", "focus", "one-time.csv", answer, "--json")
    assert done.status == 0, done.err
    assert json.loads(done.out)["changed"]
    assert known(acme) == total


def test_the_bill_that_grew_needs_no_answer(acme: Path, apportion: Callable[..., Any]) -> None:
    for file, total in (("one-time.csv", 50), ("month-to-date.csv", 200)):
        assert apportion("ingest", "focus", file).status == 0
        assert known(acme) == total
    again = apportion("ingest", "focus", "month-to-date.csv")
    assert again.status == 0
    assert "Nothing changed: the ledger has the same 20 rows already." in again.out


def test_reports_of_six_hours_each_are_added(acme: Path, apportion: Callable[..., Any]) -> None:
    (acme / "first.csv").write_text(hourly(range(6)))
    (acme / "second.csv").write_text(hourly(range(6, 12)))
    (acme / "corrected.csv").write_text(hourly((3,), "-0.10"))
    for file, total in (("first.csv", "5.10"), ("second.csv", "10.20")):
        assert apportion("ingest", "focus", file).status == 0
        assert known(acme) == Decimal(total)
    # A correction stands in an hour that is known: it could be all there is of it.
    assert apportion("ingest", "focus", "corrected.csv").status == 1
    assert apportion("ingest", "focus", "corrected.csv", "--append").status == 0
    assert known(acme) == Decimal("10.10")


def test_plain_costs_are_asked_for_as_bills_are(acme: Path, apportion: Callable[..., Any]) -> None:
    head = "node,date,dimension,amount,currency\n"
    shop, cluster = (f"{node},2024-09-01,Compute,10,USD\n" for node in ("servers", "database"))
    (acme / "whole.csv").write_text(head + shop + cluster)
    (acme / "part.csv").write_text(head + shop)
    words = ("ingest", "costs", "--source", "billing")
    assert apportion(*words, "whole.csv").status == 0
    refused = apportion(*words, "part.csv")
    assert refused.status == 1
    assert "[unsaid_replacement]" in refused.err
    assert apportion(*words, "part.csv", "--replace").status == 0
    assert known(acme) == 10


def test_both_answers_are_none(acme: Path, apportion: Callable[..., Any]) -> None:
    refused = apportion("ingest", "focus", "one-time.csv", "--replace", "--append")
    assert refused.status == 2
    assert "Say one of the two." in refused.err
    assert known(acme) == 0


def test_usage_does_not_add(acme: Path, apportion: Callable[..., Any]) -> None:
    refused = apportion("ingest", "usage", "data/usage.csv", "--append")
    assert refused.status == 2
    assert "Leave out --append, which is for costs." in refused.err
