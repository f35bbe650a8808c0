"""Ledgers of an older program are read as they are, and moved over without a change of figures."""

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from apportion import Workspace
from apportion.deliveries import derive_by
from apportion.findings import ApportionError, IngestError, LedgerError
from apportion.ledger.bill_lines import DELIVERIES, DELIVERY_PARTS
from apportion.ledger.derived import derived_costs
from apportion.ledger.format_version import FORMAT, format_of
from apportion.ledger.runs import pinned_versions
from apportion.ledger.schemas import COSTS, INGESTS, USAGE
from apportion.ledger.settled import TOUCHED, Change, settled
from apportion.ledger.standing import connect
from apportion.ledger.store import open_store, read
from apportion.ledger.upgrade import UPGRADE_STEPS

Old = Callable[[str], Path]
COMPANIES = {
    "company": (date(2024, 1, 1), date(2024, 1, 3)),
    "notifications": (date(2023, 4, 1), date(2023, 4, 3)),
}
KILLED = 9


def rows(folder: Path) -> list[tuple[Any, ...]]:
    """All costs and usage that count, in some order that is always the same."""
    store = open_store(folder / "ledger")
    pins = pinned_versions(store)
    found = [
        tuple(row.values())
        for table in (COSTS, USAGE)
        for row in read(store, table, pins[table.name]).to_pylist()
    ]
    return sorted(found, key=repr)


def money(found: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The same without who brought a row, and how many lines of a file it is the sum of."""
    return sorted((row[:3] + row[4:9] for row in found), key=repr)


def proof(folder: Path, name: str) -> dict[str, Any]:
    """What a run says of its days."""
    outcome = Workspace(folder).run(*COMPANIES[name])
    return outcome.reconciliation.to_dict()


def codes(error: pytest.ExceptionInfo[ApportionError]) -> list[str]:
    return [each.code for each in error.value.findings]


def more_costs(folder: Path) -> Path:
    """A file of costs that the ledger has not."""
    node = {"company": "carrier-lines", "notifications": "sms-arrow"}[folder.name]
    path = folder / "more.csv"
    path.write_text(f"node,date,dimension,amount,currency\n{node},2024-07-01,x,1.00,EUR\n")
    return path


@pytest.mark.parametrize("name", COMPANIES)
def test_what_was_recorded_is_read_without_an_upgrade(old: Old, name: str) -> None:
    folder = old(name)
    workspace = Workspace(folder)
    assert len(workspace.runs()) == 2
    recorded = workspace.result(*COMPANIES[name]).reconciliation().to_dict()
    before = rows(folder)
    assert proof(folder, name) == recorded
    assert rows(folder) == before
    assert format_of(workspace.store) == 1


@pytest.mark.parametrize("name", COMPANIES)
def test_only_what_writes_costs_is_refused(old: Old, name: str) -> None:
    folder = old(name)
    before = rows(folder)
    with pytest.raises(LedgerError) as refused:
        Workspace(folder).ingest("costs", more_costs(folder), source="more")
    assert codes(refused) == ["older_ledger"]
    assert "apportion upgrade" in refused.value.findings[0].remedy
    assert rows(folder) == before
    usage = folder / "usage.csv"
    usage.write_text(f"node,date,metric,value\n{more_costs(folder).stem},2024-07-01,m,1\n")
    usage.write_text(usage.read_text().replace("more", next(iter(nodes(folder)))))
    assert Workspace(folder).ingest("usage", usage, source="own").recorded.ingest_id
    assert proof(folder, name)
    # A change that tells its kind does not make an older ledger a newer one.
    with pytest.raises(LedgerError):
        Workspace(folder).ingest("costs", more_costs(folder), source="more")


def nodes(folder: Path) -> list[str]:
    return [node.id for node in Workspace(folder).model.nodes]


@pytest.mark.parametrize("name", COMPANIES)
def test_an_upgrade_changes_no_figure(old: Old, name: str) -> None:
    folder = old(name)
    workspace, before = Workspace(folder), rows(folder)
    recorded = workspace.result(*COMPANIES[name]).reconciliation().to_dict()
    upgraded = workspace.upgrade()
    assert upgraded.changed
    assert upgraded.rows == read(workspace.store, COSTS).num_rows
    assert rows(folder) == before
    assert proof(folder, name) == recorded
    assert Workspace(folder).result(*COMPANIES[name]).reconciliation().to_dict() == recorded
    assert format_of(workspace.store) == FORMAT
    kinds = read(workspace.store, INGESTS).sort_by("sequence").to_pylist()
    assert [row["kind"] == "usage" for row in kinds] == [
        row["format"] in ("usage", "dynatrace") for row in kinds
    ]
    assert {row["outcome"] for row in read(workspace.store, DELIVERIES).to_pylist()} == {"sums"}


@pytest.mark.parametrize("name", COMPANIES)
def test_the_lines_of_an_upgrade_make_the_very_costs(old: Old, name: str) -> None:
    """Also when all of them are made anew."""
    folder = old(name)
    workspace = Workspace(folder)
    workspace.upgrade()
    connection = connect(workspace.store)
    query = "SELECT DISTINCT source, period, is_bill, day FROM counting"
    touched = connection.sql(query).to_arrow_table().cast(TOUCHED)
    nothing = DELIVERY_PARTS.schema.empty_table()
    change = Change("x", "derivation", "")
    taken = settled(workspace.store, change, nothing, touched, "effective").taken
    made = derived_costs(workspace.store, taken, derive_by(workspace.model))
    names = ["source", "period", "node", "date", "dimension", "currency", "amount"]
    known = read(workspace.store, COSTS, pinned_versions(workspace.store)["costs"]).select(names)
    cast = made.select(names).cast(known.schema)
    assert sorted(map(repr, cast.to_pylist())) == sorted(map(repr, known.to_pylist()))


def test_a_second_upgrade_does_nothing(company: Path) -> None:
    Workspace(company).upgrade()
    before = sorted(path for path in (company / "ledger").rglob("*") if path.is_file())
    again = Workspace(company).upgrade()
    assert (again.changed, again.rows, again.deliveries) == (False, 0, 0)
    assert sorted(path for path in (company / "ledger").rglob("*") if path.is_file()) == before


KILL = """
import os, sys
from apportion import Workspace
def stop(step):
    if step == sys.argv[2]:
        os._exit(9)
Workspace(sys.argv[1], on_step=stop).upgrade()
"""


@pytest.mark.parametrize("step", UPGRADE_STEPS)
def test_killed_at_a_step_it_is_as_before_or_done(company: Path, step: str) -> None:
    before = rows(company)
    ended = subprocess.run([sys.executable, "-c", KILL, str(company), step], check=False)
    assert ended.returncode == KILLED
    assert rows(company) == before
    again = Workspace(company).upgrade()
    assert again.changed == (step != "unlock")
    workspace = Workspace(company)
    assert rows(company) == before
    parts = read(workspace.store, DELIVERY_PARTS)
    assert sum(parts["lines"].to_pylist()) == read(workspace.store, COSTS).num_rows
    assert read(workspace.store, DELIVERIES).num_rows == len(set(parts["delivery"].to_pylist()))
    assert workspace.ingest("costs", more_costs(company), source="more").recorded.ingest_id
    assert len(rows(company)) == len(before) + 1


def test_a_program_killed_while_it_writes_lines_leaves_none_that_count(company: Path) -> None:
    """Killed in the midst of a step rather than at its beginning."""
    code = KILL.replace(
        "def stop",
        "from apportion.ledger import upgrade\nreal = upgrade.overwrite\n"
        "upgrade.overwrite = lambda *a: (real(*a), os._exit(9))\ndef stop",
    )
    ended = subprocess.run([sys.executable, "-c", code, str(company), ""], check=False)
    assert ended.returncode == KILLED
    before = rows(company)
    assert Workspace(company).upgrade().changed
    assert rows(company) == before
    parts = read(Workspace(company).store, DELIVERY_PARTS)
    assert sum(parts["lines"].to_pylist()) == read(Workspace(company).store, COSTS).num_rows


def bill(folder: Path) -> Path:
    (path,) = folder.glob("inbox/bills/focus-2024-01.csv")
    return path


def changed(path: Path, to: Path, change: Callable[[dict[str, str]], bool]) -> Path:
    """A copy of a bill with the lines that ``change`` keeps, as it left them."""
    with path.open(newline="") as file:
        lines = list(csv.DictReader(file))
    kept = [line for line in lines if change(line)]
    assert kept
    with to.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(kept)
    return to


def test_the_same_bill_in_full_supersedes_its_sums(company: Path) -> None:
    Workspace(company).upgrade()
    before = rows(company)
    outcome = Workspace(company).ingest("focus", bill(company))
    assert outcome.recorded.ingest_id
    assert not outcome.report.findings or all(
        each.severity == "warning" for each in outcome.report.findings
    )
    assert money(rows(company)) == money(before)
    again = Workspace(company).ingest("focus", bill(company))
    assert not again.recorded.ingest_id


def test_a_bill_under_another_spelling_meets_its_sums(company: Path) -> None:
    """Whoever issued it and whatever the account is written like, it is the same bill."""
    Workspace(company).upgrade()
    before = rows(company)

    def respelled(line: dict[str, str]) -> bool:
        if line["ProviderName"] == "AWS":
            line["ProviderName"] = line["InvoiceIssuerName"] = "Amazon Web Services"
        return True

    path = changed(bill(company), company / "again.csv", respelled)
    Workspace(company).ingest("focus", path)
    # What no rule takes stands on a node that is named as the bill names its issuer.
    now = json.loads(
        json.dumps(money(rows(company)), default=str).replace(
            "unmapped:Amazon Web Services", "unmapped:AWS"
        )
    )
    assert sorted(now) == sorted(json.loads(json.dumps(money(before), default=str)))


def test_a_shorter_bill_than_the_sums_is_refused(company: Path) -> None:
    Workspace(company).upgrade()
    before = rows(company)
    path = changed(
        bill(company),
        company / "short.csv",
        lambda line: not line["ChargePeriodStart"].startswith("2024-01-02"),
    )
    with pytest.raises(IngestError) as refused:
        Workspace(company).ingest("focus", path)
    assert set(codes(refused)) == {"unsaid_replacement"}
    assert rows(company) == before
    assert Workspace(company).ingest("focus", path, replace=True).recorded.ingest_id
    assert len(rows(company)) < len(before)


def test_a_delivery_of_sums_can_be_withdrawn_and_restored(company: Path) -> None:
    workspace = Workspace(company)
    workspace.upgrade()
    before = rows(company)
    counting = connect(workspace.store)
    (delivery, lines) = counting.execute(
        "SELECT delivery, sum(lines) FROM counting WHERE is_bill GROUP BY 1 ORDER BY 1"
    ).fetchall()[0]
    Workspace(company).withdraw(delivery, "wrong account")
    assert len(rows(company)) == len(before) - lines
    Workspace(company).restore(delivery, "right after all")
    assert money(rows(company)) == money(before)


def test_what_superseded_sums_gives_them_back_when_it_is_withdrawn(company: Path) -> None:
    Workspace(company).upgrade()
    before = rows(company)
    new = Workspace(company).ingest("focus", bill(company)).recorded.ingest_id
    Workspace(company).withdraw(new, "a trial")
    assert money(rows(company)) == money(before)


def test_an_older_program_can_not_write_to_it_any_more(company: Path) -> None:
    """A change without its kind is what such a program would record."""
    workspace = Workspace(company)
    workspace.upgrade()
    assert_guarded(workspace)


def test_an_older_program_can_not_write_to_a_new_ledger(tmp_path: Path) -> None:
    (tmp_path / "apportion.yaml").write_text("currency: USD\n")
    assert_guarded(Workspace(tmp_path))
    assert format_of(Workspace(tmp_path).store) == FORMAT


def assert_guarded(workspace: Workspace) -> None:
    from apportion.ledger.store import append, overwrite

    known = read(workspace.store, INGESTS)
    row = pa_row(known.num_rows + 1)
    for write in (append, overwrite):
        with pytest.raises(LedgerError) as refused:
            write(workspace.store, INGESTS, row)
        assert codes(refused) == ["storage_failed"]
    assert read(workspace.store, INGESTS).equals(known)


def pa_row(sequence: int) -> Any:
    import pyarrow as pa

    return pa.table({"sequence": [sequence], "ingest_id": ["old"], "rows": [0]})


def test_a_ledger_of_a_newer_program_is_neither_read_nor_written(company: Path) -> None:
    opened = Workspace(company)
    opened.upgrade()
    path = company / "ledger" / "format.json"
    path.write_text(json.dumps({"version": FORMAT + 1}))
    # Also by whoever had it open before.
    for ask in (
        lambda: Workspace(company).runs(),
        lambda: Workspace(company).upgrade(),
        lambda: Workspace(company).run(*COMPANIES["company"]),
        lambda: opened.ingest("costs", more_costs(company), source="more"),
    ):
        with pytest.raises(LedgerError) as refused:
            ask()
        assert codes(refused) == ["newer_ledger"]
    path.write_text(json.dumps({"version": FORMAT}))
    assert Workspace(company).runs()


@pytest.mark.parametrize("said", ["", "{}", '{"version": "2"}', '{"version": 0}', "[]", "\xff"])
def test_a_file_that_names_no_format_is_damage(company: Path, said: str) -> None:
    (company / "ledger" / "format.json").write_text(said, encoding="latin-1")
    with pytest.raises(LedgerError) as refused:
        Workspace(company).runs()
    assert codes(refused) == ["damaged_ledger"]


def test_a_server_refuses_costs_and_does_not_upgrade(company: Path) -> None:
    from fastapi.testclient import TestClient

    from apportion.api.application import application
    from apportion.serve_settings import ServeSettings

    with TestClient(application(ServeSettings(str(company))), base_url="http://localhost") as asked:
        assert asked.get("/api/v1/products").status_code == 200
        answer = asked.post(
            "/api/v1/ingest/costs",
            params={"format": "costs", "source": "more"},
            content=more_costs(company).read_bytes(),
        )
    assert answer.status_code == 409, answer.text
    said = answer.json()
    assert [each["code"] for each in said["findings"]] == ["older_ledger"]
    assert ": apportion" not in answer.text
    assert "Retry-After" not in answer.headers
    assert format_of(Workspace(company).store) == 1


def test_what_an_upgrade_says(company: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from apportion.cli import main

    def say(*words: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main(["-w", str(company), *words])
        assert ended.value.code == 0
        return " ".join(capsys.readouterr().out.split())

    assert "an older program kept no lines" in say("audit")
    told = say("upgrade")
    assert "Moved over 3 deliveries with 425 rows of costs:" in told
    assert "USD 72,411.969271" in told
    assert "No figure changed" in told
    assert "service, account, resource and tags are not known" in told
    assert told.endswith("audit")
    assert "Nothing to do" in say("upgrade")
    assert json.loads(say("upgrade", "--json")) == {
        "changed": False,
        "deliveries": 0,
        "rows": 0,
        "totals": {},
        "not_recovered": [],
    }
    assert "Everything that was checked is as it was recorded." in say("audit")
    assert json.loads(say("audit", "--json"))["holds"] is True
