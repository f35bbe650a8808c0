"""Folders that nobody may write to, and limits that real systems set."""

import errno
from pathlib import Path

import pytest
from cases import Case
from forks import Fault, Forks
from ledgers import seen

REFUSED = Fault(1, errno.EACCES, lasting=True)
READING = (
    ("runs", "list"),
    ("runs", "show"),
    ("reconcile",),
    ("show", "products"),
    ("show", "nodes"),
)


@pytest.mark.parametrize("name", ["first ingest", "ingest", "run"])
def test_writing_where_nobody_may_write_says_so(
    cases: dict[str, Case], failing: Forks, tmp_path: Path, name: str
) -> None:
    case = cases[name]
    folder = case.copy(tmp_path / "company")
    fork = failing.run(folder, *case.command, fault=REFUSED)
    assert fork.status == 1
    assert "[storage_failed]" in fork.said
    assert "Permission denied" in fork.said
    case.require(folder, fork, failing)


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_reading_writes_nothing(
    cases: dict[str, Case], failing: Forks, command: tuple[str]
) -> None:
    fork = failing.run(cases["run"].origin, *command, fault=REFUSED)
    assert fork.status == 0, fork.said
    assert fork.reached == 0


def test_a_folder_without_permission_is_refused(
    cases: dict[str, Case], forks: Forks, tmp_path: Path
) -> None:
    case = cases["ingest"]
    folder = case.copy(tmp_path / "company")
    closed = [folder / "ledger", *(folder / "ledger").rglob("*")]
    for path in closed:
        path.chmod(path.stat().st_mode & 0o555)
    fork = forks.run(folder, *case.command, unprivileged=True)
    reading = forks.run(folder, "reconcile", unprivileged=True)
    for path in closed:
        path.chmod(path.stat().st_mode | 0o200)
    assert fork.status == 1
    assert "Permission denied" in fork.said
    assert reading.status == 0, reading.said
    case.require(folder, fork, forks)


@pytest.mark.parametrize("largest", [1_000, 2_000, 3_000])
def test_files_that_may_not_grow(
    cases: dict[str, Case], forks: Forks, tmp_path: Path, largest: int
) -> None:
    case = cases["ingest"]
    folder = case.copy(tmp_path / "company")
    fork = forks.run(folder, *case.command, largest_file=largest)
    assert fork.status == 1
    assert "File too large" in fork.said
    assert seen(folder) == case.old
    case.require(folder, fork, forks)
