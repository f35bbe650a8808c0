"""What a client has written by a server is what a workspace writes itself, refusals included."""

import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from serving import served

from apportion import ApportionError, Client, Workspace

BILLED = Path(__file__).parents[1] / "cli" / "billed"
JANUARY = (date(2024, 1, 1), date(2024, 1, 31))
MODEL = {"nodes": [{"id": "cluster", "type": "platform"}, {"id": "shop", "type": "product"}]}
BILL = "node,date,dimension,amount,currency\ncluster,2024-01-03,Compute,12.50,USD\n"


@pytest.fixture
def sides(
    small: Path, own: Callable[[Path], Path], tmp_path: Path
) -> Iterator[tuple[Workspace, Client]]:
    """Two copies of one workspace, of which one is served."""
    behind = own(small).rename(tmp_path / "behind")
    here = own(small)
    with served(behind, tmp_path / "server.log") as running, Client(running.url) as client:
        yield Workspace(here), client


def refusals(sides: tuple[Any, Client], ask: Callable[[Any], Any]) -> list[Any]:
    """What each side raises for a question: the class, and each finding without its folder."""
    told = []
    for side in sides:
        with pytest.raises(ApportionError) as error:
            ask(side)
        said = [
            (each.code, each.message, Path(each.where.file).name, each.where.line)
            for each in error.value.findings
        ]
        told.append((type(error.value), sorted(said)))
    return told


def test_a_file_a_model_and_a_run(sides: tuple[Workspace, Client], tmp_path: Path) -> None:
    workspace, client = sides
    file = tmp_path / "bill.csv"
    file.write_text(BILL)
    for changed in (True, False):
        mine = workspace.ingest("costs", file, source="cloud", period=JANUARY)
        other = client.ingest("costs", file, source="cloud", period=JANUARY)
        assert other.changed is bool(mine.recorded.ingest_id) is changed
        assert (other.rows, other.days) == (mine.recorded.rows, mine.days)
        assert other.report["lines_read"] == mine.report.to_dict()["lines_read"] == 1
    document = json.loads(json.dumps(workspace.model.to_dict()))
    document["nodes"][0]["name"] = "Put"
    before = client.model.digest
    put = [side.put_model(document, expected_digest=before) for side in sides]
    assert put[0].digest == put[1].digest != before
    assert [each.folder for each in put] == ["models/0001"] * 2
    assert [each.digest for each in client.model_versions()] == [put[0].digest]
    told: list[tuple[int, int]] = []
    mine = workspace.run(*JANUARY)
    other = client.run(*JANUARY, on_progress=lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert all(total in (0, 31) for _, total in told)
    assert other.run.model_digest == mine.run.model_digest == put[0].digest
    assert other.reconciliation.to_dict() == mine.reconciliation.to_dict()
    assert [each.code for each in other.findings] == [each.code for each in mine.findings]
    ours, theirs = workspace.result(*JANUARY), client.result(*JANUARY)
    assert theirs.runs == (other.run.run_id,)
    assert theirs.allocations.equals(ours.allocations)
    assert len(client.runs()) == len(workspace.runs()) == 2


def test_the_files_of_one_bill_are_taken_together(
    sides: tuple[Workspace, Client], tmp_path: Path
) -> None:
    first, second = tmp_path / "a b.csv", tmp_path / "zwei-ü.csv"
    first.write_text(BILL)
    second.write_text(BILL.replace("12.50", "2.25").replace("-03", "-04"))
    mine, other = (
        side.ingest("costs", first, second, source="cloud", period=JANUARY) for side in sides
    )
    assert (other.rows, other.days) == (mine.recorded.rows, mine.days)
    assert other.rows == 2
    told = [{**each, "file": Path(each["file"]).name} for each in mine.report.to_dict()["files"]]
    assert other.report["files"] == told
    with pytest.raises(ApportionError, match="no file"):
        sides[1].ingest("costs")


def test_refusals_are_the_same(sides: tuple[Workspace, Client], tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text(BILL + "cluster,2024-01-04,Compute,much,USD\ncluster,soon,Compute,1,USD\n")
    asked: list[Callable[[Any], Any]] = [
        lambda it: it.ingest("costs", bad, source="cloud"),
        lambda it: it.ingest("usage", bad, source="cloud"),
        lambda it: it.ingest("nothing", bad),
        lambda it: it.run(*JANUARY, currency="JPY"),
        lambda it: it.result(run="zzz"),
    ]
    for ask in asked:
        mine, other = refusals(sides, ask)
        assert other == mine
    wrong = {"nodes": [{"id": "a", "type": "shed"}, {"id": "b"}], "scale": 4}
    mine, other = refusals(sides, lambda it: it.put_model(wrong))
    assert other[0] is mine[0]
    # A record stands by its number in a dictionary, and by its line in a body.
    assert [each[:2] for each in other[1]] == [each[:2] for each in mine[1]]
    mine, other = refusals(sides, lambda it: it.put_model(MODEL, expected_digest="0"))
    assert (other[0], other[1][0][:2]) == (mine[0], mine[1][0][:2])


def test_a_key_of_ones_own_makes_a_repeated_write_one(
    sides: tuple[Workspace, Client], tmp_path: Path
) -> None:
    _, client = sides
    file = tmp_path / "bill.csv"
    file.write_text(BILL)
    first = client.ingest("costs", file, source="cloud", idempotency_key="nightly 2024-01-31")
    again = client.ingest("costs", file, source="cloud", idempotency_key="nightly 2024-01-31")
    assert first == again
    assert first.changed
    runs = [client.run(*JANUARY, idempotency_key="run 1").run for _ in range(2)]
    assert runs[0] == runs[1]
    assert len(client.runs()) == 2
    file.write_text(BILL.replace("12.50", "13.50"))
    with pytest.raises(ApportionError) as error:
        client.ingest("costs", file, source="cloud", idempotency_key="nightly 2024-01-31")
    assert [each.code for each in error.value.findings] == ["key_reused"]


def test_a_client_survives_the_workers_that_it_talks_to(
    small: Path, own: Callable[[Path], Path], tmp_path: Path
) -> None:
    folder = own(small)
    file = tmp_path / "bill.csv"
    file.write_text(BILL)
    with (
        served(folder, tmp_path / "server.log", "--workers", "2") as running,
        Client(running.url) as client,
    ):
        killed: list[int] = []

        def kill(*_: int) -> None:
            if not killed:
                killed.extend(running.workers())
                for worker in killed:
                    os.kill(worker, signal.SIGKILL)

        outcome = client.run(*JANUARY, on_progress=kill)
        assert len(killed) == 2
        ingested = client.ingest("costs", file, source="cloud")
    assert ingested.changed
    runs = Workspace(folder).runs()
    assert runs[0].run_id == outcome.run.run_id
    assert len(runs) == 2
    assert Workspace(folder).result(run=outcome.run.run_id).reconciliation().holds


def test_usage_is_brought_in_rated_and_billed(tmp_path: Path) -> None:
    here = Path(shutil.copytree(BILLED, tmp_path / "here"))
    behind = Path(shutil.copytree(BILLED, tmp_path / "behind"))
    usage = here / "data" / "usage.csv"
    local = Workspace(here)
    with served(behind, tmp_path / "server.log") as running, Client(running.url) as client:
        for side in (local, client):
            side.ingest("billable", usage)
        mine, other = local.rate(), client.rate()
        assert mine.is_new
        assert other.is_new
        assert not client.rate().is_new
        assert other.rating.end_date == mine.rating.end_date
        assert [each.code for each in other.findings] == [it.code for it in mine.findings]
        changed = local.billing.set_allowance("renewals", "sms", 2023, 5)
        told = client.set_allowance("renewals", "sms", 2023, 5)["changed"]
        assert told == [{"year": it.year, "units": it.units, "custom": it.custom} for it in changed]
        assert local.rate().is_new
        assert client.rate().is_new
        wrong: list[Callable[[Any], Any]] = [
            lambda it: it.set_allowance("nobody", "sms", 2023, 5),
            lambda it: it.set_allowance("renewals", "fax", 2023, 5),
        ]
        for ask in wrong:
            ours, theirs = refusals((local.billing, client), ask)
            assert theirs == ours
