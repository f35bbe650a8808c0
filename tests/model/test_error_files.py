"""Every message about a model: one bad input, one expected text, and no code without both."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from apportion.findings import CODES
from apportion.model import validate

FOLDER = Path(__file__).parents[1] / "errors" / "model"
SOURCE = Path(__file__).parents[2] / "src" / "apportion" / "model"
CASES = sorted(path.name for path in FOLDER.iterdir() if path.suffix != ".txt")

WHOLE_FILE = {
    "not_a_workspace",
    "unsupported_file",
    "unreadable_file",
    "wrong_type",
    "check_saw_no_rows",
}


@pytest.fixture(autouse=True)
def _in_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are named as the caller names them, so the expected texts hold base names."""
    monkeypatch.chdir(FOLDER)


@pytest.mark.parametrize("name", CASES)
def test_message_is_the_expected_one(name: str) -> None:
    expected = (FOLDER / name).with_suffix(".txt").read_text(encoding="utf-8")
    assert "".join(f"{finding}\n" for finding in validate(name)) == expected


@pytest.mark.parametrize("name", CASES)
def test_each_finding_names_a_place_and_a_line(name: str) -> None:
    findings = validate(name)
    assert findings
    for finding in findings:
        assert finding.where.file.startswith(name)
        assert finding.where.line > 0 or finding.code in WHOLE_FILE


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 45


def test_every_code_that_the_model_can_give_has_a_case() -> None:
    given = {finding.code for name in CASES for finding in validate(name)}
    assert set(_codes_in_source()) - given == set()
    assert len(given) >= 25


def _codes_in_source() -> Iterator[str]:
    for file in SOURCE.rglob("*.py"):
        for word in re.findall(r'"([a-z_]+)"', file.read_text(encoding="utf-8")):
            if word in CODES:
                yield word
