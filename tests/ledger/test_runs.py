"""Runs: which one answers for a day, listing, finding and removing them, and a log grown long."""

import os
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest
from ledgers import delta, left_over, seen

from apportion import Workspace
from apportion.findings import LedgerError, RunError
from apportion.ledger import store as store_module
from apportion.ledger.runs import Run, coverage
from apportion.ledger.schemas import COSTS, INGESTS, RUNS
from apportion.ledger.store import files, read
from apportion.report.runs import superseded

FIRST, SECOND = date(2024, 1, 1), date(2024, 1, 2)


@pytest.fixture
def workspace(company: Path) -> Workspace:
    """One whose runs are named by their numbers."""
    numbers = count(1)
    return Workspace(company, new_id=lambda: f"r{next(numbers)}")


def run(workspace: Workspace, first: date = FIRST, last: date = SECOND, currency: str = "") -> str:
    return workspace.run(first, last, currency=currency).run.run_id


def shop(workspace: Workspace, first: date, last: date, run_id: str = "") -> Decimal:
    """What the shop costs in a period, as the ledger answers."""
    rows = workspace.result(first, last, run=run_id).allocations.to_pylist()
    return sum((row["holistic"] for row in rows if row["node"] == "shop"), Decimal(0))


def test_the_latest_run_that_covers_a_day_answers_for_it(workspace: Workspace) -> None:
    whole = run(workspace)
    (before,) = {shop(workspace, SECOND, SECOND)}
    workspace.ingest("costs", Path(workspace.folder) / "second.csv", source="vendor")
    day = run(workspace, FIRST, FIRST)
    result = workspace.result(FIRST, SECOND)
    assert [(piece.run_id, piece.first, piece.last) for piece in result.pieces] == [
        (day, FIRST, FIRST),
        (whole, SECOND, SECOND),
    ]
    # A third of ten, and then of seven of another kind besides.
    assert shop(workspace, FIRST, FIRST, whole) == Decimal("3.33")
    assert shop(workspace, FIRST, FIRST) == Decimal("5.66")
    assert shop(workspace, FIRST, SECOND) == Decimal("5.66") + before


def test_an_old_run_keeps_the_costs_it_read(workspace: Workspace) -> None:
    old = run(workspace)
    workspace.ingest(
        "costs", Path(workspace.folder) / "corrected.csv", source="cloud", replace=True
    )
    run(workspace)
    assert workspace.result(run=old).reconciliation().conservation_delta == 0
    assert workspace.result().reconciliation().conservation_delta == 0
    read_by_old = workspace.result(run=old).connect().sql("SELECT sum(amount) FROM costs")
    assert read_by_old.fetchall() == [(Decimal("31.01"),)]


def recorded(sequence: int, first: int, last: int, currency: str = "USD") -> Run:
    """A run of some days of January."""
    days = date(2024, 1, first), date(2024, 1, last)
    counts = (0, 0, 0, 0, 0, 0)
    at = datetime(2024, 2, 1, tzinfo=UTC)
    return Run(sequence, f"r{sequence}", at, *days, currency, 2, None, "", *counts, "", "")


@pytest.mark.parametrize(
    ("runs", "pieces", "gaps"),
    [
        ([], [], [(1, 9)]),
        ([(1, 3, 4)], [(1, 3, 4)], [(1, 2), (5, 9)]),
        ([(1, 1, 9), (2, 4, 5)], [(1, 1, 3), (2, 4, 5), (1, 6, 9)], []),
        ([(2, 1, 9), (1, 4, 5)], [(2, 1, 9)], []),
        ([(1, 1, 5), (2, 5, 9), (3, 5, 5)], [(1, 1, 4), (3, 5, 5), (2, 6, 9)], []),
    ],
)
def test_every_day_has_one_answer_or_is_a_gap(
    runs: list[tuple[int, int, int]],
    pieces: list[tuple[int, int, int]],
    gaps: list[tuple[int, int]],
) -> None:
    found = coverage([recorded(*each) for each in runs], date(2024, 1, 1), date(2024, 1, 9))
    assert [(each.run_id, each.first.day, each.last.day) for each in found.pieces] == [
        (f"r{number}", first, last) for number, first, last in pieces
    ]
    assert [(first.day, last.day) for first, last in found.gaps] == gaps


def test_a_run_over_some_dimensions_never_stands_for_a_whole_one(workspace: Workspace) -> None:
    whole = run(workspace)
    part = workspace.run(FIRST, SECOND, dimensions=["storage"]).run.run_id
    assert [piece.run_id for piece in workspace.result(FIRST, SECOND).pieces] == [whole]
    assert superseded(workspace.runs()) == []
    proof = workspace.result(run=part).reconciliation()
    assert proof.holds
    assert proof.left_out == {"compute": Decimal("30.01")}
    workspace.prune_runs([whole])
    assert [piece.run_id for piece in workspace.result(FIRST, SECOND).pieces] == [part]


def test_a_dimension_that_nothing_costs_is_refused(workspace: Workspace) -> None:
    with pytest.raises(RunError, match="no cost is in the dimension 'Compute'") as refused:
        workspace.run(FIRST, SECOND, dimensions=["Compute", "storage"])
    assert refused.value.findings[0].remedy == "Did you mean 'compute'?"
    assert workspace.runs() == []


def test_a_result_tells_of_what_was_ingested_since(workspace: Workspace) -> None:
    run(workspace)
    folder = Path(workspace.folder)
    assert workspace.result().ingests_since == 0
    workspace.ingest("costs", folder / "bill.csv", source="cloud")
    assert workspace.result().ingests_since == 0, "nothing changed"
    workspace.ingest("costs", folder / "second.csv", source="vendor")
    assert workspace.result(FIRST, FIRST).ingests_since == 1
    assert workspace.result(SECOND, SECOND).ingests_since == 0, "that bill is of the first day"
    run(workspace)
    assert workspace.result().ingests_since == 0


def test_results_can_be_read_while_the_model_is_being_changed(workspace: Workspace) -> None:
    latest = run(workspace)
    model = Path(workspace.folder) / "model" / "company.yaml"
    text = model.read_text()
    for spoilt, changed in ((text, False), (text + "nodes: 1\n", True), (text + "xx: 1\n", True)):
        model.write_text(spoilt)
        reading = Workspace(workspace.folder)
        assert [each.run_id for each in reading.runs()] == [latest]
        assert reading.result().model_has_changed is changed
        assert reading.result().reconciliation().holds


def test_runs_are_listed_with_the_latest_first_and_found_by_a_beginning(
    workspace: Workspace,
) -> None:
    ids = [run(workspace) for _ in range(3)]
    assert [each.run_id for each in workspace.runs()] == ids[::-1]
    assert [each.sequence for each in workspace.runs()] == [3, 2, 1]
    assert workspace.result(run=ids[1]).pieces[0].run_id == ids[1]
    with pytest.raises(LedgerError, match="no run has the id 'nothing'"):
        workspace.result(run="nothing")
    with pytest.raises(LedgerError, match="3 runs begin with '20'"):
        workspace.result(run="20")


def test_a_removed_run_leaves_nothing_and_the_one_before_answers_again(
    workspace: Workspace,
) -> None:
    old = run(workspace)
    before = seen(Path(workspace.folder))
    workspace.ingest("costs", Path(workspace.folder) / "second.csv", source="vendor")
    new = run(workspace)
    workspace.prune_runs([new])
    assert [each.run_id for each in workspace.runs()] == [old]
    assert seen(Path(workspace.folder)).runs == before.runs
    assert shop(workspace, FIRST, FIRST) == Decimal("3.33")
    assert not list((Path(workspace.folder) / "ledger").glob(f"*/run_id={new}"))
    assert left_over(Path(workspace.folder)) == []
    with pytest.raises(LedgerError, match="no run has the id"):
        workspace.prune_runs([new])


def test_a_long_log_is_shortened_and_forgets_nothing(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "_CHECKPOINT_EVERY", 3)
    ledger = Path(workspace.folder) / "ledger"
    for table in (INGESTS, RUNS):
        often = {"delta.checkpointInterval": "2"}
        delta(Path(workspace.folder), table).alter.set_table_properties(often)
    old = run(workspace)
    for amount in range(7):
        # Delta tables forget log entries older than a month whenever they write a checkpoint.
        for entry in ledger.glob("*/_delta_log/*"):
            os.utime(entry, (0, 0))
        bill = Path(workspace.folder) / "day.csv"
        bill.write_text(f"node,date,dimension,amount,currency\nshop,2024-01-05,x,{amount + 1},USD")
        workspace.ingest("costs", bill, source="other")
        run(workspace)
    for table in (COSTS, INGESTS, RUNS):
        assert list((ledger / table.name / "_delta_log").glob("*.checkpoint.parquet"))
        newest = max((ledger / table.name / "_delta_log").glob("*[0-9].json")).stem
        for each in range(int(newest) + 1):
            files(workspace.store, table, each)
    assert workspace.result(run=old).reconciliation().conservation_delta == 0
    assert read(workspace.store, RUNS).num_rows == 8
