"""Companies with ledgers, and child processes to which something happens at a step of a write."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from happenings import happening  # noqa: F401 - a fixture
from ledgers import BILL, USAGE_FILE, write_company

from apportion import Workspace
from apportion.jobs.processes import Children


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
