"""Two at once: the result is that of one after the other, and readers never see a mix."""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from forks import KILLED, Fork, Forks
from ledgers import (
    BILL,
    CORRECTED,
    RUN,
    SECOND,
    USAGE_FILE,
    Seen,
    left_over,
    seen,
    write_company,
)

from apportion import Workspace
from apportion.ledger import store as store_module
from apportion.ledger.record_delivery import DELIVERY_STEPS
from apportion.ledger.record_ingest import INGEST_STEPS
from apportion.ledger.record_run import RUN_STEPS
from apportion.ledger.schemas import ALLOCATIONS

ROUNDS = 3
PAIRS = {
    "two sources": (CORRECTED, SECOND),
    "two corrections of one source": (CORRECTED, (*BILL, "--period", "2024-01")),
    "costs and usage": (SECOND, USAGE_FILE),
    "an ingest and a run": (CORRECTED, RUN),
    "two runs": (RUN, RUN),
}
JANUARY = date(2024, 1, 1), date(2024, 1, 2)


@pytest.fixture(scope="module")
def two() -> Iterator[tuple[Forks, Forks]]:
    """Two programs."""
    pair = Forks(), Forks()
    yield pair
    for each in pair:
        each.close()


@pytest.fixture(scope="module")
def ledgers(tmp_path_factory: pytest.TempPathFactory, two: tuple[Forks, Forks]) -> Path:
    """Workspaces without a ledger, with one, and with what a killed run left in it."""
    root = tmp_path_factory.mktemp("ledgers")
    write_company(root / "empty")
    shutil.copytree(root / "empty", root / "ready")
    for command in (BILL, USAGE_FILE, RUN):
        assert two[0].run(root / "ready", *command).status == 0
    usage = root / "ready" / "usage.csv"
    usage.write_text(usage.read_text().replace("queries,5", "queries,8"))
    shutil.copytree(root / "ready", root / "half run")
    assert two[0].run(root / "half run", *RUN, kill_at_step="record").status == KILLED
    return root


def at_once(folder: Path, two: tuple[Forks, Forks], *commands: tuple[str, ...]) -> list[Fork]:
    """Run two commands at the same time."""
    for program, command in zip(two, commands, strict=True):
        program.begin(folder, *command)
    return [program.end() for program in two]


def in_turn(
    origin: Path, folder: Path, two: tuple[Forks, Forks], *commands: tuple[str, ...]
) -> list[Seen]:
    """What is seen after the commands one by one, for each order of them."""
    found = []
    for order in sorted(set(permutations(commands))):
        shutil.copytree(origin, folder)
        for command in order:
            assert two[0].run(folder, *command).status == 0
        found.append(seen(folder))
        shutil.rmtree(folder)
    return found


def require_serial(
    origin: Path, folder: Path, two: tuple[Forks, Forks], *commands: tuple[str, ...]
) -> None:
    """Each time two commands ran at once, it is as if one had run after the other."""
    possible = in_turn(origin, folder, two, *commands)
    for _ in range(ROUNDS):
        shutil.copytree(origin, folder)
        ends = at_once(folder, two, *commands)
        assert [each.status for each in ends] == [0, 0], [each.said for each in ends]
        assert seen(folder) in possible
        assert left_over(folder) == []
        shutil.rmtree(folder)


@pytest.mark.parametrize("name", PAIRS)
def test_two_at_once_are_two_in_turn(
    ledgers: Path, two: tuple[Forks, Forks], tmp_path: Path, name: str
) -> None:
    require_serial(ledgers / "ready", tmp_path / "company", two, *PAIRS[name])


def test_two_that_make_the_ledger_at_once(
    ledgers: Path, two: tuple[Forks, Forks], tmp_path: Path
) -> None:
    require_serial(ledgers / "empty", tmp_path / "company", two, BILL, USAGE_FILE)


def test_two_that_sweep_after_a_killed_run_at_once(
    ledgers: Path, two: tuple[Forks, Forks], tmp_path: Path
) -> None:
    require_serial(ledgers / "half run", tmp_path / "company", two, RUN, RUN)


def test_two_programs_started_from_a_shell(ledgers: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(ledgers / "ready", tmp_path / "company"))
    start = [sys.executable, "-c", "from apportion.cli import main; main()"]
    programs = [subprocess.Popen([*start, *each], cwd=folder) for each in (SECOND, RUN)]
    assert [program.wait() for program in programs] == [0, 0]
    found = seen(folder)
    assert len(found.ingests) == 3
    assert len(found.runs) == 2


@pytest.mark.parametrize("step", RUN_STEPS)
def test_somebody_else_writes_at_each_step_of_a_run(
    ledgers: Path, two: tuple[Forks, Forks], tmp_path: Path, step: str
) -> None:
    folder = Path(shutil.copytree(ledgers / "ready", tmp_path / "company"))
    old = seen(folder)
    statuses = []

    def meanwhile(reached: str) -> None:
        if reached == step:
            statuses.extend(two[0].run(folder, *each).status for each in (CORRECTED, RUN))

    Workspace(folder, on_step=meanwhile).run(*JANUARY)
    assert statuses == [0, 0]
    found = seen(folder)
    assert found.costs != old.costs
    # The run that began before the correction is the first run once more, whenever it ended.
    mine, other = (-2, -1) if step == "release" else (-1, -2)
    assert found.runs[mine] == old.runs[0]
    assert found.runs[other] != old.runs[0]
    assert left_over(folder) == []


@pytest.mark.parametrize("step", RUN_STEPS)
def test_somebody_else_removes_an_old_run_at_each_step(
    ledgers: Path, two: tuple[Forks, Forks], tmp_path: Path, step: str
) -> None:
    folder = Path(shutil.copytree(ledgers / "half run", tmp_path / "company"))
    (old,) = Workspace(folder).runs()

    def meanwhile(reached: str) -> None:
        if reached == step:
            pruned = two[0].run(folder, "runs", "prune", old.run_id)
            assert pruned.status == 0, pruned.said

    outcome = Workspace(folder, on_step=meanwhile).run(*JANUARY)
    assert [each.run_id for each in Workspace(folder).runs()] == [outcome.run.run_id]
    assert Workspace(folder).result().reconciliation().conservation_delta == 0
    assert left_over(folder) == []


def test_rows_are_removed_while_others_are_being_added(
    ledgers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(ledgers / "ready", tmp_path / "company"))
    (old,) = Workspace(folder).runs()
    write = store_module.write_deltalake
    removed = []

    def opened_before_the_removal(path: Path, *arguments: Any, **named: Any) -> None:
        table = DeltaTable(path)
        if path.name == ALLOCATIONS.name and not removed:
            removed.append(Workspace(folder).prune_runs([old.run_id]))
        write(table, *arguments, **named)

    monkeypatch.setattr(store_module, "write_deltalake", opened_before_the_removal)
    outcome = Workspace(folder).run(*JANUARY)
    assert removed
    assert [each.run_id for each in Workspace(folder).runs()] == [outcome.run.run_id]
    assert Workspace(folder).result().reconciliation().conservation_delta == 0


@pytest.mark.parametrize(
    ("kind", "steps"), [("costs", DELIVERY_STEPS), ("usage", INGEST_STEPS), ("run", RUN_STEPS)]
)
def test_a_reader_sees_the_old_state_or_the_new_at_each_step(
    ledgers: Path, tmp_path: Path, kind: str, steps: Sequence[str]
) -> None:
    folder = Path(shutil.copytree(ledgers / "ready", tmp_path / "company"))
    looks: list[Seen] = [seen(folder)]
    workspace = Workspace(folder, on_step=lambda _: looks.append(seen(folder)))
    if kind == "run":
        workspace.run(*JANUARY)
    else:
        file = {"costs": "second.csv", "usage": "usage.csv"}[kind]
        workspace.ingest(kind, folder / file, source="vendor")
    looks.append(seen(folder))
    # All but the looks before the last step, and after it, are of the old state.
    assert looks == [looks[0]] * len(steps) + [looks[-1], looks[-1]]
    assert looks[-1] != looks[0]
