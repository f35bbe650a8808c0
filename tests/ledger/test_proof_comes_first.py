"""Nothing is published that was not proved from the rows as they were read back (`A20`, `A26`)."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from ledgers import left_over, seen

import apportion as ap
from apportion import pipeline

PERIOD = date(2024, 1, 1), date(2024, 1, 2)
Spoil = Callable[[pa.RecordBatch], pa.RecordBatch]


def one_unit_less(batch: pa.RecordBatch, column: str) -> pa.RecordBatch:
    """The batch with its first amount above 0 a unit smaller."""
    place = batch.schema.get_field_index(column)
    first = pc.index(pc.greater(batch[column], 0), value=True).as_py()
    assert first >= 0
    field = batch.schema.field(place)
    amounts = batch[column].to_pylist()
    amounts[first] -= Decimal(1).scaleb(-field.type.scale)
    return batch.set_column(place, field, pa.array(amounts, field.type))


SPOILT: dict[str, tuple[str, Spoil]] = {
    "an amount kept": ("allocations", lambda rows: one_unit_less(rows, "retained")),
    "an amount given": ("contributions", lambda rows: one_unit_less(rows, "amount")),
    "a node's row": ("allocations", lambda rows: rows.slice(1)),
    "an edge's row": ("contributions", lambda rows: rows.slice(1)),
}


@pytest.mark.parametrize("name", SPOILT)
def test_rows_that_were_spoilt_on_their_way_are_not_published(
    name: str, company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = ap.Workspace(company)
    workspace.run(*PERIOD)
    before = seen(company)
    table, spoil = SPOILT[name]
    real = pipeline.flow_rows

    def spoilt(*arguments: Any, **how: Any) -> Iterator[Any]:
        for rows in real(*arguments, **how):
            yield replace(rows, **{table: spoil(getattr(rows, table))})

    monkeypatch.setattr(pipeline, "flow_rows", spoilt)
    with pytest.raises(ap.RunError) as refused:
        workspace.run(*PERIOD)
    assert {each.code for each in refused.value.findings} == {"invariant_violation"}
    assert seen(company) == before
    assert left_over(company) == []


def test_a_proof_that_saw_nothing_is_none(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "flow_rows", lambda *_, **__: iter(()))
    with pytest.raises(ap.RunError) as refused:
        ap.Workspace(company).run(*PERIOD)
    assert any("check_saw_no_rows" in str(each) for each in refused.value.findings)
    assert seen(company).runs == ()
    assert left_over(company) == []
