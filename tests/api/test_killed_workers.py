"""Workers killed while they work: the client repeats its request, and the ledger is right."""

import os
import shutil
import signal
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from happenings import Happening, happening  # noqa: F401 - a fixture
from ledgers import BILL, FILES, USAGE_FILE, left_over, seen, write_company
from waiting import is_alive, until

from apportion import Workspace

CORRECTED = "/api/v1/ingest/costs?file=corrected.csv&source=cloud&period=2024-01"
RUNS = "/api/v1/runs"
DAYS = {"start_date": "2024-01-01", "end_date": "2024-01-02"}
KEY = {"Idempotency-Key": "8e03978e-40d5-43e8-bc93-6894a57f9324"}
BODY = "\n".join(FILES["corrected.csv"]).encode()
Serve = Callable[..., Any]


@pytest.fixture
def company(tmp_path: Path) -> Path:
    """A company whose bill and usage are in the ledger."""
    folder = write_company(tmp_path / "company")
    for _, format_name, name, _, source in (BILL, USAGE_FILE):
        Workspace(folder).ingest(format_name, folder / name, source=source)
    return folder


def parent_of(process: int) -> int:
    told = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    return int(told.rpartition(")")[2].split()[1])


def again(url: str, path: str, **asked: Any) -> httpx.Response:
    """Ask until a worker answers that is not the one that was killed."""
    found: list[httpx.Response] = []

    def answered() -> bool:
        try:
            found.append(httpx.post(f"{url}{path}", headers=KEY, timeout=1800, **asked))
        except httpx.TransportError:
            return False
        return True

    until(answered)
    return found[-1]


def test_an_ingest_whose_worker_is_killed_is_repeated(
    company: Path,
    tmp_path: Path,
    serve: Serve,
    happening: Happening,  # noqa: F811
) -> None:
    before = seen(company)
    plainly = Path(shutil.copytree(company, tmp_path / "plainly"))
    days = (date(2024, 1, 1), date(2024, 1, 31))
    Workspace(plainly).ingest("costs", plainly / "corrected.csv", source="cloud", period=days)
    happening.hold_at("record")
    with serve(company, "--workers", "2") as running:
        broken: list[Exception] = []

        def send() -> None:
            try:
                httpx.post(f"{running.url}{CORRECTED}", headers=KEY, content=BODY, timeout=1800)
            except httpx.TransportError as error:
                broken.append(error)

        sender = threading.Thread(target=send)
        sender.start()
        child = happening.reached()
        busy = again(running.url, CORRECTED, content=BODY)
        assert (busy.status_code, busy.json()["findings"][0]["code"]) == (409, "key_in_use")
        os.kill(parent_of(child), signal.SIGKILL)
        sender.join()
        assert broken
        until(lambda: not is_alive(child))
        assert seen(company) == before
        happening.go()
        other = again(running.url, CORRECTED, content=BODY + b"\n")
        assert (other.status_code, other.json()["findings"][0]["code"]) == (422, "key_reused")
        first = again(running.url, CORRECTED, content=BODY)
        assert (first.status_code, "Idempotent-Replayed" in first.headers) == (201, False)
        second = again(running.url, CORRECTED, content=BODY)
        assert (second.status_code, second.content) == (201, first.content)
        assert second.headers["Idempotent-Replayed"] == "true"
        assert len(running.workers()) == 2
    assert seen(company) == seen(plainly)
    assert list((company / "server" / "uploads").glob("*/")) == []


def test_a_run_whose_worker_is_killed_goes_on(
    company: Path,
    tmp_path: Path,
    serve: Serve,
    happening: Happening,  # noqa: F811
) -> None:
    plainly = Path(shutil.copytree(company, tmp_path / "plainly"))
    Workspace(plainly).run(date(2024, 1, 1), date(2024, 1, 2))
    happening.hold_at("record")
    with serve(company, "--workers", "2") as running:
        first = again(running.url, RUNS, json=DAYS)
        child = happening.reached()
        os.kill(parent_of(child), signal.SIGKILL)
        second = again(running.url, RUNS, json=DAYS)
        assert (second.status_code, second.content) == (202, first.content)
        happening.go()
        path = f"{running.url}{first.headers['Location']}"
        until(lambda: httpx.get(path, timeout=1800).json()["state"] == "completed")
    assert seen(company) == seen(plainly)
    until(lambda: list((company / "server" / "runs").iterdir()) == [])
    assert left_over(company) == []


def test_a_run_whose_worker_and_child_are_killed_is_begun_anew(
    company: Path,
    tmp_path: Path,
    serve: Serve,
    happening: Happening,  # noqa: F811
) -> None:
    plainly = Path(shutil.copytree(company, tmp_path / "plainly"))
    Workspace(plainly).run(date(2024, 1, 1), date(2024, 1, 2))
    happening.hold_at("record")
    with serve(company, "--workers", "2") as running:
        first = again(running.url, RUNS, json=DAYS)
        child = happening.reached()
        os.kill(parent_of(child), signal.SIGKILL)
        os.kill(child, signal.SIGKILL)
        path = f"{running.url}{first.headers['Location']}"

        def state() -> str:
            try:
                return str(httpx.get(path, timeout=1800).json()["state"])
            except httpx.TransportError:
                return ""

        until(lambda: state() == "abandoned")
        happening.go()
        second = again(running.url, RUNS, json=DAYS)
        assert second.json()["run_id"] != first.json()["run_id"]
        path = f"{running.url}{second.headers['Location']}"
        until(lambda: state() == "completed")
    assert seen(company) == seen(plainly)
    assert left_over(company) == []
