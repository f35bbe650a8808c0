"""Other programs read the ledger: DuckDB, Polars, pandas and Arrow find the same exact figures."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable
from ledgers import delta

from apportion import Workspace
from apportion.ledger.schemas import ALLOCATIONS, COSTS

Sums = Callable[[Path], Decimal]


def duckdb_sum(folder: Path) -> Decimal:
    """The Delta extension of DuckDB reads the table; where it is not installed, Arrow gives it."""
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    try:
        connection.execute("LOAD delta")
        table = connection.sql("FROM delta_scan(?)", params=[str(folder)])
    except duckdb.Error:
        table = connection.from_arrow(DeltaTable(folder).to_pyarrow_dataset())
    ((total,),) = table.aggregate(f"sum({_figure(folder)})").fetchall()
    return Decimal(total)


def polars_sum(folder: Path) -> Decimal:
    """Lazily, as Polars reads Delta tables."""
    return Decimal(
        pl.scan_delta(str(folder)).select(pl.col(_figure(folder)).sum()).collect().item()
    )


def arrow_sum(folder: Path) -> Decimal:
    """With all columns in memory."""
    return Decimal(pc.sum(DeltaTable(folder).to_pyarrow_table()[_figure(folder)]).as_py())


def _figure(folder: Path) -> str:
    return "amount" if folder.name == "costs" else "holistic"


@pytest.mark.parametrize("sums", [duckdb_sum, polars_sum, arrow_sum], ids=lambda f: f.__name__)
def test_another_program_finds_the_same_figures(company: Path, sums: Sums) -> None:
    Workspace(company).run(date(2024, 1, 1), date(2024, 1, 2))
    ledger = company / "ledger"
    assert sums(ledger / COSTS.name) == Decimal("31.01")
    # What products hold beside what the database had.
    assert sums(ledger / ALLOCATIONS.name) == Decimal("31.01") + Decimal("30.01")


def test_an_old_version_stays_readable_by_others(company: Path) -> None:
    before = delta(company, COSTS)
    Workspace(company).ingest("costs", company / "corrected.csv", source="cloud", replace=True)
    assert delta(company, COSTS).version() > before.version()
    assert pc.sum(before.to_pyarrow_table()["amount"]).as_py() == Decimal("31.01")
    again = DeltaTable(company / "ledger" / COSTS.name, version=before.version())
    assert pl.read_delta(again)["amount"].sum() == Decimal("31.01")
    assert pl.read_delta(delta(company, COSTS))["amount"].sum() == Decimal("11.55")
