"""A file that speaks for very many things replaces them all, and nothing beside them."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from ledgers import seen

from apportion import Workspace
from apportion.ledger.record_billing import BillingIngest, commit_billing
from apportion.ledger.record_ingest import (
    PREDICATE_PARTS,
    Ingest,
    Replaced,
    commit_ingest,
)
from apportion.ledger.runs import pinned_versions
from apportion.ledger.schemas import BILLABLE_USAGE, USAGE
from apportion.ledger.store import read, version

DAY = date(2024, 1, 1)
MANY = 100_000


def points(count: int, value: int) -> Ingest:
    """A file with one day of so many metrics, each of which it speaks for."""
    rows = pa.table(
        {
            "source": ["many"] * count,
            "period": [""] * count,
            "node": ["shop"] * count,
            "date": pa.array([DAY] * count, pa.date32()),
            "metric": [f"m{number}" for number in range(count)],
            "labels": ["{}"] * count,
            "value": pa.array([Decimal(value)] * count, pa.decimal128(38, 9)),
            "unit": [""] * count,
        }
    )
    replaced = tuple(Replaced("many", "", f"m{number}", DAY, DAY) for number in range(count))
    return Ingest(USAGE, rows, replaced, "usage", ("many.csv",), {})


def record(workspace: Workspace, ingest: Ingest, name: str) -> int:
    """Commit an ingest; gives how many rows it replaced."""
    at = workspace.now()
    done = commit_ingest(workspace.store, ingest, ingest_id=name, at=at, program="test")
    return done.replaced_rows


def values(workspace: Workspace) -> dict[str, Decimal]:
    """The sum of each source's usage that counts."""
    pins = pinned_versions(workspace.store)
    rows = read(workspace.store, USAGE, pins["usage"], ["source", "value"])
    sums = rows.group_by("source").aggregate([("value", "sum")]).to_pylist()
    return {row["source"]: row["value_sum"] for row in sums}


@pytest.mark.parametrize("count", [PREDICATE_PARTS, PREDICATE_PARTS + 1, MANY])
def test_as_many_metrics_as_there_are_are_replaced(company: Path, count: int) -> None:
    workspace = Workspace(company)
    others = values(workspace)
    assert record(workspace, points(count, 1), "first") == 0
    assert values(workspace) == {**others, "many": Decimal(count)}
    assert record(workspace, points(count, 3), "second") == count
    assert values(workspace) == {**others, "many": Decimal(3 * count)}


def test_rows_that_stay_keep_the_ingest_that_brought_them(company: Path) -> None:
    workspace = Workspace(company)
    before = {row["ingest_id"] for row in read(workspace.store, USAGE).to_pylist()}
    record(workspace, points(PREDICATE_PARTS + 1, 1), "many")
    kept = [row for row in read(workspace.store, USAGE).to_pylist() if row["source"] != "many"]
    assert {row["ingest_id"] for row in kept} == before
    assert len(kept) == 4


def test_billable_days_that_lie_apart_are_replaced_and_no_day_between(company: Path) -> None:
    workspace = Workspace(company)

    def bill(days: list[date], units: int, name: str) -> None:
        count = len(days)
        rows = pa.table(
            {
                "date": pa.array(days, pa.date32()),
                "account": ["acme"] * count,
                "channel": ["sms"] * count,
                "provider": [""] * count,
                "rate_multiplier": [1] * count,
                "international": [False] * count,
                "template": [""] * count,
                "billable_units": [units] * count,
                "notifications_sent": [units] * count,
            }
        )
        told = BillingIngest(
            rows,
            rows.slice(0, 0),
            tuple(days),
            whole_days=True,
            counts_events=False,
            replace=True,
            format="billable",
            files=("b.csv",),
        )
        commit_billing(workspace.store, told, ingest_id=name, at=workspace.now(), program="test")

    days = [DAY + timedelta(days=number) for number in range(6 * PREDICATE_PARTS)]
    bill(days, 1, "all")
    bill(days[::2], 5, "every second")
    found = read(workspace.store, BILLABLE_USAGE, columns=["date", "billable_units"]).to_pylist()
    units = {row["date"]: row["billable_units"] for row in found}
    assert units == {day: 1 if place % 2 else 5 for place, day in enumerate(days)}


def test_small_tables_stay_short_and_lose_nothing(company: Path) -> None:
    from apportion.ledger.schemas import INGESTS
    from apportion.ledger.store import files

    workspace = Workspace(company)
    known = len(seen(company).ingests)
    for number in range(45):
        record(workspace, points(1, number + 1), f"n{number}")
    store = workspace.store
    records = read(store, INGESTS).sort_by("sequence")
    assert records["sequence"].to_pylist() == list(range(1, known + 46))
    assert records["ingest_id"].to_pylist()[-45:] == [f"n{number}" for number in range(45)]
    assert len(files(store, INGESTS, version(store, INGESTS))) <= 21
