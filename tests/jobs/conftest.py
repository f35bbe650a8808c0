"""Companies with ledgers, and child processes to which something happens at a step of a write."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from happenings import STARTUP, Happening
from ledgers import BILL, USAGE_FILE, write_company

from apportion import Workspace
from apportion.jobs.processes import Children


@pytest.fixture
def happening(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Happening:
    """What happens to child processes: at first nothing."""
    found = [str(STARTUP), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(found))
    place = tmp_path / "held"
    place.mkdir()
    monkeypatch.setenv("HELD_IN", str(place))
    return Happening(monkeypatch, place)


@pytest.fixture
def children() -> Iterator[Children]:
    """The children of this process; none is left at the end."""
    found = Children()
    yield found
    found.stop(0)


@pytest.fixture(scope="session")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A company whose bill and usage are in the ledger."""
    folder = write_company(tmp_path_factory.mktemp("ready") / "company")
    for _, format_name, name, _, source in (BILL, USAGE_FILE):
        Workspace(folder).ingest(format_name, folder / name, source=source)
    return folder


@pytest.fixture
def company(ready: Path, tmp_path: Path) -> Path:
    """A copy of that company."""
    return Path(shutil.copytree(ready, tmp_path / "company"))
