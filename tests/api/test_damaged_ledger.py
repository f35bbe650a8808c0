"""A server and a command line over a ledger that a disk has changed: told, and never zeros."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from serving import COMMAND

Ask = Callable[..., TestClient]
HARM: dict[str, Callable[[bytes], bytes]] = {
    "short": lambda whole: whole[:-50],
    "zeros": lambda whole: bytes(len(whole)),
    "a part of zeros": lambda whole: whole[:4] + bytes(len(whole) - 12) + whole[-8:],
}


def show_products(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [COMMAND, "show", "products"]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)


def newest(folder: Path, pattern: str) -> Path:
    return max((folder / "ledger" / "allocations").rglob(pattern), key=lambda path: path.name)


@pytest.mark.parametrize("harm", HARM)
def test_a_damaged_file_is_named(
    small: Path, own: Callable[[Path], Path], ask: Ask, harm: str
) -> None:
    folder = own(small)
    path = newest(folder, "*.parquet")
    path.write_bytes(HARM[harm](path.read_bytes()))
    answer = ask(folder).get("/api/v1/products")
    assert answer.status_code == 503
    findings = answer.json()["findings"]
    assert [each["code"] for each in findings] == ["damaged_ledger"]
    assert Path(findings[0]["file"]).name == path.name
    assert str(folder) not in answer.text
    told = show_products(folder)
    assert told.returncode == 1
    assert "[damaged_ledger]" in told.stderr
    assert path.name in "".join(told.stderr.split())


def test_it_is_not_ready_while_a_file_is_damaged(
    small: Path, own: Callable[[Path], Path], ask: Ask
) -> None:
    folder = own(small)
    path = newest(folder, "*.parquet")
    path.write_bytes(path.read_bytes()[:-50])
    answer = ask(folder).get("/api/v1/ready")
    assert answer.status_code == 503
    findings = answer.json()["findings"]
    assert [each["code"] for each in findings] == ["damaged_ledger"]
    assert Path(findings[0]["file"]).name == path.name


def test_a_lost_commit_is_told_and_nothing_is_zero(
    small: Path, own: Callable[[Path], Path], ask: Ask
) -> None:
    folder = own(small)
    client = ask(folder)
    assert client.get("/api/v1/ready").status_code == 200
    newest(folder, "*.json").unlink()
    for question in ("products", "ready"):
        answer = client.get(f"/api/v1/{question}")
        assert answer.status_code == 503
        assert [each["code"] for each in answer.json()["findings"]] == ["damaged_ledger"]
    told = show_products(folder)
    assert told.returncode == 1
    assert told.stdout == ""
    assert "[damaged_ledger]" in told.stderr
