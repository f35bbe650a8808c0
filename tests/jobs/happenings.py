"""What happens to the child processes of a server, at a step of a write."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from waiting import until

STARTUP = Path(__file__).parent / "startup"


@dataclass(frozen=True)
class Happening:
    """What happens to every child process that is started from now on."""

    monkeypatch: pytest.MonkeyPatch
    place: Path

    def kill_at(self, step: str) -> None:
        """It is killed when it reaches a step."""
        self._set("kill", step)

    def hold_at(self, step: str) -> None:
        """It waits at a step until it is let go."""
        self._set("hold", step)

    def nothing(self) -> None:
        """It is left alone."""
        self.monkeypatch.delenv("AT_STEP")

    def _set(self, what: str, step: str) -> None:
        self.monkeypatch.setenv("HAPPENS", what)
        self.monkeypatch.setenv("AT_STEP", step)

    def reached(self) -> int:
        """The process that waits at the step, once it is there."""
        until((self.place / "reached").exists)
        until(lambda: (self.place / "reached").read_text() != "")
        return int((self.place / "reached").read_text())

    def go(self) -> None:
        """Let it go on."""
        (self.place / "go").touch()


@pytest.fixture
def happening(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Happening:
    """What happens to child processes: at first nothing."""
    found = [str(STARTUP), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(found))
    place = tmp_path / "held"
    place.mkdir()
    monkeypatch.setenv("HELD_IN", str(place))
    return Happening(monkeypatch, place)
