"""The expression that rates is the same on every engine: here DuckDB and PostgreSQL."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import ibis
import pyarrow as pa
import pyarrow.csv as pacsv
import pytest
from benchmarks import postgres
from billing import row, service, table

from apportion.rating import running
from apportion.rating.plan import Plan, plan
from apportion.rating.running import Sizes

SMALL = Sizes(meters=2, channels=2, years=1, days=4, providers=2, multipliers=3, templates=2)
DAYS = (date(2023, 3, 3), date(2023, 3, 31))
ROWS = [
    row(
        date(2023, 3, 31 - 28 * (shift % 2)), shift % 5, name, rate_multiplier=1 + shift % 2, **more
    )
    for shift, (name, more) in enumerate(
        (name, {"provider": provider, "template": template, "international": abroad})
        for name in ("renewals", "visas", "parking")
        for provider in ("mmg", "Zed")
        for template in ("", "reminder")
        for abroad in (True, False)
    )
]


@pytest.fixture
def planned() -> tuple[duckdb.DuckDBPyConnection, Plan]:
    connection = duckdb.connect()
    connection.register("billable_usage", table(*ROWS, row(date(2023, 4, 1), 9, channel="email")))
    found = plan(connection, service())
    assert found is not None
    return connection, found


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Cluster]:
    reason = postgres.missing()
    if reason:
        pytest.skip(reason)
    with postgres.cluster() as running_server:
        yield running_server


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "pyspark", "trino", "snowflake"])
@pytest.mark.parametrize("many", [False, True])
def test_every_dialect_runs_by_row(dialect, many):
    sizes = Sizes(2, 2, 1, 4, 2**30, 2**30, 2**10) if many else SMALL
    assert sizes.fit_one_number != many
    sql = str(ibis.to_sql(running.rated_rows(sizes), dialect=dialect)).upper()
    assert "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING" in sql
    assert "RANGE BETWEEN" not in sql


def test_rows_are_the_same_where_their_place_takes_two_numbers(planned):
    connection, found = planned
    plans = (found, replace(found, sizes=_beyond(found.sizes)))
    both = [sorted(connection.sql(each.sql()).fetchall()) for each in plans]
    assert both[0] == both[1]


def _beyond(sizes: Sizes) -> Sizes:
    return replace(sizes, multipliers=2**40, templates=2**20)


def test_postgresql_gives_the_same_rows(planned, server, tmp_path: Path):
    connection, found = planned
    for name in ("billable_usage", *(value for key, value in vars(running).items() if key in USED)):
        _copy(connection, server, name, tmp_path)
    sql = str(ibis.to_sql(running.rated_rows(found.sizes), dialect="postgres"))
    text = server.run(f"COPY ({sql}) TO STDOUT (FORMAT csv, HEADER)")
    theirs = [_read(line) for line in csv.DictReader(io.StringIO(text))]
    mine = connection.sql(found.sql()).to_arrow_table().to_pylist()
    order = ("account", "channel", "date", "provider", "rate_multiplier", "template", "cost")
    key = [*order, "international"]
    assert len(mine) == len(ROWS) + 1
    assert sorted(theirs, key=lambda r: [str(r[k]) for k in key]) == sorted(
        ({k: _plain(v) for k, v in r.items()} for r in mine), key=lambda r: [str(r[k]) for k in key]
    )


USED = ("ACCOUNTS", "DAYS", "PROVIDERS", "TEMPLATES", "METERS")
KINDS = {
    pa.string(): 'text COLLATE "C"',
    pa.int32(): "int",
    pa.int64(): "bigint",
    pa.bool_(): "boolean",
    pa.date32(): "date",
    pa.decimal128(21, 12): "decimal(21, 12)",
}


def _copy(
    connection: duckdb.DuckDBPyConnection, server: postgres.Cluster, name: str, folder: Path
) -> None:
    rows = connection.sql(f"FROM {name}").to_arrow_table()
    columns = ", ".join(f"{field.name} {KINDS[field.type]}" for field in rows.schema)
    server.run(f"CREATE TABLE {name} ({columns})")
    path = folder / f"{name}.csv"
    pacsv.write_csv(rows, path)
    server.load(name, path)


def _read(line: dict[str, str]) -> dict[str, str]:
    texts = {"account", "channel", "provider", "template", "date", "international"}
    return {k: v if k in texts else _plain(Decimal(v)) for k, v in line.items()}


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, Decimal):
        return format(value.normalize(), "f") if value else "0"
    return str(value)
