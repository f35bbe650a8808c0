"""The tables on disk are those that ``schemas.py`` declares, and say so to every program."""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ledgers import delta

from apportion import Workspace
from apportion.ledger.bill_lines import FACTS
from apportion.ledger.schemas import AMOUNT, TABLES, Table


@pytest.fixture(scope="module")
def recorded(_ready: Path) -> Path:
    Workspace(_ready).run(date(2024, 1, 1), date(2024, 1, 2))
    return _ready


@pytest.mark.parametrize("table", [*TABLES, *FACTS], ids=lambda table: table.name)
def test_the_table_is_as_declared(recorded: Path, table: Table) -> None:
    opened = delta(recorded, table)
    found = pa.schema(opened.schema().to_arrow())
    assert [(field.name, field.type) for field in found] == [
        (field.name, pa.timestamp("us", "UTC") if field.name == "at" else field.type)
        for field in table.schema
    ]
    assert opened.metadata().description == table.meaning
    assert tuple(opened.metadata().partition_columns) == table.partition_by


@pytest.mark.parametrize("table", [*TABLES, *FACTS], ids=lambda table: table.name)
def test_every_column_says_what_it_means(recorded: Path, table: Table) -> None:
    said = {field.name: field.metadata for field in delta(recorded, table).schema().fields}
    for field in table.schema:
        assert len(said[field.name]["comment"]) > 3
        assert said[field.name]["comment"] == field.metadata[b"comment"].decode()


@pytest.mark.parametrize("table", [*TABLES, *FACTS], ids=lambda table: table.name)
def test_every_file_has_the_columns_and_amounts_are_decimals(recorded: Path, table: Table) -> None:
    paths = list((recorded / "ledger" / table.name).rglob("*.parquet"))
    # This company has nothing to warn of.
    assert paths or table.name == "warnings"
    amounts = {field.name for field in table.schema if field.type == AMOUNT}
    for path in paths:
        columns = pq.read_schema(path)
        assert set(columns.names) == set(table.schema.names) - set(table.partition_by)
        assert {each.name for each in columns if each.type == pa.decimal128(38, 9)} == amounts
        floats = {each.name for each in columns if pa.types.is_floating(each.type)}
        assert floats <= {"share"}
