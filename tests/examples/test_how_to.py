"""The page about testing a model: its example holds, and its picture of a failure is a true one."""

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from by_oracle import judge

from apportion.cli.messages import paragraph
from apportion.examples import check_files
from apportion.examples.expected import SHAPE as EXPECTED
from apportion.examples.given import SHAPE as GIVEN
from apportion.model import load_model
from apportion.templates import write_workspace

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "test-your-model.md"
FILE = "examples/search.yaml"
RIGHT, WRONG = "given: 180", "given: 300"


@pytest.fixture
def text(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """The page, in a new workspace that holds the file it shows."""
    write_workspace(tmp_path, "Acme")
    page = PAGE.read_text(encoding="utf-8")
    (shown,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tmp_path / FILE).write_text(textwrap.dedent(shown), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return page


def test_the_example_holds(text: str) -> None:
    report = check_files([Path(FILE)], lambda: load_model(Path()))
    assert len(report.checked) == 2
    assert not report.findings
    assert not [wrong for each in judge(Path(FILE), Path()) for wrong in each.wrong]


def test_the_failure_looks_as_shown(text: str) -> None:
    written = Path(FILE).read_text(encoding="utf-8")
    assert written.count(RIGHT) == 1
    Path(FILE).write_text(written.replace(RIGHT, WRONG), encoding="utf-8")
    (finding,) = check_files([Path(FILE)], lambda: load_model(Path())).findings
    said = "".join(f"{line}\n" for line in paragraph(finding, {}))
    (shown,) = re.findall(r"```text\n(.*?)```", text, re.DOTALL)
    assert said == shown


def test_every_key_is_explained(text: str) -> None:
    for key in (*GIVEN.keys, *EXPECTED.keys):
        assert f"`{key}`" in text
