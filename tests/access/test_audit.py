"""The audit log: one whole line for each event, whoever writes, whatever stands in it."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from apportion.access import LOCAL, Kind, Principal, Role
from apportion.access.audit import (
    LONGEST,
    LONGEST_OF_STRANGERS,
    Entry,
    Event,
    append_entry,
    audit_file,
    line_of,
)

NOW = datetime(2026, 1, 31, 12, 0, 0, 5, tzinfo=UTC)
HOSTILE = 'a\r\nb\x00c\x1b[31m\u2028d\u0085e"f\\g\ud800h\U0001f4a9'
ME = Principal("nightly", Role.ANALYST, None, Kind.TOKEN, "0123456789ab")
WRITE = Entry(
    NOW, Event.WRITE_BEGUN, ME, "r1", "POST", "/api/v1/runs", 202, "192.0.2.1", "key", "why"
)


def read(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text(encoding="ascii").splitlines()]


def test_a_line_says_who_did_what(tmp_path: Path) -> None:
    file = audit_file(tmp_path)
    append_entry(file, WRITE)
    append_entry(file, Entry(NOW, Event.DENIED, None, reason="no token has this id"))
    append_entry(file, Entry(NOW, Event.WRITE_ENDED, LOCAL))
    assert read(file) == [
        {
            "time": "2026-01-31T12:00:00.000005+00:00",
            "event": "write_begun",
            "request_id": "r1",
            "principal": "nightly",
            "kind": "token",
            "token_id": "0123456789ab",
            "role": "analyst",
            "method": "POST",
            "path": "/api/v1/runs",
            "status": 202,
            "client": "192.0.2.1",
            "idempotency_key": "key",
            "reason": "why",
        },
        {
            "time": "2026-01-31T12:00:00.000005+00:00",
            "event": "denied",
            "principal": None,
            "reason": "no token has this id",
        },
        {
            "time": "2026-01-31T12:00:00.000005+00:00",
            "event": "write_ended",
            "principal": "local",
            "kind": "local",
            "role": "admin",
        },
    ]
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_whatever_stands_in_a_name_stays_in_one_line_and_comes_back(tmp_path: Path) -> None:
    who = Principal(HOSTILE, Role.VIEWER, None, Kind.OIDC, HOSTILE)
    texts = dict.fromkeys(
        ("request_id", "method", "path", "client", "idempotency_key", "reason"), HOSTILE
    )
    append_entry(audit_file(tmp_path), Entry(NOW, Event.DENIED, who, **texts))
    data = audit_file(tmp_path).read_bytes()
    assert data.count(b"\n") == 1
    assert all(0x20 <= byte < 0x7F for byte in data[:-1])
    (line,) = read(audit_file(tmp_path))
    assert {line[key] for key in (*texts, "principal", "token_id")} == {HOSTILE}


def test_a_long_value_is_cut() -> None:
    line = json.loads(line_of(Entry(NOW, Event.DENIED, ME, path="/" + "x" * 100_000)))
    assert line["path"] == "/" + "x" * (LONGEST - 1) + "..."


def test_a_stranger_cannot_write_much() -> None:
    told = Entry(NOW, Event.DENIED, None, path="/" + "x" * 10**6, idempotency_key="y" * 255)
    line = line_of(told)
    assert len(line) < 1_000
    assert json.loads(line)["path"] == "/" + "x" * (LONGEST_OF_STRANGERS - 1) + "..."


@pytest.mark.parametrize(
    "secret",
    [
        f"apportion_0123456789ab_{'s3cret-_' * 5}abc",
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZSJ9.s3cret-_s3cret",
    ],
)
def test_what_looks_like_a_secret_is_taken_out(secret: str) -> None:
    entry = Entry(
        NOW,
        Event.DENIED,
        Principal(f"me {secret}", Role.VIEWER, None, Kind.OIDC, secret),
        path=f"/api/v1/{secret}/x",
        idempotency_key=secret,
        reason=f"{secret} is wrong",
    )
    assert "s3cret" not in line_of(entry)
    assert "is wrong" in line_of(entry)


def test_lines_of_several_processes_stay_whole(tmp_path: Path) -> None:
    code = (
        "import sys; from datetime import *; from pathlib import Path;"
        "from apportion.access.audit import *;"
        "[append_entry(Path(sys.argv[1]), Entry(datetime.now(UTC), Event.DENIED, None,"
        " request_id=f'{sys.argv[2]}-{n}', path='/' + 'x' * 900)) for n in range(200)]"
    )
    file = audit_file(tmp_path)
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(file), str(each)]) for each in range(4)
    ]
    assert [process.wait() for process in started] == [0] * 4
    assert sorted(str(line["request_id"]) for line in read(file)) == sorted(
        f"{each}-{n}" for each in range(4) for n in range(200)
    )


def test_a_file_that_was_moved_away_is_made_anew(tmp_path: Path) -> None:
    file = audit_file(tmp_path)
    append_entry(file, WRITE)
    old = file.rename(file.with_suffix(".1"))
    append_entry(file, WRITE)
    assert len(read(old)) == len(read(file)) == 1


def test_a_file_that_was_copied_and_truncated_goes_on_from_its_start(tmp_path: Path) -> None:
    file = audit_file(tmp_path)
    append_entry(file, WRITE)
    file.open("w").close()
    append_entry(file, WRITE)
    assert len(read(file)) == 1


def test_a_log_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    audit_file(tmp_path).mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        append_entry(audit_file(tmp_path), WRITE)


def test_a_line_that_a_full_disk_broke_off_spoils_no_other(tmp_path: Path) -> None:
    file = audit_file(tmp_path)
    append_entry(file, WRITE)
    whole = file.read_bytes()
    with file.open("ab") as log:
        log.write(whole[:20])
    append_entry(file, WRITE)
    append_entry(file, WRITE)
    assert file.read_bytes() == whole + whole[:20] + b"\n" + whole * 2
