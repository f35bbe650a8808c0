"""What the Delta library says on standard error while it gives up; all else passes unchanged."""

import os
import threading
from pathlib import Path

import pytest

from apportion.ledger.disk import changing

PANIC = (
    b"\nthread 'tokio-rt-worker' (4711) panicked at somewhere/buffered.rs:369:41:\n"
    b"Already shut down\n"
)
NOTES = (
    b"note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n",
    b"stack backtrace:\n   0: begin\n             at ./main.rs:1:2\nnote: Some are omitted.\n",
    b"",
)


@pytest.mark.parametrize("note", NOTES, ids=["asks for a backtrace", "backtrace", "second panic"])
def test_a_panic_is_left_out_and_all_else_is_kept(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, note: bytes
) -> None:
    with changing(tmp_path, "write"):
        os.write(2, b"before\n")
        os.write(2, PANIC)
        os.write(2, note)
        os.write(2, b"after\n")
    os.write(2, b"later\n")
    assert capfd.readouterr().err == "before\nafter\nlater\n"


def test_output_is_passed_on_while_the_library_writes(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A part of a line too, as a bar of progress is one."""
    told = ""
    with changing(tmp_path, "write"):
        os.write(2, b"\rhalf done")
        for _ in range(1000):
            told += capfd.readouterr().err
            if told:
                break
            threading.Event().wait(0.01)
    assert told == "\rhalf done"


def test_writers_at_once_lose_nothing(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    before = len(list(Path("/dev/fd").iterdir()))

    def write(name: int) -> None:
        for number in range(50):
            with changing(tmp_path, "write"):
                os.write(2, PANIC)
                os.write(2, f"{name} {number}\n".encode())

    writers = [threading.Thread(target=write, args=(name,)) for name in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    told = capfd.readouterr().err.splitlines()
    assert sorted(told) == sorted(f"{name} {number}" for name in range(8) for number in range(50))
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_a_process_without_standard_error_writes_all_the_same(tmp_path: Path) -> None:
    kept = os.dup(2)
    os.close(2)
    try:
        with changing(tmp_path, "write"):
            (tmp_path / "written").touch()
    finally:
        os.dup2(kept, 2)
        os.close(kept)
    assert (tmp_path / "written").exists()
