"""Command lines run in this process, what they say, and workspaces to run them in."""

import io
import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from apportion.cli import main

WIDTH = "100"


@dataclass(frozen=True)
class Answer:
    """What a command line said, in the order in which it was said, and its exit status."""

    status: int
    said: tuple[tuple[str, str], ...]

    @property
    def out(self) -> str:
        return "".join(text for stream, text in self.said if stream == "out")

    @property
    def err(self) -> str:
        return "".join(text for stream, text in self.said if stream == "err")


class Recorder(io.RawIOBase):
    """A stream that notes what is written to it together with its name."""

    def __init__(self, name: str, said: list[tuple[str, bytes]]) -> None:
        self.stream, self.said = name, said

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:
        self.said.append((self.stream, bytes(data)))
        return len(data)


@contextmanager
def recorded(encoding: str) -> Iterator[list[tuple[str, bytes]]]:
    said: list[tuple[str, bytes]] = []
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (
        io.TextIOWrapper(Recorder(name, said), encoding=encoding, newline="", write_through=True)
        for name in ("out", "err")
    )
    try:
        yield said
    finally:
        sys.stdout, sys.stderr = before


def run_command(*arguments: str, encoding: str = "utf-8") -> Answer:
    """Run ``apportion`` with arguments in the current folder."""
    status = 0
    with recorded(encoding) as said:
        try:
            main(list(arguments))
        except SystemExit as ending:
            status = ending.code if isinstance(ending.code, int) else 1
        finally:
            logging.getLogger("apportion").handlers = []
    return Answer(status, tuple((name, data.decode(encoding)) for name, data in said))


@pytest.fixture
def apportion(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    """The command line, in a window of known width without colour."""
    monkeypatch.setenv("COLUMNS", WIDTH)
    monkeypatch.setenv("NO_COLOR", "1")
    for name in ("FORCE_COLOR", "TERM_PROGRAM"):
        monkeypatch.delenv(name, raising=False)
    return run_command


def _made(folder: Path, *lines: str) -> Path:
    before = Path.cwd()
    os.chdir(folder)
    try:
        for line in lines:
            answer = run_command(*line.split())
            assert answer.status == 0, answer.err
    finally:
        os.chdir(before)
    return folder


@pytest.fixture(scope="session")
def _new(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("new")
    return _made(folder, "init acme") / "acme"


@pytest.fixture(scope="session")
def _ready(tmp_path_factory: pytest.TempPathFactory, _new: Path) -> Path:
    folder = tmp_path_factory.mktemp("ready") / "acme"
    shutil.copytree(_new, folder)
    return _made(
        folder,
        "ingest costs data/costs.csv",
        "ingest usage data/usage.csv",
        "run --from 2024-01 --to 2024-01",
    )


@pytest.fixture(scope="session")
def _billed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("billed") / "acme"
    shutil.copytree(Path(__file__).parent / "billed", folder)
    return _made(
        folder,
        "ingest billable data/usage.csv",
        "ingest costs data/costs.csv",
        "run --from 2023-04 --to 2024-03",
    )


@pytest.fixture
def enter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Callable[[str], Path]:
    """Go to a copy of a workspace.

    ``new`` is as init writes it, ``ready`` has a run of January, ``billed`` has rated usage.
    """

    def go(state: str) -> Path:
        folder = tmp_path / "acme"
        shutil.copytree(request.getfixturevalue(f"_{state}"), folder)
        monkeypatch.chdir(folder)
        return folder

    return go


@pytest.fixture
def acme(enter: Callable[[str], Path]) -> Path:
    """A workspace with a run of January, in which commands run."""
    return enter("ready")


@pytest.fixture(scope="session")
def command_paths() -> list[tuple[str, ...]]:
    """Every command, as the words that call it."""
    import typer

    from apportion.cli.app import app

    def walk(command: object, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        for name, inner in getattr(command, "commands", {}).items():
            if hasattr(inner, "commands"):
                yield from walk(inner, (*path, name))
            else:
                yield (*path, name)

    found = list(walk(typer.main.get_command(app), ()))
    assert len(found) >= 15
    return found
