"""Who may import whom: the contracts hold, and each of them bites."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]

# A module, an import that it must not make, and the contract that says so.
PLANTED = [
    ("amounts/split.py", "from apportion import findings", "Data flows one way"),
    ("findings.py", "from apportion import amounts", "Data flows one way"),
    ("amounts/split.py", "from apportion.model import types", "Data flows one way"),
    ("model/types.py", "from apportion.ledger import schemas", "Data flows one way"),
    ("ledger/schemas.py", "from apportion.ingest import formats", "Data flows one way"),
    ("ingest/formats.py", "from apportion.attribution import kernel", "Data flows one way"),
    ("attribution/kernel.py", "import apportion.reconcile", "Data flows one way"),
    ("reconcile/proof.py", "import apportion.report", "Data flows one way"),
    ("report/shown.py", "import apportion.pipeline", "Data flows one way"),
    ("pipeline.py", "import apportion.cli", "Data flows one way"),
    ("elsewhere.py", "import apportion.amounts", "Data flows one way"),
    (
        "reconcile/proof.py",
        "from apportion.attribution import kernel",
        "The proof knows nothing of what it proves",
    ),
    (
        "attribution/kernel.py",
        "from apportion.model import types",
        "The kernel knows arrays, not tables or names",
    ),
    (
        "client/client.py",
        "from apportion.model import types",
        "The client knows findings, and nothing else of the program",
    ),
    ("workspace.py", "import apportion.client", "Data flows one way"),
]
MODULES = (
    "amounts/split.py",
    "client/client.py",
    "findings.py",
    "plugins.py",
    "model/types.py",
    "ledger/schemas.py",
    "ingest/formats.py",
    "rating/charges.py",
    "attribution/kernel.py",
    "engines/local.py",
    "reconcile/proof.py",
    "report/shown.py",
    "result.py",
    "pipeline.py",
    "workspace.py",
    "cli/main.py",
)


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the contracts of the project on the package in a folder."""
    program = "import sys; from importlinter.cli import lint_imports_command as run; run()"
    return subprocess.run(
        [sys.executable, "-c", program, "--no-cache", "--config", str(folder / "pyproject.toml")],
        cwd=folder,
        env={"PYTHONPATH": str(folder / "src"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package of empty modules under the contracts of ours."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name in MODULES:
        module = tmp_path / "src" / "apportion" / name
        module.parent.mkdir(parents=True, exist_ok=True)
        module.touch()
    for folder in (tmp_path / "src" / "apportion").rglob("*"):
        if folder.is_dir():
            (folder / "__init__.py").touch()
    # The public names are the one thing that may know all.
    public = "import apportion.client"
    (tmp_path / "src" / "apportion" / "__init__.py").write_text(f"{public}\n")
    return tmp_path


def test_the_imports_of_the_project_keep_every_contract() -> None:
    answer = lint_imports(ROOT)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert f"{len(CONTRACTS['contracts'])} kept, 0 broken" in answer.stdout


def test_empty_modules_keep_every_contract(package: Path) -> None:
    answer = lint_imports(package)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize(("name", "line", "contract"), PLANTED)
def test_a_contract_breaks_where_it_should(
    package: Path, name: str, line: str, contract: str
) -> None:
    (package / "src" / "apportion" / name).write_text(f"{line}\n")
    answer = lint_imports(package)
    assert answer.returncode == 1
    assert f"{contract} BROKEN" in answer.stdout, answer.stdout + answer.stderr


def test_every_contract_is_shown_to_break() -> None:
    named = {each["name"] for each in CONTRACTS["contracts"]}
    assert named == {contract for _, _, contract in PLANTED}
