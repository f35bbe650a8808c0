"""A byte that a disk has changed is found by an audit, and before costs are made of it."""

import shutil
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ledgers import write_company

from apportion import Workspace
from apportion.findings import LedgerError
from apportion.ledger.audited import Audit
from apportion.ledger.bill_lines import BILL_LINES, DELIVERIES, DELIVERY_PARTS
from apportion.ledger.noted_sums import otherwise
from apportion.ledger.schemas import ALLOCATIONS, COSTS, USAGE, Table
from apportion.ledger.store import files, read

MAPPING = """
mapping:
  - {when: {column: ServiceName, equals: RDS}, node: database, dimension: "{ServiceName}"}
"""
HEADER = (
    "BilledCost,EffectiveCost,BillingAccountId,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,"
    "ChargePeriodStart,ChargePeriodEnd,ChargeCategory,ServiceCategory,ServiceName,ProviderName"
)
PLACES = 6
"""How many bytes of each file are turned, one at a time."""


def bill(path: Path, month: int) -> Path:
    """A bill of one month with lines of five days."""
    lines = [
        f"{day}.25,{day}.5,12,USD,2024-{month:02}-01,2024-{month + 1:02}-01,"
        f"2024-{month:02}-{day:02},2024-{month:02}-{day + 1:02},Usage,Databases,{service},AWS"
        for day in range(1, 6)
        for service in ("RDS", "EC2")
    ]
    path.write_text("\n".join([HEADER, *lines]) + "\n")
    return path


@pytest.fixture(scope="module")
def _whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_company(tmp_path_factory.mktemp("audited") / "company")
    (folder / "model" / "rules.yaml").write_text(MAPPING)
    workspace = Workspace(folder)
    workspace.ingest("focus", bill(folder / "january.csv", 1))
    workspace.ingest("focus", bill(folder / "february.csv", 2))
    workspace.ingest("costs", folder / "bill.csv", source="cloud")
    workspace.ingest("usage", folder / "usage.csv", source="monitor")
    workspace.run(date(2024, 1, 1), date(2024, 1, 2))
    return folder


@pytest.fixture
def ledger(tmp_path: Path, _whole: Path) -> Workspace:
    """A workspace with two bills, plain costs, usage and a run, that a test may change."""
    return Workspace(Path(shutil.copytree(_whole, tmp_path / "company")))


def places(path: Path) -> list[int]:
    """Some bytes of the pages of a file, from its first to its last."""
    end = path.stat().st_size - 8 - pq.ParquetFile(path).metadata.serialized_size
    return [4 + (end - 5) * each // (PLACES - 1) for each in range(PLACES)]


def turn(path: Path, place: int) -> None:
    said = bytearray(path.read_bytes())
    said[place] ^= 1
    path.write_bytes(said)


def rewrite(path: Path, rows: pa.Table) -> None:
    """A file with other rows, of which nobody has noted a digest."""
    pq.write_table(rows, path, compression="zstd")


def files_told(audit: Audit) -> set[str]:
    return {Path(each.where.file).name for each in audit.findings}


def codes(audit: Audit) -> set[str]:
    return {each.code for each in audit.findings}


def test_a_whole_ledger_holds(ledger: Workspace) -> None:
    told: list[tuple[int, int]] = []
    audit = ledger.audit(lambda done, total: told.append((done, total)))
    assert audit.findings == []
    assert audit.holds
    assert (audit.deliveries, audit.lines, audit.changes) == (3, 23, 4)
    assert str(audit.money["USD"].normalize()) == "101.01"
    assert audit.costs == {"USD": audit.money["USD"]}
    assert audit.not_compared == {}
    assert told[-1][0] == told[-1][1] == sum(each.bytes for each in audit.tables)
    assert {each.name for each in audit.tables} >= {"bill_lines", "costs", "usage", "allocations"}


def test_a_byte_of_each_file_of_lines_is_found(ledger: Workspace) -> None:
    paths = files(ledger.store, BILL_LINES)
    assert len(paths) == 3
    for path in paths:
        before = path.read_bytes()
        for place in [*places(path), len(before) - 20]:
            turn(path, place)
            audit = Workspace(ledger.folder).audit()
            assert codes(audit) == {"damaged_ledger"}, place
            assert files_told(audit) == {path.name}
            path.write_bytes(before)
    assert ledger.audit().holds


def test_a_byte_of_each_file_of_costs_and_usage_is_found(ledger: Workspace) -> None:
    """Wherever it changes what the rows say; a byte that says nothing may be turned."""
    found = 0
    for table in (COSTS, USAGE):
        for path in files(ledger.store, table):
            before, rows = path.read_bytes(), pq.read_table(path)
            for place in places(path):
                turn(path, place)
                try:
                    is_same = pq.read_table(path).equals(rows)
                except (OSError, pa.ArrowException):
                    is_same = False
                if not is_same:
                    found += 1
                    assert codes(Workspace(ledger.folder).audit()) == {"damaged_ledger"}, place
                path.write_bytes(before)
    assert found >= PLACES


@pytest.mark.parametrize(
    ("table", "name"),
    [
        *[(COSTS, each) for each in ("source", "slice", "period", "ingest_id", "node", "lines")],
        *[(USAGE, each) for each in ("source", "metric", "unit", "ingest_id", "value")],
    ],
)
def test_every_column_of_costs_and_usage_is_compared(
    ledger: Workspace, table: Table, name: str
) -> None:
    path = files(ledger.store, table)[0]
    rows = pq.read_table(path)
    known = rows[name].to_pylist()
    known[0] = f"{known[0]}x" if isinstance(known[0], str) else known[0] + 1
    place = rows.schema.get_field_index(name)
    field = rows.schema.field(place)
    rewrite(path, rows.set_column(place, field, pa.array(known, field.type)))
    match_size(path, ledger, table)
    assert codes(Workspace(ledger.folder).audit()) == {"damaged_ledger"}


def match_size(path: Path, ledger: Workspace, table: Table) -> None:
    """Let the log know the size of a file that was written anew."""
    folder = ledger.store.folder(table)
    for entry in (folder / "_delta_log").glob("*.json"):
        import json
        import re

        said = entry.read_text()
        if path.name in said:
            pattern = rf'("path":"{re.escape(path.name)}".*?"size":)\d+'
            entry.write_text(re.sub(pattern, rf"\g<1>{path.stat().st_size}", said))
            for line in entry.read_text().splitlines():
                json.loads(line)


def test_files_of_results_are_read_to_their_end(ledger: Workspace) -> None:
    path = files(ledger.store, ALLOCATIONS)[0]
    said = bytearray(path.read_bytes())
    said[4:200] = bytes(196)
    path.write_bytes(said)
    assert files_told(Workspace(ledger.folder).audit()) == {path.name}


def test_a_file_that_is_gone_is_named(ledger: Workspace) -> None:
    path = files(ledger.store, BILL_LINES)[0]
    path.unlink()
    assert path.name in files_told(Workspace(ledger.folder).audit())


@pytest.mark.parametrize("harm", ["changed", "lost", "doubled"])
def test_lines_that_are_not_those_that_came_make_no_costs(ledger: Workspace, harm: str) -> None:
    """A run that makes costs anew, a withdrawal and an audit name the delivery and its file."""
    path = next(
        each
        for each in files(ledger.store, BILL_LINES)
        if "month=2024-01" in str(each) and "issuer=aws" in str(each)
    )
    delivery = path.stem.rsplit("-", 1)[0]
    rows = pq.read_table(path, partitioning=None)
    if harm == "changed":
        rows = raised(rows, "EffectiveCost")
    else:
        rows = rows.slice(1) if harm == "lost" else pa.concat_tables([rows, rows.slice(0, 1)])
    rewrite(path, rows)
    match_size_of_lines(path, ledger)
    rules = Path(ledger.folder) / "model" / "rules.yaml"
    rules.write_text(MAPPING.replace("RDS", "EC2"))
    with pytest.raises(LedgerError) as refused:
        Workspace(ledger.folder).run(date(2024, 1, 1), date(2024, 1, 2))
    (finding,) = refused.value.findings
    assert finding.code == "damaged_ledger"
    assert delivery in finding.message
    assert Path(finding.where.file).name == path.name
    assert finding.details["delivery"] == delivery
    assert path.name in files_told(Workspace(ledger.folder).audit())


def raised(rows: pa.Table, name: str) -> pa.Table:
    """Rows with more by one in a column."""
    place = rows.schema.get_field_index(name)
    field = rows.schema.field(place)
    more = [each if each is None else each + 1 for each in rows[name].to_pylist()]
    return rows.set_column(place, field, pa.array(more, field.type))


def match_size_of_lines(path: Path, ledger: Workspace) -> None:
    folder = ledger.store.folder(BILL_LINES)
    for entry in (folder / "_delta_log").glob("*.json"):
        import re

        said = entry.read_text()
        pattern = rf'({re.escape(path.name)}".*?"size":)\d+'
        entry.write_text(re.sub(pattern, rf"\g<1>{path.stat().st_size}", said))


def test_lines_that_cannot_be_read_make_no_costs(ledger: Workspace) -> None:
    rules = Path(ledger.folder) / "model" / "rules.yaml"
    rules.write_text(MAPPING.replace("RDS", "EC2"))
    path = next(
        each
        for each in files(ledger.store, BILL_LINES)
        if "month=2024-01" in str(each) and "issuer=aws" in str(each)
    )
    said = bytearray(path.read_bytes())
    said[4:-2000] = bytes(len(said) - 2004)
    path.write_bytes(said)
    with pytest.raises(LedgerError) as refused:
        Workspace(ledger.folder).run(date(2024, 1, 1), date(2024, 1, 2))
    assert {Path(each.where.file).name for each in refused.value.findings} == {path.name}


def test_costs_by_other_rules_are_not_damage(ledger: Workspace) -> None:
    rules = Path(ledger.folder) / "model" / "rules.yaml"
    rules.write_text(MAPPING.replace("RDS", "EC2"))
    audit = Workspace(ledger.folder).audit()
    assert audit.holds
    assert list(audit.not_compared.values()) == [1]
    assert audit.costs["USD"] < audit.money["USD"]


def test_costs_with_other_decimals_are_not_damage(ledger: Workspace) -> None:
    settings = Path(ledger.folder) / "apportion.yaml"
    settings.write_text(settings.read_text().replace("scale: 2", "scale: 1"))
    audit = Workspace(ledger.folder).audit()
    assert audit.holds
    assert audit.not_compared


def test_a_ledger_is_audited_without_a_model(ledger: Workspace) -> None:
    (Path(ledger.folder) / "model" / "rules.yaml").write_text("nodes: 1")
    audit = Workspace(ledger.folder).audit()
    assert audit.holds
    assert audit.not_compared == {"the model cannot be read": 2}
    assert audit.lines == 23


def test_deliveries_that_were_superseded_and_withdrawn_are_audited(ledger: Workspace) -> None:
    folder = Path(ledger.folder)
    path = bill(folder / "january.csv", 1)
    path.write_text(path.read_text().replace("5.25,5.5", "6.25,6.5"))
    workspace = Workspace(folder)
    new = workspace.ingest("focus", path).recorded.ingest_id
    assert workspace.audit().holds
    assert workspace.audit().deliveries == 4
    Workspace(folder).withdraw(new, "a trial")
    assert Workspace(folder).audit().findings == []
    day = folder / "day.csv"
    day.write_text("node,date,dimension,amount,currency\ndatabase,2024-01-01,compute,12.00,USD\n")
    Workspace(folder).ingest("costs", day, source="cloud")
    audit = Workspace(folder).audit()
    assert audit.findings == []
    assert audit.changes_in_part == 1


def test_the_check_of_sums_can_fail(ledger: Workspace) -> None:
    """Of what is noted each figure is compared."""
    from apportion import database
    from apportion.ledger.lines import lines_view

    connection = database.connect()
    parts = read(ledger.store, DELIVERY_PARTS)
    held = set(parts["kept_in"].to_pylist())
    lines_view(connection, ledger.store, held)
    assert otherwise(connection, "kept", parts, []) == []
    for name in ("lines", "billed", "effective"):
        assert len(otherwise(connection, "kept", raised(parts, name), [])) == 3
    assert read(ledger.store, DELIVERIES).num_rows == 3
