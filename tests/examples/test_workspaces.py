"""The workspaces in ``examples/``: what their READMEs say can be typed, and comes out so."""

import logging
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from by_oracle import judge

from apportion.cli import main
from apportion.templates import write_workspace

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
WORKSPACES = sorted(path.parent for path in EXAMPLES.glob("*/apportion.yaml"))

Type = Callable[[str], str]


@pytest.fixture
def type_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Type:
    """Type a command line that must succeed, in a folder of one's own; give what it says."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")

    def run(line: str) -> str:
        with pytest.raises(SystemExit) as ending:
            main(line.split()[1:])
        logging.getLogger("apportion").handlers = []
        out, err = capsys.readouterr()
        assert ending.value.code in (0, None), f"{line}\n{out}\n{err}"
        return out

    return run


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("workspace", WORKSPACES, ids=lambda path: path.name)
def test_what_its_readme_says_happens(workspace: Path, tmp_path: Path, type_in: Type) -> None:
    left_behind = shutil.ignore_patterns("ledger")
    shutil.copytree(workspace, tmp_path, ignore=left_behind, dirs_exist_ok=True)
    text = (workspace / "README.md").read_text(encoding="utf-8")
    (typed,) = blocks(text, "sh")
    lines = typed.splitlines()
    assert {"apportion validate", "apportion test"} <= set(lines)
    said = [type_in(line) for line in lines]
    (shown,) = blocks(text, "text")
    # Which run it was differs each time.
    assert shown in re.sub(r", run \S+", "", said[-1])
    for line in re.findall(r"`(apportion [^`]*)`", text):
        type_in(line)


@pytest.mark.parametrize("workspace", WORKSPACES, ids=lambda path: path.name)
def test_its_examples_hold_by_the_rules_in_plain_fractions(workspace: Path) -> None:
    (file,) = (workspace / "examples").glob("*.yaml")
    judged = judge(file, workspace)
    assert sum(len(each.seen) for each in judged) >= 5
    assert not [(each.name, wrong) for each in judged for wrong in each.wrong]


def test_so_do_those_of_a_new_workspace(tmp_path: Path) -> None:
    write_workspace(tmp_path, "Acme")
    judged = judge(tmp_path / "examples" / "who_pays_what.yaml", tmp_path)
    assert sum(len(each.seen) for each in judged) >= 10
    assert not [(each.name, wrong) for each in judged for wrong in each.wrong]


def test_the_folder_says_what_is_in_it() -> None:
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert len(WORKSPACES) >= 3
    assert [f"{path.name}/README.md" for path in WORKSPACES] == sorted(
        re.findall(r"\(([^)]*README\.md)\)", text)
    )


def test_no_ledger_is_kept_with_them() -> None:
    assert "/examples/*/ledger/" in (ROOT / ".gitignore").read_text(encoding="utf-8").split()
