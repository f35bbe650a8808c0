"""Failed attempts: counted by client, by all processes together, for a minute."""

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from apportion.access import failures
from apportion.access.failures import LIMIT, Failures, client_of, failures_file
from apportion.findings import AccessError

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ME, NEIGHBOUR = "192.0.2.1", "192.0.2.2"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return failures_file(tmp_path)


def rows(file: Path) -> int:
    connection = sqlite3.connect(file)
    (count,) = connection.execute("SELECT count(*) FROM failures").fetchone()
    connection.close()
    return int(count)


def test_after_ten_in_a_minute_one_waits_until_the_first_is_a_minute_old(file: Path) -> None:
    counted = Failures(file)
    waits = [counted.count(ME, NOW + each * SECOND) for each in range(LIMIT)]
    assert waits == [0] * 10
    assert counted.count(ME, NOW + 10 * SECOND) == 50
    assert counted.count(ME, NOW + 59.5 * SECOND) == 1
    assert counted.count(ME, NOW + 60 * SECOND) == 0
    assert counted.count(ME, NOW + 60 * SECOND) == 1


def test_who_goes_on_trying_does_not_wait_longer(file: Path) -> None:
    counted = Failures(file)
    for _ in range(500):
        counted.count(ME, NOW)
    assert rows(file) == LIMIT
    assert counted.count(ME, NOW + 60 * SECOND) == 0


def test_a_neighbour_does_not_wait(file: Path) -> None:
    counted = Failures(file)
    for _ in range(LIMIT + 1):
        wait = counted.count(ME, NOW)
    assert wait == 60
    assert counted.count(NEIGHBOUR, NOW) == 0


def test_old_rows_go_and_there_are_never_too_many(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "KEPT", 50)
    counted = Failures(file)
    for each in range(200):
        counted.count(f"192.0.2.{each}", NOW)
    assert rows(file) == 50
    counted.count(ME, NOW + 61 * SECOND)
    assert rows(file) == 1


def test_a_clock_that_is_set_back_locks_nobody_out(file: Path) -> None:
    counted = Failures(file)
    for _ in range(LIMIT):
        counted.count(ME, NOW)
    back = NOW - timedelta(hours=1)
    assert counted.count(NEIGHBOUR, back) == 0
    assert counted.count(ME, back) == 0


def test_processes_count_together(file: Path) -> None:
    code = (
        "import sys; from datetime import *; from pathlib import Path;"
        "from apportion.access.failures import Failures;"
        "counted = Failures(Path(sys.argv[1]));"
        f"now = datetime.fromisoformat('{NOW.isoformat()}');"
        f"print(sum(counted.count('{ME}', now) == 0 for _ in range(4)))"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(file)], stdout=subprocess.PIPE)
        for _ in range(4)
    ]
    let_through = [int(process.communicate()[0]) for process in started]
    assert sum(let_through) == LIMIT
    assert rows(file) == LIMIT


def test_threads_count_together(file: Path) -> None:
    counted = Failures(file)
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _: counted.count(ME, NOW), range(80)))
    assert waits.count(0) == LIMIT


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::2", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("x" * 5000, "x" * 100),
    ],
)
def test_whom_an_address_counts_for(address: str, client: str) -> None:
    assert client_of(address) == client


def test_what_cannot_be_counted_is_said(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"no database" * 1000)
    with pytest.raises(AccessError) as caught:
        Failures(file).count(ME, NOW)
    assert [each.code for each in caught.value.findings] == ["storage_failed"]
