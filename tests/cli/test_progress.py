"""What is said of work under way: on a terminal, from the first half second, and never off one."""

import io
import time
from types import SimpleNamespace

import pytest

from apportion.cli import progress as bars


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    stream = Terminal()
    monkeypatch.setattr(bars, "sys", SimpleNamespace(stderr=stream))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(bars, "QUIET_SECONDS", 0.01)
    return stream


def shown(stream: Terminal, text: str) -> bool:
    """Wait for the drawing, which is done beside the work; the limit only ends a hang."""
    until = time.monotonic() + 120
    while text not in stream.getvalue() and time.monotonic() < until:
        time.sleep(0.02)
    return text in stream.getvalue()


def test_each_stage_is_told_and_how_many_there_are(terminal: Terminal) -> None:
    with bars.progress(bars.RUN) as bar:
        assert shown(terminal, "Reading costs and usage (1 of 4)")
        bar.step("claim")
        bar.step("write rows")
        assert shown(terminal, "Attributing, day by day (2 of 4)")
        bar(50, 200)
        assert shown(terminal, "25%")
        bar.step("read back")
        assert shown(terminal, "Proving what was written (3 of 4)")


def test_work_that_is_one_long_call_is_told_too(terminal: Terminal) -> None:
    with bars.progress(bars.PROOF):
        assert shown(terminal, "Proving the results anew")


def test_quick_work_says_nothing(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bars, "QUIET_SECONDS", 3600.0)
    with bars.progress(bars.INGEST) as bar:
        bar.step("write")
    assert terminal.getvalue() == ""


def test_off_a_terminal_nothing_is_said(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal, "isatty", lambda: False)
    with bars.progress(bars.INGEST) as bar:
        bar.step("write")
        time.sleep(0.1)
    assert terminal.getvalue() == ""
