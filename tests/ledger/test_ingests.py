"""What an ingest records: once, in the place of what it corrects, and what was before stays."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from ledgers import COST_COLUMNS, seen

from apportion import IngestError, Workspace
from apportion.findings import LedgerError
from apportion.ledger.bill_lines import BILL_LINES, DELIVERIES
from apportion.ledger.locks import writing
from apportion.ledger.record_ingest import pinned_versions
from apportion.ledger.schemas import COSTS, INGESTS, INPUTS
from apportion.ledger.store import (
    read,
    version,
)


def total(workspace: Workspace, at_version: int | None = None) -> Decimal:
    """The sum of the costs that count, or of those of a version."""
    at_version = pinned_versions(workspace.store)["costs"] if at_version is None else at_version
    return sum(read(workspace.store, COSTS, at_version)["amount"].to_pylist(), Decimal(0))


def ingest(workspace: Workspace, name: str, *lines: str, **named: Any) -> str:
    """Ingest lines of costs as a file; gives the ingest's id, empty where nothing was written."""
    file = Path(workspace.folder) / name
    if lines:
        file.write_text("\n".join((COST_COLUMNS, *lines)) + "\n")
    return workspace.ingest("costs", file, **named).recorded.ingest_id


def test_the_same_file_again_changes_nothing(company: Path) -> None:
    workspace = Workspace(company)
    before = seen(company), [version(workspace.store, table) for table in INPUTS]
    assert ingest(workspace, "bill.csv", source="cloud") == ""
    assert (seen(company), [version(workspace.store, table) for table in INPUTS]) == before


def test_the_same_rows_in_another_order_change_nothing(company: Path) -> None:
    workspace = Workspace(company)
    header, *lines = (company / "bill.csv").read_text().splitlines()
    (company / "turned.csv").write_text("\n".join([header, *reversed(lines)]))
    assert ingest(workspace, "turned.csv", source="cloud") == ""


def test_the_same_file_under_another_guess_is_told(company: Path) -> None:
    workspace = Workspace(company)
    (company / "copy.csv").write_bytes((company / "bill.csv").read_bytes())
    recorded = workspace.ingest("costs", company / "copy.csv").recorded
    assert (recorded.ingest_id, recorded.same_as) == ("", "cloud")
    assert total(workspace) == Decimal("31.01")


def test_a_correction_replaces_its_source_and_no_other(company: Path) -> None:
    workspace = Workspace(company)
    assert ingest(workspace, "second.csv", source="vendor")
    assert total(workspace) == Decimal("38.01")
    corrected = workspace.ingest("costs", company / "corrected.csv", source="cloud", replace=True)
    assert corrected.recorded.replaced_rows == 3
    assert total(workspace) == Decimal("18.55")


def test_a_correction_of_a_day_leaves_the_other_days(company: Path) -> None:
    workspace = Workspace(company)
    assert ingest(workspace, "day.csv", "database,2024-01-01,compute,1,USD", source="cloud")
    assert total(workspace) == Decimal("22.01")


def test_a_declared_period_replaces_the_days_without_lines(company: Path) -> None:
    workspace = Workspace(company)
    (company / "day.csv").write_text(f"{COST_COLUMNS}\nshop,2024-01-02,storage,1,USD\n")
    january = (date(2024, 1, 1), date(2024, 1, 31))
    workspace.ingest("costs", company / "day.csv", source="cloud", period=january)
    assert total(workspace) == Decimal(1)


def test_a_correction_back_is_the_first_state_again(company: Path) -> None:
    workspace = Workspace(company)
    before = seen(company)
    assert ingest(workspace, "corrected.csv", source="cloud", replace=True)
    assert seen(company).costs != before.costs
    assert ingest(workspace, "bill.csv", source="cloud", replace=True)
    assert seen(company).costs == before.costs


def test_what_lacks_something_of_a_day_is_refused_until_somebody_says_what_it_is(
    company: Path,
) -> None:
    workspace = Workspace(company)
    before = seen(company)
    with pytest.raises(IngestError) as refused:
        ingest(workspace, "corrected.csv", source="cloud")
    assert [each.code for each in refused.value.findings] == ["unsaid_replacement"]
    assert seen(company) == before
    assert ingest(workspace, "corrected.csv", source="cloud", append=True)
    assert total(workspace) == Decimal("31.01") + Decimal("11.55")


def test_days_that_a_file_does_not_mention_stay(company: Path) -> None:
    workspace = Workspace(company)
    lines = [f"shop,2024-01-0{day},storage,{day},USD" for day in (3, 4, 5)]
    assert ingest(workspace, "three.csv", *lines, source="other")
    assert ingest(workspace, "two.csv", lines[0].replace(",3,", ",7,"), lines[2], source="other")
    assert total(workspace) == Decimal("31.01") + 7 + 4 + 5
    assert ingest(workspace, "gone.csv", lines[0], lines[2], source="other", replace=True)
    assert total(workspace) == Decimal("31.01") + 3 + 4 + 5


def test_a_repeat_is_noted_and_changes_nothing_else(company: Path) -> None:
    workspace = Workspace(company)
    pins = pinned_versions(workspace.store)
    (first,) = read(workspace.store, DELIVERIES).to_pylist()
    assert ingest(workspace, "bill.csv", source="cloud") == ""
    (again,) = (
        row for row in read(workspace.store, DELIVERIES).to_pylist() if row["outcome"] == "repeat"
    )
    assert json.loads(again["repeats"]) == [first["delivery"]]
    assert (again["lines"], json.loads(again["data_files"])) == (3, [])
    assert pinned_versions(workspace.store) == pins
    assert version(workspace.store, BILL_LINES) == pins[BILL_LINES.name]


def test_what_held_before_a_correction_stays_readable(company: Path) -> None:
    workspace = Workspace(company)
    totals = [total(workspace)]
    for amount in (1, 2, 3):
        assert ingest(workspace, "day.csv", f"shop,2024-01-05,x,{amount},USD", source="other")
        totals.append(total(workspace))
    records = read(workspace.store, INGESTS).sort_by("sequence").to_pylist()
    costs = [row for row in records if json.loads(row["sources"]) != ["monitor"]]
    assert [total(workspace, row["costs_version"]) for row in costs] == totals
    assert [row["sequence"] for row in records] == [1, 2, 3, 4, 5]


def test_a_refused_file_leaves_the_ledger_as_it_was(company: Path) -> None:
    workspace = Workspace(company)
    before = seen(company)
    with pytest.raises(IngestError, match="nobody"):
        ingest(workspace, "wrong.csv", "nobody,2024-01-01,compute,1,USD", source="cloud")
    assert seen(company) == before


def test_who_waits_too_long_for_another_writer_is_told(company: Path) -> None:
    store = Workspace(company).store
    with writing(store), pytest.raises(LedgerError) as refused, writing(store, 0.01):
        pass
    assert [finding.code for finding in refused.value.findings] == ["ledger_busy"]
