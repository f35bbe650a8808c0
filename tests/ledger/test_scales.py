"""Workspaces that compute with fewer decimals than the ledger keeps."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from ledgers import write_company

from apportion import IngestError, Workspace


@pytest.mark.parametrize("scale", range(2, 10))
def test_every_scale_ingests_and_runs(tmp_path: Path, scale: int) -> None:
    workspace = Workspace(write_company(tmp_path / "company", scale=scale))
    for kind, name in (("costs", "bill.csv"), ("usage", "usage.csv")):
        assert workspace.ingest(kind, workspace.folder / name).recorded.ingest_id
        assert not workspace.ingest(kind, workspace.folder / name).recorded.ingest_id
    proof = workspace.run(date(2024, 1, 1), date(2024, 1, 2)).reconciliation
    assert proof.conservation_delta == 0
    assert proof.raw_infrastructure_cost == Decimal("30.01")


@pytest.mark.parametrize("scale", range(2, 10))
def test_an_amount_beyond_64_bits_is_refused_at_every_scale(tmp_path: Path, scale: int) -> None:
    workspace = Workspace(write_company(tmp_path / "company", scale=scale))
    bill = Path(workspace.folder) / "bill.csv"
    bill.write_text(bill.read_text().replace("10.00", "9" * (20 - scale)))
    with pytest.raises(IngestError) as refused:
        workspace.ingest("costs", bill)
    assert [each.code for each in refused.value.findings] == ["amount_overflow"]
    assert refused.value.findings[0].where.line == 2
