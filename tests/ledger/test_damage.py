"""A ledger that a disk or a hand has changed says so, and is never read as if it were whole."""

import io
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from ledgers import delta, seen

from apportion import Workspace
from apportion.findings import LedgerError
from apportion.ledger import record_ingest
from apportion.ledger.disk import Store
from apportion.ledger.schemas import ALLOCATIONS, COSTS, INGESTS, USAGE, Table
from apportion.ledger.store import require_sound

JANUARY = date(2024, 1, 1), date(2024, 1, 2)


def turned_round(rows: pa.Table) -> pa.Table:
    """The rows with charges as credits."""
    place = rows.schema.get_field_index("amount")
    return rows.set_column(place, rows.schema.field(place), pc.negate(rows["amount"]))


SPOILT: dict[str, Callable[[pa.Table], pa.Table]] = {
    "other amounts": turned_round,
    "a row less": lambda rows: rows.slice(1),
    "nothing at all": lambda rows: rows.slice(0, 0),
}


@pytest.mark.parametrize("name", SPOILT)
def test_rows_that_come_back_otherwise_are_not_recorded(
    company: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    real = record_ingest.replace

    def spoilt(store: Store, table: Table, rows: pa.Table, predicate: str) -> int:
        return real(store, table, SPOILT[name](rows), predicate)

    workspace, before = Workspace(company), seen(company)
    with monkeypatch.context() as patch:
        patch.setattr(record_ingest, "replace", spoilt)
        with pytest.raises(LedgerError) as refused:
            workspace.ingest("costs", company / "corrected.csv", source="cloud", replace=True)
    assert [each.code for each in refused.value.findings] == ["damaged_ledger"]
    assert seen(company) == before
    again = workspace.ingest("costs", company / "corrected.csv", source="cloud", replace=True)
    assert again.recorded.ingest_id


def compute(workspace: Workspace) -> None:
    workspace.run(*JANUARY)


def prove(workspace: Workspace) -> None:
    workspace.result(*JANUARY).reconciliation()


@pytest.mark.parametrize(
    ("table", "ask"),
    [(COSTS, compute), (INGESTS, compute), (COSTS, prove), (ALLOCATIONS, prove)],
    ids=["costs of a run", "ingests", "costs of a proof", "allocations"],
)
def test_a_file_that_is_gone_is_named(
    company: Path, table: Table, ask: Callable[[Workspace], None]
) -> None:
    Workspace(company).run(*JANUARY)
    (name, *_) = delta(company, table).file_uris()
    gone = Path(name.removeprefix("file://"))
    assert gone.is_file()
    gone.unlink()
    with pytest.raises(LedgerError) as refused:
        ask(Workspace(company))
    assert {each.code for each in refused.value.findings} == {"damaged_ledger"}
    assert gone.name in {Path(each.where.file).name for each in refused.value.findings}


def with_another_amount(path: Path) -> None:
    """Turn one bit of a file such that it holds other rows, as a disk does without a word."""
    whole, known = path.read_bytes(), pq.read_table(path)
    for place in range(4, len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 64
        try:
            found = pq.read_table(io.BytesIO(changed))
        except (OSError, pa.ArrowException):
            continue
        if found.num_rows == known.num_rows and not found["amount"].equals(known["amount"]):
            path.write_bytes(changed)
            return
    raise AssertionError("no bit changes an amount")


def test_rows_that_a_disk_changed_are_not_the_same_when_they_come_again(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    (tmp_path / "apportion.yaml").write_text("name: x\ncurrency: USD\n")
    (tmp_path / "model").mkdir()
    (tmp_path / "model/m.yaml").write_text("nodes:\n- {id: db, type: product}\n")
    lines = [f"db,2024-01-{day:02},compute,{day}.25" for day in range(1, 29)]
    bill = tmp_path / "costs.csv"
    bill.write_text("\n".join(["node,date,dimension,amount", *lines]))
    workspace.ingest("costs", bill)
    (path,) = (workspace.store.folder(COSTS)).glob("*.parquet")
    with_another_amount(path)
    again = workspace.ingest("costs", bill).recorded
    assert again.ingest_id
    assert not again.same_as
    assert pc.sum(delta(tmp_path, COSTS).to_pyarrow_table()["amount"]).as_py() == 413


def test_amounts_that_no_program_writes_are_damage(tmp_path: Path) -> None:
    rows = pa.table({"amount": pa.array([1, 10**25], pa.decimal128(38, 9))})
    pq.write_table(rows, tmp_path / "part.parquet")
    with pytest.raises(LedgerError, match="holds an amount that no program writes"):
        require_sound(COSTS, [tmp_path / "part.parquet"])
    used = pa.table({"value": rows["amount"]})
    pq.write_table(used, tmp_path / "part.parquet")
    require_sound(USAGE, [tmp_path / "part.parquet"])
