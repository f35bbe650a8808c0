"""Code in the documents that asks a server is run against one."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import COMMAND, Served, served

from apportion import Workspace
from apportion.ledger.runs import pinned_versions
from apportion.ledger.schemas import COSTS
from apportion.ledger.store import read

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted((ROOT / "docs").rglob("*.md"))
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SERVER = "http://localhost:8080"


def blocks(document: Path) -> list[str]:
    found = BLOCK.findall(document.read_text(encoding="utf-8"))
    return [text for text in found if SERVER in text]


def name(document: Path) -> str:
    return document.name


WITH_PYTHON = [document for document in DOCUMENTS if blocks(document)]


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the workspace ``acme`` has had its first month."""
    folder = tmp_path_factory.mktemp("documents")
    lines = [
        "init acme",
        "--workspace acme ingest costs acme/data/costs.csv",
        "--workspace acme ingest usage acme/data/usage.csv",
        "--workspace acme run --from 2024-01 --to 2024-01",
    ]
    for line in lines:
        subprocess.run([COMMAND, *line.split()], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def running(acme: Path, tmp_path: Path) -> Iterator[tuple[Path, Served]]:
    """A copy of it, and its server."""
    folder = Path(shutil.copytree(acme, tmp_path / "documents"))
    with served(folder / "acme", tmp_path / "server.log") as server:
        yield folder, server


def run(command: list[str], folder: Path) -> str:
    environment = {**os.environ, "NO_PROXY": "*"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_there_is_something_to_test() -> None:
    assert sum(len(blocks(document)) for document in WITH_PYTHON) >= 4


@pytest.mark.parametrize("document", WITH_PYTHON, ids=name)
def test_its_code_runs(document: Path, running: tuple[Path, Served]) -> None:
    folder, server = running
    for text in blocks(document):
        assert run([sys.executable, "-c", text.replace(SERVER, server.url)], folder).strip()
    # Whoever follows the document counts no bill twice.
    store = Workspace(folder / "acme").store
    costs = read(store, COSTS, pinned_versions(store)["costs"], ["source"])
    assert set(costs["source"].to_pylist()) == {"costs"}
