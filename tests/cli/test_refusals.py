"""What the system or a typed word makes impossible is said so, and never called a fault of ours."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Apportion = Callable[..., Any]
FULL = Path("/dev/full")
COMMAND = str(Path(sys.executable).with_name("apportion"))


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("line", [("show", "nodes"), ("run",), ("ingest", "costs", "x.csv")])
def test_days_beyond_the_calendar_of_bills(apportion: Apportion, line: tuple[str, ...]) -> None:
    for period in (("0001-01-01", "2024-01-31"), ("2024-01-01", "9999-12-31")):
        answer = apportion(*line, "--from", period[0], "--to", period[1])
        assert answer.status == 2
        assert "a day from 1970-01-01 to 2199-12-31" in answer.err


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize(
    ("line", "said"),
    [
        (("run", "--from", "2024-01", "--to", "2024-01", "--currency", "eur"), "mean 'EUR'?"),
        (("show", "nodes", "--currency", "eu"), "'eu' is no ISO 4217 currency code"),
        (("reconcile", "--currency", "Usd"), "mean 'USD'?"),
    ],
)
def test_currencies_that_do_not_exist(
    apportion: Apportion, line: tuple[str, ...], said: str
) -> None:
    answer = apportion(*line)
    assert answer.status == 2
    assert said in " ".join(answer.err.split())


@pytest.mark.parametrize("command", ["init", "demo"])
def test_a_folder_that_cannot_be_made(apportion: Apportion, command: str) -> None:
    answer = apportion(command, "/proc/x/y")
    assert answer.status == 1
    assert "[storage_failed]" in answer.err
    assert "No such file or directory" in answer.err
    assert "Internal error" not in answer.err


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("more", [(), ("--csv",), ("--json",)])
def test_an_answer_that_cannot_be_written(acme: Path, more: tuple[str, ...]) -> None:
    with FULL.open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [COMMAND, "show", "contributions", "--limit", "0", *more],
            cwd=acme,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.splitlines()[0].endswith("error [storage_failed]")
    assert "The answer could not be written: No space left on device." in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.usefixtures("acme")
def test_a_ledger_that_lets_nobody_claim_a_run(acme: Path, apportion: Apportion) -> None:
    claims = acme / "ledger" / ".running"
    claims.rmdir()
    claims.write_text("")
    answer = apportion("run", "--from", "2024-01", "--to", "2024-01", "--again")
    assert answer.status == 1
    assert "[storage_failed]" in answer.err
    assert "Could not claim a run: " in " ".join(answer.err.split())


@pytest.mark.usefixtures("acme")
def test_a_lock_that_cannot_be_taken(acme: Path, apportion: Apportion) -> None:
    lock = acme / "ledger" / ".lock"
    lock.unlink()
    lock.mkdir()
    answer = apportion("run", "--from", "2024-01", "--to", "2024-01", "--again")
    assert answer.status == 1
    assert "Could not lock the ledger: " in " ".join(answer.err.split())
