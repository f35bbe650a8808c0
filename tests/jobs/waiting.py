"""Waiting for what other processes do."""

import time
from collections.abc import Callable
from pathlib import Path

PATIENCE = 1800.0
"""Seconds after which only a hang is left to explain it, on whatever machine."""


def until(holds: Callable[[], object]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.01)


def is_alive(process: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        told = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    return told.rpartition(")")[2].split()[0] != "Z"
