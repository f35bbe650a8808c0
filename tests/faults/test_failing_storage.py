"""Storage that fails at its first operation, then at its second ... until none is left to fail."""

import errno
from dataclasses import replace
from pathlib import Path

import pytest
from cases import Case, Lying, undisturbed
from forks import KILL, KILLED, SHORT, Fault, Fork, Forks
from ledgers import CORRECTED, delta, seen

from apportion import Workspace
from apportion.ledger.schemas import INGESTS

SAID = {errno.ENOSPC: "No space left on device", errno.EIO: "Input/output error"}
BREAKS = Fault(1, errno.EIO)
IS_FULL = Fault(1, errno.ENOSPC, lasting=True)
DIES = Fault(1, KILL)
HALVES = Fault(1, SHORT, lasting=True)
ALL = range(1, 1000)
EVERY_THIRD = range(1, 1000, 3)


def require_told(fork: Fork, how: int) -> None:
    """An error is a finding that names what the system said, and no fault of the program."""
    assert "panicked" not in fork.said
    if fork.status in (0, KILLED):
        return
    said = " ".join(fork.said.split())
    assert fork.status == 1
    assert "[storage_failed]" in said
    assert SAID[how] in said
    assert "Internal error" not in said
    assert "Traceback" not in said


def hurt(case: Case, failing: Forks, folder: Path, fault: Fault, places: range = ALL) -> int:
    """Let one operation fail, then a later one ...; returns how many times something failed."""
    failed = 0
    known: set[Lying] = set()
    for nth in places:
        case.copy(folder)
        fork = failing.run(folder, *case.command, fault=replace(fault, nth=nth))
        if fork.status == 0 and fork.reached < nth:
            break
        failed += fork.status != 0
        require_told(fork, fault.how)
        case.require(folder, fork, failing, known)
    return failed


@pytest.mark.parametrize(
    ("name", "fault", "places", "fewest"),
    [
        pytest.param("ingest", BREAKS, ALL, 9, id="ingest breaks"),
        pytest.param("ingest", IS_FULL, ALL, 15, id="ingest on a full disk"),
        pytest.param("ingest", DIES, ALL, 15, id="ingest dies"),
        pytest.param("run", BREAKS, ALL, 24, id="run breaks"),
        # Whoever dies or stays without space comes no further than one for whom something broke.
        pytest.param("run", IS_FULL, EVERY_THIRD, 13, id="run on a full disk"),
        pytest.param("run", DIES, EVERY_THIRD, 13, id="run dies"),
    ],
)
def test_whatever_fails_the_ledger_is_old_or_new(
    cases: dict[str, Case],
    failing: Forks,
    tmp_path: Path,
    name: str,
    fault: Fault,
    places: range,
    fewest: int,
) -> None:
    assert hurt(cases[name], failing, tmp_path / "company", fault, places) >= fewest


@pytest.mark.parametrize("fault", [BREAKS, DIES], ids=["breaks", "dies"])
def test_a_ledger_can_be_made_after_its_making_failed(
    cases: dict[str, Case], failing: Forks, tmp_path: Path, fault: Fault
) -> None:
    # The first table of eight, and the beginning of the second.
    assert hurt(cases["first ingest"], failing, tmp_path / "company", fault, range(1, 11)) >= 5


@pytest.mark.parametrize("name", ["first ingest", "ingest", "run"])
def test_short_writes_are_carried_on(
    cases: dict[str, Case], failing: Forks, tmp_path: Path, name: str
) -> None:
    folder = cases[name].copy(tmp_path / "company")
    fork = failing.run(folder, *cases[name].command, fault=HALVES)
    assert fork.status == 0
    assert fork.reached > 15
    cases[name].require(folder, fork, failing)


@pytest.mark.parametrize("fault", [IS_FULL, DIES], ids=["full disk", "dies"])
def test_whatever_fails_while_a_small_table_is_rewritten_nothing_is_lost(
    cases: dict[str, Case], failing: Forks, tmp_path: Path, fault: Fault
) -> None:
    origin = cases["ingest"].copy(tmp_path / "origin")
    workspace = Workspace(origin)
    for number in range(20 - len(delta(origin, INGESTS).file_uris())):
        bill = origin / f"{number}.csv"
        bill.write_text(f"node,date,dimension,amount,currency\nshop,2024-01-03,{number},1,USD\n")
        workspace.ingest("costs", bill, source=f"vendor {number}")
    case = undisturbed(origin, CORRECTED, tmp_path / "done", failing)
    assert len(delta(tmp_path / "done", INGESTS).file_uris()) == 1
    whole = failing.run(case.copy(tmp_path / "company"), *CORRECTED, fault=replace(fault, nth=9999))
    # The rewriting comes last, and the record that it follows stands already.
    for nth in range(whole.reached - 8, whole.reached + 1, 2):
        case.copy(tmp_path / "company")
        fork = failing.run(tmp_path / "company", *CORRECTED, fault=replace(fault, nth=nth))
        require_told(fork, fault.how)
        assert fork.status in (0, KILLED)
        assert seen(tmp_path / "company") == case.new
