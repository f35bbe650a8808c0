"""A workspace in a repository that was there before, and the pipeline that the documents show."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import apportion

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


GUIDE = (ROOT / "docs/how-to/review-a-model-in-git.md").read_text(encoding="utf-8")
PROGRAM = "APPORTION"


def workflow() -> dict[str, Any]:
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    found: dict[str, Any] = yaml.safe_load(block)
    return found


def pipeline() -> list[str]:
    """The commands of the workflow in the documents, but for the installation."""
    commands = [step["run"] for step in workflow()["jobs"]["model"]["steps"] if "run" in step]
    assert commands.pop(0) == f"python -m pip install ${PROGRAM}"
    return commands


def test_the_pipeline_installs_the_program_from_wherever_it_is(tmp_path: Path) -> None:
    """It is in no public index, so the file says at its top what pip takes."""
    _head, *given = re.findall(r"^\| [^|]+ \| `([^`]+)` \|$", GUIDE, re.MULTILINE)
    assert workflow()["env"][PROGRAM] == given[0]
    assert len(given) == 4
    install = workflow()["jobs"]["model"]["steps"][2]["run"]
    assert "pip" in install
    stub = tmp_path / "python"
    stub.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    stub.chmod(0o755)
    for value in given:
        environment = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", PROGRAM: value}
        done = subprocess.run(
            ["bash", "-c", install], env=environment, capture_output=True, text=True, check=True
        )
        assert done.stdout.split("\n")[:-1] == ["-m", "pip", "install", *value.split()]


def test_the_pipeline_names_the_version_that_there_is() -> None:
    assert f"apportion-{apportion.__version__}-py3-none-any.whl" in workflow()["env"][PROGRAM]


def test_a_workspace_below_the_root_is_annotated_from_the_root(repository: Path) -> None:
    typed(repository, "init", "costs")
    model = repository / "costs" / "model" / "company.yaml"
    model.write_text(model.read_text().replace("source: servers", "source: serverz", 1))
    inside = typed(repository / "costs", "validate", "--format", "github")
    outside = typed(repository, "--workspace", "costs", "validate", "--format", "github")
    assert inside.returncode == 1
    assert ",file=costs/model/company.yaml,line=" in inside.stdout
    assert outside.stdout == inside.stdout
    log = json.loads(typed(repository / "costs", "validate", "--format", "sarif").stdout)
    (result,) = log["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": "costs/model/company.yaml"}


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
