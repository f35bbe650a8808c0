"""What a ledger says of money that went, files that broke, commits that were lost, clocks."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from ledgers import delta, forget_lines

from apportion import Workspace
from apportion.findings import Finding, LedgerError
from apportion.ledger.bill_lines import BILL_LINES, DELIVERY_PARTS, FACTS
from apportion.ledger.damage import damage, require_readable
from apportion.ledger.readings import read_otherwise
from apportion.ledger.runs import pinned_versions
from apportion.ledger.schemas import (
    ALLOCATIONS,
    CONTRIBUTIONS,
    COSTS,
    INGESTS,
    RUNS,
    USAGE,
    Table,
)
from apportion.ledger.store import read
from apportion.report.doubts import doubts
from apportion.report.ingested import as_data

JANUARY = date(2024, 1, 1), date(2024, 1, 2)
BILL_OF_RULES = """
mapping:
  - {when: {column: ServiceCategory, exists: true}, node: NODE, dimension: compute}
"""
FOCUS = (
    "BilledCost,EffectiveCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,BillingPeriodStart,"
    "BillingPeriodEnd,ChargeCategory,ProviderName,BillingAccountId,ServiceCategory\n"
    "12.00,10.00,USD,2024-01-01T00:00:00Z,2024-01-02T00:00:00Z,2024-01-01T00:00:00Z,"
    "2024-02-01T00:00:00Z,Usage,Cloud,1,Compute\n"
)


def test_what_replaces_says_money_and_days_and_warns(company: Path) -> None:
    outcome = Workspace(company).ingest(
        "costs", company / "second.csv", source="cloud", period=JANUARY
    )
    told = as_data(outcome.report, outcome.recorded, outcome.days)
    assert told["moved"] == [
        {
            "what": "USD",
            "before": "31.01",
            "after": "7",
            "days_gone": 1,
            "first_day_gone": "2024-01-02",
            "last_day_gone": "2024-01-02",
        }
    ]
    warnings = {each["code"]: each["message"] for each in told["warnings"]}
    assert warnings == {
        "shrunk_total": "The ledger now has less than before: USD 31.01 before, 7 now.",
        "vanished_days": "Days that had rows in the ledger have none any more: "
        "USD 1 between 2024-01-02 and 2024-01-02.",
    }


def test_what_grows_is_told_and_no_warning(company: Path) -> None:
    bill = (company / "bill.csv").read_text().replace("10.00", "1000.00")
    (company / "bill.csv").write_text(bill)
    outcome = Workspace(company).ingest("costs", company / "bill.csv", source="cloud")
    (moved,) = outcome.recorded.moved
    # The other day came again as it was, and is not moved.
    assert (str(moved.before), str(moved.after)) == ("10.000000000", "1000.000000000")
    assert not outcome.report.findings


def counting(company: Path) -> tuple[list[str], dict[str, int]]:
    """The changes that are recorded, and the versions that count by the last of them."""
    store = Workspace(company).store
    return read(store, INGESTS)["ingest_id"].to_pylist(), pinned_versions(store)


def newest_file(company: Path, table: Table) -> Path:
    (name, *_) = delta(company, table).file_uris()
    return Path(name.removeprefix("file://"))


@pytest.mark.parametrize("table", [COSTS, USAGE, INGESTS, ALLOCATIONS])
@pytest.mark.parametrize("harm", ["short", "empty", "zeros"])
def test_a_damaged_file_is_named(company: Path, table: Table, harm: str) -> None:
    Workspace(company).run(*JANUARY)
    path = newest_file(company, table)
    whole = path.read_bytes()
    path.write_bytes({"short": whole[:-50], "empty": b"", "zeros": bytes(len(whole))}[harm])
    workspace = Workspace(company)
    try:
        result = workspace.result(*JANUARY)
        doubts(result)
        result.connect_usage().sql("FROM allocations, costs, usage").fetchall()
    except Exception as error:  # noqa: BLE001 - whatever the engine raises
        found = error if isinstance(error, LedgerError) else damage(error, company)
    assert found is not None
    assert [each.code for each in found.findings] == ["damaged_ledger"]
    assert found.findings[0].where.file == str(path)


@pytest.mark.parametrize("table", FACTS, ids=lambda table: table.name)
@pytest.mark.parametrize("harm", ["short", "empty", "zeros", "gone"])
def test_a_damaged_file_of_what_was_kept_is_named(company: Path, table: Table, harm: str) -> None:
    path = newest_file(company, table)
    whole = path.read_bytes()
    path.write_bytes({"short": whole[:-50], "zeros": bytes(len(whole))}.get(harm, b""))
    if harm == "gone":
        path.unlink()
    before = counting(company)
    workspace = Workspace(company)
    try:
        # The costs of that day are made anew of what was kept and of what comes.
        workspace.ingest("costs", company / "second.csv", source="cloud", append=True)
    except Exception as error:  # noqa: BLE001 - whatever the engine raises
        found = error if isinstance(error, LedgerError) else damage(error, company)
    assert found is not None
    assert [each.code for each in found.findings] == ["damaged_ledger"]
    assert found.findings[0].where.file == str(path)
    assert counting(company) == before


@pytest.mark.parametrize("table", [BILL_LINES, DELIVERY_PARTS])
def test_a_lost_commit_of_what_was_kept_is_told(company: Path, table: Table) -> None:
    workspace = Workspace(company)
    require_readable(workspace.store)
    before = counting(company)
    log = company / "ledger" / table.name / "_delta_log"
    max(log.glob("*.json")).unlink()
    for ask in (
        lambda: require_readable(workspace.store),
        lambda: workspace.ingest("costs", company / "corrected.csv", source="cloud", replace=True),
    ):
        with pytest.raises(LedgerError) as refused:
            ask()
        assert [each.code for each in refused.value.findings] == ["damaged_ledger"]
    assert counting(company) == before


@pytest.mark.parametrize("table", [COSTS, USAGE, ALLOCATIONS, CONTRIBUTIONS])
def test_a_lost_commit_is_told_and_nothing_is_zero(company: Path, table: Table) -> None:
    workspace = Workspace(company)
    workspace.run(*JANUARY)
    require_readable(workspace.store)
    log = company / "ledger" / table.name / "_delta_log"
    max(log.glob("*.json")).unlink()
    for ask in (
        lambda: require_readable(workspace.store),
        lambda: workspace.result(*JANUARY).connect_usage(),
    ):
        with pytest.raises(LedgerError) as refused:
            ask()
        assert [each.code for each in refused.value.findings] == ["damaged_ledger"]


def test_a_table_of_an_older_program_is_read_and_written(company: Path) -> None:
    old = read(Workspace(company).store, INGESTS).drop_columns("read_with")
    folder = company / "ledger" / "ingests"
    write_deltalake(folder, pa.table(old), mode="overwrite", schema_mode="overwrite")
    workspace = Workspace(company)
    workspace.ingest("costs", company / "second.csv", source="vendor")
    records = read(workspace.store, INGESTS).sort_by("sequence")
    assert records["read_with"].to_pylist() == [None, None, ""]


def billing(company: Path) -> None:
    with (company / "model" / "company.yaml").open("a") as model:
        model.write(
            "channels:\n  - {id: sms, product: shop, unit: fragment, rates:\n"
            "      - {from: 2020-01-01, rate: 0.01}}\n"
            "accounts:\n  - {id: acme}\n"
        )


def focus(company: Path, node: str) -> None:
    (company / "focus.csv").write_text(FOCUS)
    (company / "model" / "mapping.yaml").write_text(BILL_OF_RULES.replace("NODE", node))


def compute_of(company: Path, node: str) -> Decimal:
    """What the answer of now has of the bill under a node."""
    workspace = Workspace(company)
    rows = read(workspace.store, COSTS, pinned_versions(workspace.store)["costs"]).to_pylist()
    return sum((row["amount"] for row in rows if row["node"] == node and row["period"]), Decimal(0))


def test_a_new_mapping_is_told_until_a_run_follows_it(company: Path) -> None:
    def told() -> list[Finding]:
        return list(doubts(Workspace(company).result(*JANUARY)))

    focus(company, "shop")
    Workspace(company).ingest("focus", company / "focus.csv")
    Workspace(company).run(*JANUARY)
    assert told() == []
    focus(company, "search")
    (finding,) = told()
    assert (finding.code, finding.details["files"]) == ("outdated_mapping", ("focus.csv",))
    assert finding.message == (
        "The mapping rules, the nodes or the cost column were changed since the costs of these "
        "files were made: focus.csv. All figures still follow the rules of then."
    )
    assert finding.remedy == (
        "Make them anew with: apportion run --from 2024-01-01 --to 2024-01-02"
    )
    assert (compute_of(company, "shop"), compute_of(company, "search")) == (10, 0)
    assert not Workspace(company).run(*JANUARY).findings
    assert told() == []
    assert (compute_of(company, "shop"), compute_of(company, "search")) == (0, 10)


def test_a_bill_that_comes_again_is_no_answer_to_a_new_mapping(company: Path) -> None:
    focus(company, "shop")
    Workspace(company).ingest("focus", company / "focus.csv")
    focus(company, "search")
    versions = pinned_versions(Workspace(company).store)
    assert not Workspace(company).ingest("focus", company / "focus.csv").recorded.ingest_id
    assert pinned_versions(Workspace(company).store) == versions
    assert (compute_of(company, "shop"), compute_of(company, "search")) == (10, 0)


def test_validate_is_silent_of_a_new_mapping_where_a_run_is_enough(company: Path) -> None:
    focus(company, "shop")
    Workspace(company).ingest("focus", company / "focus.csv")
    focus(company, "search")
    codes = [each.code for each in Workspace(company).validate()]
    assert "outdated_mapping" not in codes


def test_validate_tells_of_a_new_mapping_where_no_line_is_kept(company: Path) -> None:
    def told() -> list[tuple[str, ...]]:
        found = Workspace(company).validate()
        return [each.details["files"] for each in found if each.code == "outdated_mapping"]

    focus(company, "shop")
    Workspace(company).ingest("focus", company / "focus.csv")
    forget_lines(company)
    assert told() == []
    focus(company, "search")
    assert told() == [("focus.csv",)]


def test_rules_that_give_the_same_rows_are_told_no_more(company: Path) -> None:
    focus(company, "shop")
    Workspace(company).ingest("focus", company / "focus.csv")
    rules = (company / "model" / "mapping.yaml").read_text()
    more = "  - {when: {column: ServiceCategory, equals: Never}, node: search, dimension: x}\n"
    (company / "model" / "mapping.yaml").write_text(rules + more)
    workspace = Workspace(company)

    def otherwise() -> tuple[str, ...]:
        records = read(workspace.store, INGESTS)
        return read_otherwise(workspace.store, records, workspace.model, *JANUARY, kept=True)

    assert otherwise() == ("focus.csv",)
    versions = pinned_versions(workspace.store)
    workspace.run(*JANUARY)
    assert otherwise() == ()
    assert pinned_versions(workspace.store) == versions


def test_what_is_recorded_lies_on_the_disk(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from apportion.ledger import store

    synced: list[Path] = []
    monkeypatch.setattr(store, "sync_path", synced.append)
    Workspace(company).ingest("costs", company / "second.csv", source="vendor")
    Workspace(company).run(*JANUARY)
    ledger = (company / "ledger").resolve()
    for name in ("costs", "ingests", "allocations", "contributions", "reconciliations", "runs"):
        log = ledger / name / "_delta_log"
        newest = max(log.glob("*.json"))
        added = [json.loads(line) for line in newest.read_text().splitlines()]
        paths = [ledger / name / each["add"]["path"] for each in added if "add" in each]
        wanted = [newest, log, ledger / name, *paths, *(path.parent for path in paths)]
        assert set(wanted) <= set(synced), name
    # What a record rests on comes before it.
    assert synced.index(ledger / "costs") < synced.index(ledger / "ingests")
    assert synced.index(ledger / "contributions") < synced.index(ledger / "runs")


def test_a_log_that_cannot_be_read_is_damage_and_named(company: Path) -> None:
    workspace = Workspace(company)
    table = workspace.store.folder(RUNS)
    for entry in (table / "_delta_log").glob("*.json"):
        entry.write_bytes(bytes(entry.stat().st_size))
    with pytest.raises(LedgerError) as refused:
        Workspace(company).runs()
    (finding,) = refused.value.findings
    assert finding.code == "damaged_ledger"
    assert finding.where.file.endswith("_delta_log")
    assert "Kernel" not in finding.message
