"""A workspace in a repository that was there before, and the pipeline that the documents show."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
COMMAND = Path(sys.executable).with_name("apportion")


def typed(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *words], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "--quiet", "."], cwd=tmp_path, check=True)
    (tmp_path / "README.md").write_text("Ours.\n")
    (tmp_path / ".gitignore").write_text("node_modules")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.c").write_text("int main;\n")
    return tmp_path


def test_init_writes_beside_what_is_there(repository: Path) -> None:
    done = typed(repository, "init", ".")
    assert done.returncode == 0, done.stderr
    assert (repository / "README.md").read_text() == "Ours.\n"
    assert (repository / ".gitignore").read_text().splitlines() == [
        "node_modules",
        "# Written by apportion: the ledger, and what its server keeps.",
        "/ledger/",
        "/server/",
    ]
    assert typed(repository, "validate").returncode == 0
    assert typed(repository, "ingest", "costs", "data/costs.csv").returncode == 0
    status = ["git", "status", "--porcelain", "--untracked-files=all"]
    new = subprocess.run(status, cwd=repository, capture_output=True, text=True, check=True).stdout
    assert "model/company.yaml" in new
    assert "ledger" not in new


@pytest.mark.parametrize("taken", ["apportion.yaml", "model/theirs.yaml", "data/costs.csv"])
def test_init_writes_over_nothing(repository: Path, taken: str) -> None:
    (repository / taken).parent.mkdir(exist_ok=True)
    (repository / taken).write_text("theirs: true\n")
    before = sorted(repository.rglob("*"))
    done = typed(repository, "init", ".")
    assert done.returncode == 2
    assert taken.split("theirs", maxsplit=1)[0] in done.stderr
    assert sorted(repository.rglob("*")) == before
    assert (repository / taken).read_text() == "theirs: true\n"


def test_each_yaml_file_names_the_schema_that_lies_there(repository: Path) -> None:
    typed(repository, "init", ".")
    files = [repository / "apportion.yaml", *repository.glob("model/*"), *repository.glob("ex*/*")]
    assert len(files) == 3
    for file in files:
        first = file.read_text().splitlines()[0]
        (named,) = re.findall(r"^# yaml-language-server: \$schema=(\S+)$", first)
        kind = "examples" if file.parent.name == "examples" else "model"
        assert (file.parent / named).resolve() == repository / "schema" / f"{kind}.json"
        said = typed(repository, "schema", kind).stdout
        # To write it anew, as the guide says, shows no change in git.
        assert (file.parent / named).read_text() == said


def pipeline() -> list[str]:
    """The commands of the workflow in the documents, but for the installation."""
    text = (ROOT / "docs/how-to/review-a-model-in-git.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    steps = yaml.safe_load(block)["jobs"]["model"]["steps"]
    commands = [step["run"] for step in steps if "run" in step]
    assert commands.pop(0) == "python -m pip install apportion"
    return commands


def carried_out(repository: Path) -> tuple[int, str]:
    environment = {**os.environ, "PATH": f"{COMMAND.parent}{os.pathsep}{os.environ['PATH']}"}
    script = "\n".join(["set -e", *pipeline()])
    done = subprocess.run(
        ["bash", "-c", script], cwd=repository, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


def test_the_pipeline_passes_what_is_right_and_stops_at_what_is_wrong(repository: Path) -> None:
    typed(repository, "init", ".")
    assert len(pipeline()) == 2
    assert carried_out(repository)[0] == 0
    model = repository / "model/company.yaml"
    right = model.read_text()
    model.write_text(right.replace("source: servers", "source: serverz", 1))
    status, said = carried_out(repository)
    assert status == 1
    assert re.search(
        r"^::error title=unknown_node,file=model/company.yaml,line=\d+,col=\d+::", said
    )
    model.write_text(right.replace("percent: 10", "percent: 11", 1))
    assert carried_out(repository)[0] == 1
