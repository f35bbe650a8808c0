"""A ledger that a disk or a hand has changed says so, and is never read as if it were whole."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from ledgers import delta, seen

from apportion import Workspace
from apportion.findings import LedgerError
from apportion.ledger import record_ingest
from apportion.ledger.disk import Store
from apportion.ledger.schemas import ALLOCATIONS, COSTS, INGESTS, Table

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
            workspace.ingest("costs", company / "corrected.csv", source="cloud")
    assert [each.code for each in refused.value.findings] == ["damaged_ledger"]
    assert seen(company) == before
    assert workspace.ingest("costs", company / "corrected.csv", source="cloud").recorded.ingest_id


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
