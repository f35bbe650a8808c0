"""Writers killed at every named step and at any moment; the command then succeeds when repeated."""

import random
from datetime import date
from pathlib import Path

import pytest
from cases import Case
from forks import KILLED, Forks
from ledgers import RUN, left_over, seen

from apportion import Workspace
from apportion.ledger.record_delivery import DELIVERY_STEPS
from apportion.ledger.record_run import RUN_STEPS

STEPS = {
    "ingest": DELIVERY_STEPS,
    "ingest after a killed ingest": DELIVERY_STEPS,
    "run": RUN_STEPS,
    "run after a killed run": RUN_STEPS,
}
PLACES = [(name, step) for name, steps in STEPS.items() for step in steps]
MOMENTS = 10
"""How often each case is killed at a moment chosen by chance."""


@pytest.mark.parametrize("name", STEPS)
def test_every_named_step_is_reached_once_and_in_order(cases: dict[str, Case], name: str) -> None:
    assert cases[name].steps == STEPS[name]


@pytest.mark.parametrize("name", ["ingest", "run"])
def test_what_a_killed_writer_left_counts_nowhere(cases: dict[str, Case], name: str) -> None:
    """Before and after the next writer it is as if the killed one had never been."""
    sound, after = cases[name], cases[f"{name} after a killed {name}"]
    assert (after.old, after.new) == (sound.old, sound.new)


@pytest.mark.parametrize("name", ["ingest", "run"])
def test_a_killed_writer_is_never_seen(cases: dict[str, Case], name: str) -> None:
    after = cases[f"{name} after a killed {name}"]
    assert (after.old, after.new) == (cases[name].old, cases[name].new)


@pytest.mark.parametrize(("name", "step"), PLACES)
def test_killed_at_a_step(
    cases: dict[str, Case], forks: Forks, tmp_path: Path, name: str, step: str
) -> None:
    folder = cases[name].copy(tmp_path / "company")
    fork = forks.run(folder, *cases[name].command, kill_at_step=step)
    assert fork.status == KILLED
    assert fork.steps[-1] == step
    recorded = step in ("unlock", "release")
    assert seen(folder) == (cases[name].new if recorded else cases[name].old)
    cases[name].require(folder, fork, forks)


@pytest.mark.parametrize("seed", range(6))
def test_killed_at_any_moment(
    cases: dict[str, Case], forks: Forks, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    names = [name for name in cases if name.startswith("run" if seed % 2 else ("first", "ingest"))]
    killed = 0
    for _ in range(MOMENTS):
        case = cases[chance.choice(names)]
        folder = case.copy(tmp_path / "company")
        moment = chance.random() * case.writing_seconds
        fork = forks.run(folder, *case.command, kill_after=moment)
        killed += fork.status == KILLED
        case.require(folder, fork, forks)
    # A machine that is quicker now than before lets some finish.
    assert killed > 0


@pytest.mark.parametrize(("name", "step"), [each for each in PLACES if "after" not in each[0]])
def test_interrupted_at_a_step(
    cases: dict[str, Case], tmp_path: Path, name: str, step: str
) -> None:
    def interrupt(reached: str) -> None:
        if reached == step:
            raise KeyboardInterrupt

    case = cases[name]
    folder = case.copy(tmp_path / "company")
    with pytest.raises(KeyboardInterrupt):
        command(Workspace(folder, on_step=interrupt), case)
    assert seen(folder) == (case.new if step in ("unlock", "release") else case.old)
    assert left_over(folder) == []
    if seen(folder) == case.old:
        command(Workspace(folder), case)
        assert seen(folder) == case.new


def command(workspace: Workspace, case: Case) -> None:
    """The case's command, in this process."""
    if case.command == RUN:
        workspace.run(date(2024, 1, 1), date(2024, 1, 2))
        return
    january = (date(2024, 1, 1), date(2024, 1, 31))
    corrected = Path(workspace.folder) / "corrected.csv"
    workspace.ingest("costs", corrected, source="cloud", period=january)
