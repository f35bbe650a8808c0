"""Parts of the one database of a process: each connection sees its own, and it goes with it."""

import gc
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import duckdb
import pyarrow as pa
import pytest

from apportion import database


def parts() -> int:
    (found,) = database.connect().execute("SELECT count(*) FROM duckdb_databases()").fetchall()
    return int(found[0])


def test_what_is_made_on_a_connection_is_seen_there_alone() -> None:
    one, other = database.connect(), database.connect()
    one.execute("CREATE TABLE made AS SELECT 1 AS a; CREATE VIEW seen AS FROM made")
    one.register("given", pa.table({"a": [1]}))
    one.execute("SET VARIABLE told = 1")
    for name in ("made", "seen", "given"):
        assert one.execute("SELECT a FROM query_table(?)", [name]).fetchall() == [(1,)]
        with pytest.raises(duckdb.CatalogException):
            other.execute("SELECT a FROM query_table(?)", [name])
    assert other.execute("SELECT getvariable('told')").fetchall() == [(None,)]
    other.execute("CREATE TABLE made AS SELECT 2 AS a")
    assert one.execute("FROM seen").fetchall() == [(1,)]


def test_one_beside_another_sees_the_same_part_and_keeps_it() -> None:
    beside = database.beside(_with_view())
    gc.collect()
    database.connect()
    assert beside.execute("FROM seen").fetchall() == [(1,)]


def _with_view() -> duckdb.DuckDBPyConnection:
    connection = database.connect()
    connection.sql("SELECT 1").create_view("seen")
    return connection


MOMENT = """
from apportion import database
print(database.connect().execute(
    "SELECT CAST(TIMESTAMPTZ '2024-01-01 00:00:00+00' AS TIMESTAMP)::DATE").fetchall()[0][0])
"""


def test_a_moments_day_is_that_of_utc_wherever_the_machine_stands() -> None:
    command = [sys.executable, "-c", MOMENT]
    there = {**os.environ, "TZ": "America/New_York"}
    said = subprocess.run(command, env=there, capture_output=True, text=True, check=True)
    assert said.stdout == "2024-01-01\n"


def test_nothing_stays_of_a_connection_that_is_gone() -> None:
    gc.collect()
    before = parts()
    for _ in range(20):
        database.connect().execute("CREATE TABLE made AS FROM range(10)")
    gc.collect()
    assert parts() <= before


def test_rows_on_their_way_outlive_their_connection() -> None:
    reader = _with_view().sql("SELECT range AS a FROM range(100_000)").to_arrow_reader(1_000)
    gc.collect()
    database.connect()
    assert reader.read_all().num_rows == 100_000


def test_threads_that_come_first_share_one_database(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[duckdb.DuckDBPyConnection] = []

    def slowly() -> duckdb.DuckDBPyConnection:
        time.sleep(0.05)
        opened.append(open_database())
        return opened[-1]

    open_database = duckdb.connect
    database._made.cache_clear()
    monkeypatch.setattr(duckdb, "connect", slowly)
    with ThreadPoolExecutor(8) as threads:
        connections = list(threads.map(lambda _: database.connect(), range(8)))
    assert len(opened) == 1
    for each in connections:
        assert database.beside(each).execute("SELECT 1").fetchall() == [(1,)]


def test_many_threads_connect_at_once() -> None:
    def ask(number: int) -> int:
        connection = database.connect()
        connection.execute("CREATE TABLE made AS SELECT ? AS a", [number])
        return int(database.beside(connection).execute("FROM made").fetchall()[0][0])

    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(ask, range(300))) == list(range(300))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no forks")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_fork_has_a_database_of_its_own() -> None:
    before = _with_view()
    child = os.fork()
    if not child:
        status = 1
        try:
            asked = database.connect().execute("SELECT sum(range) FROM range(100_000)").fetchall()
            status = 0 if asked == [(4_999_950_000,)] else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert before.execute("FROM seen").fetchall() == [(1,)]
