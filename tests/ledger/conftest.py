"""A company whose ledger holds a bill, usage and a run."""

import shutil
from pathlib import Path

import pytest
from ledgers import write_company

from apportion import Workspace


@pytest.fixture(scope="session")
def _ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_company(tmp_path_factory.mktemp("ready") / "company")
    workspace = Workspace(folder)
    workspace.ingest("costs", folder / "bill.csv", source="cloud")
    workspace.ingest("usage", folder / "usage.csv", source="monitor")
    return folder


@pytest.fixture
def company(tmp_path: Path, _ready: Path) -> Path:
    """A copy of it that a test may change."""
    return Path(shutil.copytree(_ready, tmp_path / "company"))
