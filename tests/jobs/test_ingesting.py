"""Files brought in by child processes: whatever breaks there, the ledger and the server stay."""

import gzip
import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import begins
import pytest
from begins import ALLOWED, bring
from happenings import Happening
from ledgers import FILES, seen
from waiting import is_alive, until

from apportion import UsageError, Workspace
from apportion.findings import JobError
from apportion.jobs.ingesting import Said, ingest, upload_into
from apportion.jobs.outcomes import INTERNAL, Outcome
from apportion.jobs.processes import Allowed, Children
from apportion.jobs.uploads import private_folder
from apportion.report.ingested import as_data


def send(
    children: Children,
    folder: Path,
    name: str,
    content: bytes,
    format_name: str = "costs",
    allowed: Allowed = ALLOWED,
    **cost: int,
) -> Outcome:
    """Send a file as a client does."""
    with private_folder(folder) as private:
        upload = upload_into(private, name)
        upload.path_of(name).write_bytes(content)
        return ingest(children, folder, upload, Said(format_name, "cloud"), cost, allowed)


def only(outcome: Outcome) -> dict[str, object]:
    """The one finding of an outcome."""
    assert outcome.done is None
    (found,) = outcome.findings
    return found


def test_it_is_as_the_command_line_has_it(children: Children, company: Path, ready: Path) -> None:
    outcome = bring(children, company)
    plain = shutil.copytree(ready, company.parent / "plain")
    days = (begins.date(2024, 1, 1), begins.date(2024, 1, 31))
    file = plain / "corrected.csv"
    known = Workspace(plain).ingest("costs", file, source="cloud", period=days)
    expected = json.loads(json.dumps(as_data(known.report, known.recorded, known.days)))
    assert outcome.error == ""
    assert outcome.done is not None
    assert outcome.done["files"][0]["file"] == "corrected.csv"
    expected["files"][0]["file"] = "corrected.csv"
    assert {**outcome.done, "ingest_id": ""} == {**expected, "ingest_id": ""}
    assert seen(company) == seen(plain)
    assert list((company / "server" / "uploads").glob("*/")) == []


def test_the_same_content_again_changes_nothing(children: Children, company: Path) -> None:
    first, second = bring(children, company), bring(children, company)
    assert first.done is not None
    assert second.done is not None
    assert (first.done["changed"], second.done["changed"]) == (True, False)


def test_the_source_is_guessed_by_the_senders_name(children: Children, company: Path) -> None:
    outcome = bring(children, company, "second.csv", source=None)
    assert outcome.done is not None
    assert outcome.done["source"] == "second"
    assert outcome.done["source_is_a_guess"]


def test_findings_name_the_file_as_its_sender_did(children: Children, company: Path) -> None:
    lines = FILES["bill.csv"][:2]
    bad = "\n".join([*lines, "database,2024-13-01,compute,1,USD"]).encode()
    before = seen(company)
    outcome = send(children, company, "bill of (January).csv", bad)
    found = outcome.findings[0]
    assert outcome.error == "IngestError"
    assert (found["file"], found["line"], found["column"]) == ("bill of (January).csv", 3, 2)
    assert str(company) not in json.dumps(outcome.to_dict())
    assert seen(company) == before


def test_a_file_is_never_taken_for_a_module(
    children: Children, company: Path, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    content = f"open({str(mark)!r}, 'w')".encode()
    assert send(children, company, "duckdb.py", content).error == "IngestError"
    assert not mark.exists()


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", ".hidden", "../up.csv", "a/b.csv", "a\\b.csv", "a\0b.csv", "a\nb.csv", "-o",
     "a" * 201, "ü" * 101, "<b>.csv", "'; --.csv", "$(x).csv", "a:b"],
)  # fmt: skip
def test_a_name_that_could_mean_something_is_refused(tmp_path: Path, name: str) -> None:
    with private_folder(tmp_path) as private, pytest.raises(UsageError) as refused:
        upload_into(private, name)
    assert refused.value.findings[0].code == "invalid_argument"


@pytest.mark.parametrize("step", ["record", "unlock"])
def test_a_child_killed_at_a_step_is_a_finding(
    children: Children, company: Path, happening: Happening, step: str
) -> None:
    before = seen(company)
    happening.kill_at(step)
    found = only(bring(children, company))
    assert (found["code"], found["file"]) == ("crashed_work", "corrected.csv")
    assert "SIGKILL" in str(found["message"])
    recorded = step == "unlock"
    assert (seen(company) == before) != recorded
    happening.nothing()
    again = bring(children, company)
    assert again.done is not None
    assert again.done["changed"] != recorded
    assert len(seen(company).ingests) == len(before.ingests) + 1


@pytest.mark.parametrize(
    ("format_name", "code", "word"),
    [
        ("aborting", "crashed_work", "SIGABRT"),
        ("damaging", "crashed_work", "SIGSEGV"),
        ("greedy", "memory_exceeded", "memory"),
        ("greedy_inside", "memory_exceeded", "memory"),
        ("hanging", "time_exceeded", "1 seconds"),
    ],
)
def test_what_breaks_in_a_reader_is_a_finding(
    children: Children, company: Path, happening: Happening, format_name: str, code: str, word: str
) -> None:
    before = seen(company)
    allowed = Allowed(1 if format_name == "hanging" else 1800, 3 * 2**30)
    outcome = send(children, company, "bill.csv", b"node\n", format_name, allowed)
    found = only(outcome)
    assert (outcome.error, found["code"], found["file"]) == ("JobError", code, "bill.csv")
    assert word in str(found["message"])
    assert seen(company) == before
    assert bring(children, company).error == ""


def test_a_fault_of_the_program_is_told_to_the_log_alone(
    children: Children, company: Path, happening: Happening, caplog: pytest.LogCaptureFixture
) -> None:
    outcome = send(children, company, "bill.csv", b"node\n", "mistaken")
    assert outcome == Outcome(None, INTERNAL)
    assert "RuntimeError: a fault while reading" in caplog.text


def test_what_a_library_prints_is_no_answer(
    children: Children, company: Path, happening: Happening
) -> None:
    found = only(send(children, company, "bill.csv", b"node\n", "talkative"))
    assert found["message"] == "bill.csv is not nice."


def test_a_bomb_is_refused_before_it_goes_off(children: Children, company: Path) -> None:
    bomb = gzip.compress(b"\n".join(line.encode() for line in FILES["bill.csv"]) + bytes(2**28))
    found = only(send(children, company, "bill.csv.gz", bomb))
    assert found["code"] == "unsafe_file"
    found = only(send(children, company, "bill.csv.gz", bomb, bytes_out=2**20, ratio=10**9))
    assert (found["code"], "1,048,576 bytes" in str(found["message"])) == ("unsafe_file", True)


def test_a_child_ends_with_its_server_and_what_they_left_goes(
    children: Children, company: Path, happening: Happening
) -> None:
    before = seen(company)
    happening.hold_at("record")
    server = subprocess.Popen(
        [sys.executable, begins.__file__], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    assert server.stdin
    server.stdin.write(json.dumps(["ingest", str(company)]).encode() + b"\n")
    server.stdin.flush()
    child = happening.reached()
    assert len(list((company / "server" / "uploads").glob("*/"))) == 1
    server.kill()
    server.wait()
    server.stdin.close()
    until(lambda: not is_alive(child))
    assert seen(company) == before
    happening.nothing()
    assert bring(children, company).done is not None
    assert list((company / "server" / "uploads").glob("*/")) == []
    assert len(seen(company).ingests) == len(before.ingests) + 1


def test_a_server_that_stops_ends_what_is_under_way(company: Path, happening: Happening) -> None:
    before = seen(company)
    happening.hold_at("record")
    children = Children()
    outcomes: list[Outcome] = []
    sender = threading.Thread(target=lambda: outcomes.append(bring(children, company)))
    sender.start()
    child = happening.reached()
    children.stop(0.2)
    sender.join()
    assert only(outcomes[0])["code"] == "stopped_work"
    assert not is_alive(child)
    assert seen(company) == before
    with pytest.raises(JobError, match="stopped_work"):
        bring(children, company)


def test_private_folders_of_the_living_are_left_alone(tmp_path: Path) -> None:
    with private_folder(tmp_path) as first:
        (first / "file").touch()
        with private_folder(tmp_path) as second:
            assert first != second
            assert (first / "file").exists()
            assert second.stat().st_mode & 0o077 == 0
    assert list((tmp_path / "server" / "uploads").glob("*/")) == []
