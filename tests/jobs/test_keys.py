"""The rules of keys: what is repeated, what is refused, what is forgotten, and who takes over."""

import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import answers
import pytest
from answers import FIRST, NOW, keyed
from begins import ALLOWED, run_asked
from happenings import Happening
from waiting import until

from apportion import LedgerError, UsageError
from apportion.findings import JobError
from apportion.jobs.keys import KEPT, Answer, Keyed, answered_once, fingerprint_of, require_key
from apportion.jobs.processes import Children
from apportion.jobs.runs import begin_run, job
from apportion.jobs.table import State


def ask(folder: Path, asked: Keyed, answer: Answer | None = FIRST, at: datetime = NOW) -> str:
    """Ask, and answer where nobody did before; gives what happened."""
    try:
        with answered_once(folder, asked, at) as claim:
            if claim.first is not None:
                assert claim.first == FIRST
                return "repeated"
            if answer is not None:
                claim.keep(answer)
            return "answered"
    except JobError as error:
        (finding,) = error.findings
        return finding.code


BEFORE = keyed()
TABLE = [
    ("the same", keyed(), "repeated"),
    ("another query or body", keyed(fingerprint="other"), "key_reused"),
    ("another key", keyed("other"), "answered"),
    ("another principal", keyed(principal="bob"), "answered"),
    ("another method", keyed(method="PUT"), "answered"),
    ("another path", keyed(path="/api/v1/ratings"), "answered"),
    ("parts that run together", keyed("bk", principal="ad"), "answered"),
]


@pytest.mark.parametrize(("asked", "expected"), [each[1:] for each in TABLE], ids=lambda each: "")
def test_after_an_answer(tmp_path: Path, asked: Keyed, expected: str) -> None:
    assert ask(tmp_path, BEFORE) == "answered"
    assert ask(tmp_path, asked) == expected


@pytest.mark.parametrize("status", [200, 201, 202, 409, 500])
def test_whatever_was_begun_is_repeated(tmp_path: Path, status: int) -> None:
    first = Answer(status, {"location": "/x"}, b"\x00bytes\xff")
    assert ask(tmp_path, BEFORE, first) == "answered"
    with answered_once(tmp_path, BEFORE, NOW) as claim:
        assert claim.first == first


@pytest.mark.parametrize("fingerprint", ["f", "other"])
def test_what_was_refused_before_it_began_keeps_nothing(tmp_path: Path, fingerprint: str) -> None:
    assert ask(tmp_path, BEFORE, None) == "answered"
    with pytest.raises(ValueError, match="a fault"), answered_once(tmp_path, BEFORE, NOW):
        raise ValueError("a fault")
    assert ask(tmp_path, keyed(fingerprint=fingerprint)) == "answered"


def test_an_answer_is_kept_where_something_fails_after_it(tmp_path: Path) -> None:
    def answer() -> None:
        with answered_once(tmp_path, BEFORE, NOW) as claim:
            claim.keep(FIRST)
            raise ValueError("a fault")

    with pytest.raises(ValueError, match="a fault"):
        answer()
    assert ask(tmp_path, BEFORE) == "repeated"


def test_answers_are_kept_for_a_week(tmp_path: Path) -> None:
    assert ask(tmp_path, BEFORE) == "answered"
    assert ask(tmp_path, BEFORE, at=NOW + KEPT) == "repeated"
    assert ask(tmp_path, keyed(fingerprint="other"), at=NOW + KEPT) == "key_reused"
    later = NOW + KEPT + timedelta(seconds=1)
    assert ask(tmp_path, keyed(fingerprint="other"), at=later) == "answered"
    assert timedelta(hours=24) <= KEPT


def test_while_the_first_is_being_answered(tmp_path: Path) -> None:
    with answered_once(tmp_path, BEFORE, NOW) as claim:
        assert ask(tmp_path, BEFORE) == "key_in_use"
        assert ask(tmp_path, keyed(fingerprint="other")) == "key_reused"
        assert ask(tmp_path, keyed("other")) == "answered"
        claim.keep(FIRST)
    assert ask(tmp_path, BEFORE) == "repeated"
    assert list((tmp_path / "server" / "keys").iterdir()) == []


@pytest.mark.parametrize(
    ("fate", "fingerprint", "expected"),
    [
        ("answers", "f", "repeated"),
        ("killed", "f", "answered"),
        ("killed", "other", "key_reused"),
    ],
)
def test_across_processes(tmp_path: Path, fate: str, fingerprint: str, expected: str) -> None:
    first = subprocess.Popen(
        [sys.executable, answers.__file__, str(tmp_path), "k", "f"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert first.stdin
    assert first.stdout
    assert first.stdout.readline() == b"claimed\n"
    assert ask(tmp_path, BEFORE) == "key_in_use"
    if fate == "killed":
        first.kill()
    else:
        first.stdin.write(b"keep\n")
    first.stdin.close()
    first.stdout.close()
    first.wait()
    assert ask(tmp_path, keyed(fingerprint=fingerprint)) == expected


def test_the_promise_of_an_abandoned_run_is_not_repeated(
    company: Path, children: Children, happening: Happening
) -> None:
    promise = Answer(202, {"location": "/api/v1/runs/first"}, b"{}")
    asked = keyed(promised_run="first")
    happening.hold_at("record")
    with answered_once(company, asked, NOW) as claim:
        assert begin_run(children, company, run_asked("first"), ALLOWED).done
        claim.keep(promise)
    happening.reached()
    again = keyed(promised_run="second")
    with answered_once(company, again, NOW) as claim:
        assert claim.first == promise
    children.stop(0)
    until(lambda: getattr(job(company, "first"), "state", None) is State.ABANDONED)
    with answered_once(company, again, NOW) as claim:
        assert (claim.first, claim.begun_run) == (None, "")


def test_a_run_that_was_begun_before_its_server_was_killed_is_not_begun_twice(
    company: Path, children: Children
) -> None:
    first = subprocess.Popen(
        [sys.executable, answers.__file__, str(company), "k", "f", "first"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert first.stdin
    assert first.stdout
    assert first.stdout.readline() == b"claimed\n"
    assert begin_run(children, company, run_asked("first"), ALLOWED).done
    first.kill()
    first.wait()
    first.stdin.close()
    first.stdout.close()
    with answered_once(company, keyed(promised_run="second"), NOW) as claim:
        assert (claim.first, claim.begun_run) == (None, "first")
        claim.keep(FIRST)
    assert ask(company, keyed(promised_run="third")) == "repeated"


def test_a_table_that_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()
    (tmp_path / "server" / "jobs.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(LedgerError, match="storage_failed"):
        ask(tmp_path, BEFORE)


@pytest.mark.parametrize("key", ["k", "k" * 255, "8e03978e-40d5-43e8-bc93-6894a57f9324", '"q"'])
def test_keys_that_are_taken(key: str) -> None:
    assert require_key(key) == key


@pytest.mark.parametrize("key", ["", "k" * 256, "line\nend", "ключ", "nul\0"])
def test_keys_that_are_refused(key: str) -> None:
    with pytest.raises(UsageError, match="Idempotency-Key"):
        require_key(key)


def test_a_fingerprint_tells_query_and_body_apart() -> None:
    assert len({fingerprint_of("a", "b"), fingerprint_of("b", "a"), fingerprint_of("ab", "")}) == 3
