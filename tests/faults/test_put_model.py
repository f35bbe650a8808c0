"""A model put while the process is killed or the storage fails: old or new, never another."""

import errno
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from forks import KILL, KILLED, SHORT, Fault, Fork, Forks
from ledgers import write_company

from apportion import load_model
from apportion.ledger.record_model import MODEL_STEPS

SETTINGS = "# Kept.\ncurrency: USD\nscale: 2 # and this\n"
BREAKS = Fault(1, errno.EIO, under=".")
IS_FULL = Fault(1, errno.ENOSPC, lasting=True, under=".")
DIES = Fault(1, KILL, under=".")
HALVES = Fault(1, SHORT, lasting=True, under=".")
SAID = {errno.ENOSPC: "No space left on device", errno.EIO: "Input/output error"}


class Put:
    """A company, a model to be put into it, and the digests of before and after."""

    def __init__(self, folder: Path) -> None:
        write_company(folder)
        self.folder = folder
        (folder / "apportion.yaml").write_text(SETTINGS)
        model = load_model(folder)
        self.document: dict[str, Any] = json.loads(json.dumps(model.to_dict()))
        self.document["nodes"][0]["name"] = "The database"
        self.old, self.command = model.digest, self.writes("new.json")
        self.new = load_model(folder).from_dict(self.document).digest

    def writes(self, name: str) -> tuple[str, ...]:
        """Write the document; gives the command that puts it."""
        (self.folder / name).write_text(json.dumps(self.document))
        return "put-model", name

    def require_old_or_new(self, fork: Fork, forks: Forks) -> None:
        """The old model or the new one, with settings to the byte; then it can be put."""
        settings = (self.folder / "apportion.yaml").read_text()
        now = load_model(self.folder).digest
        assert now in (self.old, self.new)
        if now == self.old:
            assert settings == SETTINGS
            assert fork.status != 0
        else:
            assert settings.startswith(f"{SETTINGS}model_folder: models/")
            assert fork.status in (0, KILLED) or "The model was put" in fork.said
        again = forks.run(self.folder, *self.command)
        assert again.status == 0, again.said
        assert load_model(self.folder).digest == self.new
        assert not list(self.folder.glob("models/.*"))
        assert not list(self.folder.glob(".apportion*"))


@pytest.fixture
def put(tmp_path: Path) -> Put:
    return Put(tmp_path / "company")


def test_every_named_step_is_reached_once_and_in_order(put: Put, forks: Forks) -> None:
    assert forks.run(put.folder, *put.command).steps == MODEL_STEPS


@pytest.mark.parametrize("step", MODEL_STEPS)
def test_killed_at_a_step(put: Put, forks: Forks, step: str) -> None:
    fork = forks.run(put.folder, *put.command, kill_at_step=step)
    assert fork.status == KILLED
    assert load_model(put.folder).digest == (put.new if step == "unlock" else put.old)
    put.require_old_or_new(fork, forks)


def test_what_killed_writers_left_is_harmless(put: Put, forks: Forks) -> None:
    warnings = load_model(put.folder).warnings
    for step in MODEL_STEPS[:-1]:
        assert forks.run(put.folder, *put.command, kill_at_step=step).status == KILLED
        assert load_model(put.folder).digest == put.old
        assert load_model(put.folder).warnings == warnings
    put.require_old_or_new(forks.run(put.folder, *put.command), forks)


@pytest.mark.parametrize(
    ("fault", "fewest"),
    [
        pytest.param(BREAKS, 9, id="breaks"),
        pytest.param(IS_FULL, 12, id="full disk"),
        pytest.param(DIES, 12, id="dies"),
    ],
)
def test_whatever_fails_the_model_is_old_or_new(
    tmp_path: Path, failing: Forks, fault: Fault, fewest: int
) -> None:
    failed = 0
    for nth in range(1, 100):
        put = Put(tmp_path / str(nth))
        fork = failing.run(put.folder, *put.command, fault=replace(fault, nth=nth))
        if fork.status == 0 and fork.reached < nth:
            break
        failed += fork.status != 0
        if fork.status not in (0, KILLED):
            assert "[storage_failed]" in fork.said
            assert SAID[fault.how] in fork.said
        put.require_old_or_new(fork, failing)
    assert failed >= fewest


def test_short_writes_are_carried_on(put: Put, failing: Forks) -> None:
    fork = failing.run(put.folder, *put.command, fault=HALVES)
    assert fork.status == 0
    put.require_old_or_new(fork, failing)


def test_of_two_at_once_that_expect_the_same_model_one_is_refused(
    put: Put, forks: Forks, failing: Forks
) -> None:
    put.document["nodes"][0]["name"] = "Another database"
    other = put.writes("other.json")
    forks.begin(put.folder, *put.command, put.old)
    failing.begin(put.folder, *other, put.old)
    ends = [forks.end(), failing.end()]
    assert sorted(end.status for end in ends) == [0, 1]
    (refused,) = [end for end in ends if end.status]
    assert "[model_changed]" in refused.said
    assert [path.name for path in (put.folder / "models").iterdir()] == ["0001"]


def test_of_two_at_once_that_expect_nothing_both_are_put(
    put: Put, forks: Forks, failing: Forks
) -> None:
    put.document["nodes"][0]["name"] = "Another database"
    other = put.writes("other.json")
    forks.begin(put.folder, *put.command)
    failing.begin(put.folder, *other)
    ends = [forks.end(), failing.end()]
    assert [end.status for end in ends] == [0, 0]
    assert sorted(path.name for path in (put.folder / "models").iterdir()) == ["0001", "0002"]
    assert "model_folder: models/0002\n" in (put.folder / "apportion.yaml").read_text()
