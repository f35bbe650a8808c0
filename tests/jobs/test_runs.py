"""Runs in child processes: who owns them, whose turn it is, and what is seen when somebody dies."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import begins
import pytest
from begins import ALLOWED, run_asked
from happenings import Happening
from ledgers import left_over, seen
from waiting import is_alive, until

from apportion import Workspace
from apportion.jobs import running
from apportion.jobs.outcomes import Outcome
from apportion.jobs.processes import Allowed, Children
from apportion.jobs.running import WAITERS
from apportion.jobs.runs import begin_run, job, jobs
from apportion.jobs.table import Job, State

SWEEP = "import sys, pathlib, apportion.jobs.table as t; t.sweep(pathlib.Path(sys.argv[1]))"
LAST = "release"
"""The step after the record."""


class Server:
    """Another process that begins work."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, begins.__file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def begin(self, folder: Path, run_id: str, if_busy: str = "refuse") -> dict[str, Any]:
        assert self.process.stdin
        assert self.process.stdout
        request = json.dumps(["run", str(folder), run_id, if_busy])
        self.process.stdin.write(request.encode() + b"\n")
        self.process.stdin.flush()
        told: dict[str, Any] = json.loads(self.process.stdout.readline())
        return told

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def servers() -> Iterator[Callable[[], Server]]:
    """Begins other processes that begin work, to whose children happens what is set by then."""
    begun: list[Server] = []

    def start() -> Server:
        begun.append(Server())
        return begun[-1]

    yield start
    for each in begun:
        each.kill()
        for pipe in (each.process.stdin, each.process.stdout):
            assert pipe
            pipe.close()


def begin(children: Children, folder: Path, run_id: str, if_busy: str = "refuse") -> Outcome:
    return begin_run(children, folder, run_asked(run_id, if_busy), ALLOWED)


def ended(folder: Path, run_id: str) -> Job:
    """A run after its end."""

    def is_ended() -> bool:
        found = job(folder, run_id)
        return found is not None and found.state.is_end

    until(is_ended)
    found = job(folder, run_id)
    assert found
    return found


def only_code(outcome: Outcome) -> str:
    (found,) = outcome.findings
    return str(found["code"])


def recorded(folder: Path) -> list[str]:
    return [run.run_id for run in reversed(Workspace(folder).runs())]


def nothing_is_left(folder: Path) -> None:
    """No claim, no folder to work in, no rows that nobody reads."""
    until(lambda: list((folder / "server" / "runs").iterdir()) == [])
    assert left_over(folder) == []


def test_a_run_is_recorded_under_the_id_that_was_told(children: Children, company: Path) -> None:
    run_id = Workspace(company).new_run_id()
    outcome = begin(children, company, run_id)
    assert outcome == Outcome({"run_id": run_id})
    found = ended(company, run_id)
    assert found.state is State.COMPLETED
    assert (found.days_done, found.days_total) == (2, 2)
    assert found.request == {
        "start_date": "2024-01-01", "end_date": "2024-01-02", "dimensions": None, "currency": "",
    }  # fmt: skip
    assert (found.asked_by, found.at) == ("ada", "2024-02-01T00:00:00+00:00")
    assert found.outcome == {"warnings": 0}
    assert recorded(company) == [run_id]
    nothing_is_left(company)


def test_a_run_that_fails_says_why(children: Children, company: Path) -> None:
    asked = run_asked("one", currency="EUR")
    assert begin_run(children, company, asked, ALLOWED).done
    found = ended(company, "one")
    assert found.state is State.FAILED
    assert found.outcome["error"] == "RunError"
    assert found.outcome["findings"][0]["code"] == "missing_exchange_rate"
    assert recorded(company) == []


def test_findings_of_a_run_name_no_folder_of_the_server(children: Children, company: Path) -> None:
    (company / "model" / "company.yaml").write_text("nodes: [{id: a, type: nothing}]\n")
    assert begin(children, company, "one").done
    found = ended(company, "one")
    assert found.outcome["error"] == "ModelError"
    assert found.outcome["findings"][0]["file"] == "model/company.yaml"
    assert str(company) not in json.dumps(found.outcome)


def test_one_at_a_time_whichever_server_begins_it(
    children: Children, servers: Callable[[], Server], company: Path, happening: Happening
) -> None:
    server = servers()
    happening.hold_at("write rows")
    assert begin(children, company, "first").done
    happening.reached()
    happening.nothing()
    for refused in (server.begin(company, "second"), begin(children, company, "second").to_dict()):
        (finding,) = refused["findings"]
        assert finding["code"] == "run_under_way"
        assert finding["details"] == {"run_id": "first"}
    waiting = [server.begin(company, "third", "wait"), begin(children, company, "fourth", "wait")]
    assert waiting == [
        {"done": {"run_id": "third"}, "error": "", "findings": [], "total": 0},
        waiting[1],
    ]
    told = {each.run_id: each.state for each in jobs(company)}
    assert told == {"fourth": "queued", "third": "queued", "first": "running"}
    happening.go()
    for run_id in ("first", "third", "fourth"):
        assert ended(company, run_id).state is State.COMPLETED
    assert recorded(company) == ["first", "third", "fourth"]
    nothing_is_left(company)


def test_nobody_takes_a_run_that_begins_for_one_that_died(
    company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class EnoughError(Exception):
        pass

    def meanwhile(folder: Path) -> None:
        """What the process of another run does first, in the moment in which this one moves in."""
        if folder.name == "first":
            subprocess.run([sys.executable, "-c", SWEEP, str(company)], check=True)
            moved_in.append(folder.is_dir())
            raise EnoughError

    moved_in: list[bool] = []
    monkeypatch.setattr("os.chdir", meanwhile)
    monkeypatch.setattr("tempfile.tempdir", None)
    with pytest.raises(EnoughError):
        running.work({"folder": str(company), "run_id": "first"}, print)
    assert moved_in == [True]


def test_only_so_many_wait(children: Children, company: Path, happening: Happening) -> None:
    happening.hold_at("sweep")
    begin(children, company, "first")
    happening.reached()
    happening.nothing()
    names = [f"waiting-{number}" for number in range(WAITERS)]
    assert [begin(children, company, name, "wait").error for name in names] == [""] * WAITERS
    assert only_code(begin(children, company, "last", "wait")) == "too_many_waiting"
    children.stop(0)
    assert {each.state for each in jobs(company)} == {State.ABANDONED}
    # On a busy machine some are killed before they could tidy up: the next run sweeps for them.
    assert begin(Children(), company, "after").done
    assert ended(company, "after").state is State.COMPLETED
    nothing_is_left(company)


@pytest.mark.parametrize("step", ["write rows", "record", LAST])
def test_a_run_whose_child_is_killed_at_a_step_is_abandoned(
    children: Children, company: Path, happening: Happening, step: str
) -> None:
    before = seen(company)
    happening.kill_at(step)
    assert begin(children, company, "first").done
    found = ended(company, "first")
    complete = step == LAST
    assert found.state is (State.COMPLETED if complete else State.ABANDONED)
    assert len(recorded(company)) == complete
    assert complete or seen(company) == before
    happening.nothing()
    if step in ("write rows", "record"):
        until(lambda: "findings" in getattr(job(company, "first"), "outcome", {}))
        told = job(company, "first")
        assert told
        assert told.outcome["findings"][0]["code"] == "crashed_work"
        assert begin(children, company, "second").done
        assert ended(company, "second").state is State.COMPLETED
        assert recorded(company) == ["second"]
        nothing_is_left(company)


def test_a_run_goes_on_when_its_server_is_killed(
    servers: Callable[[], Server], company: Path, happening: Happening
) -> None:
    happening.hold_at("record")
    server = servers()
    assert server.begin(company, "first")["done"]
    happening.reached()
    server.kill()
    found = job(company, "first")
    assert found
    assert found.state is State.RUNNING
    happening.go()
    assert ended(company, "first").state is State.COMPLETED
    assert recorded(company) == ["first"]
    nothing_is_left(company)


def test_a_server_that_stops_leaves_nothing_of_a_run(company: Path, happening: Happening) -> None:
    before = seen(company)
    happening.hold_at("record")
    children = Children()
    assert begin(children, company, "first").done
    child = happening.reached()
    children.stop(0.1)
    assert not is_alive(child)
    found = job(company, "first")
    assert found
    assert found.state is State.ABANDONED
    assert found.outcome["findings"][0]["code"] == "stopped_work"
    assert seen(company) == before
    nothing_is_left(company)


def test_a_server_that_stops_waits_for_a_run_that_ends(company: Path) -> None:
    children = Children()
    assert begin(children, company, "first").done
    children.stop(60)
    found = job(company, "first")
    assert found
    assert found.state is State.COMPLETED


def test_a_run_that_takes_too_long_fails(
    children: Children, company: Path, happening: Happening
) -> None:
    happening.hold_at("record")
    assert begin_run(children, company, run_asked("first"), Allowed(1)).done
    found = ended(company, "first")
    assert found.state is State.FAILED
    assert found.outcome["findings"][0]["code"] == "time_exceeded"
    assert recorded(company) == []
    happening.nothing()
    assert begin(children, company, "second").done
    assert ended(company, "second").state is State.COMPLETED
    nothing_is_left(company)


def test_a_run_beyond_its_memory_is_a_finding(children: Children, company: Path) -> None:
    outcome = begin_run(children, company, run_asked("first"), Allowed(20, 2**30))
    assert outcome.done
    found = ended(company, "first")
    assert found.state is not State.COMPLETED
    assert recorded(company) == []
