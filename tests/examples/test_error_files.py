"""Every message about examples: one bad file, one expected text; and junk, which must not crash."""

import copy
import doctest
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from test_planted import RIGHT

from apportion.examples import check_files, read_examples, rounding
from apportion.findings import Finding
from apportion.model import Model

FOLDER = Path(__file__).parents[1] / "errors" / "examples"
CASES = sorted(path.stem for path in FOLDER.glob("*.yaml"))


def own_model() -> Model:
    return Model.from_dict({"nodes": [{"id": "disk", "type": "resource"}]})


@pytest.fixture
def _in_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are named as the caller names them, so the expected texts hold base names."""
    monkeypatch.chdir(FOLDER)


def findings_of(case: str) -> tuple[Finding, ...]:
    return check_files([Path(f"{case}.yaml")], own_model).findings


@pytest.mark.usefixtures("_in_folder")
@pytest.mark.parametrize("case", CASES)
def test_messages_are_the_expected_ones(case: str) -> None:
    expected = Path(f"{case}.txt").read_text(encoding="utf-8")
    findings = findings_of(case)
    assert "".join(f"{finding}\n" for finding in findings) == expected
    assert expected


@pytest.mark.usefixtures("_in_folder")
def test_each_finding_names_the_file_and_all_but_those_of_whole_files_a_line() -> None:
    assert len(CASES) >= 20
    for case in CASES:
        for finding in findings_of(case):
            assert finding.where.file == f"{case}.yaml"
            assert finding.where.line > 0 or finding.code == "wrong_type"


def test_what_is_wrong_with_one_example_does_not_keep_others_from_being_tried(
    tmp_path: Path,
) -> None:
    file = tmp_path / "examples.yaml"
    text = RIGHT + "  - {name: Bad, expect: {decimals: -1, nodes: {cart: {direct: 0}}}}\n"
    file.write_text(text + "  - {name: Good, rule: [A1, our own], expect: {shown: {shop: 10}}}\n")
    report = check_files([file], own_model)
    assert [each.example.name for each in report.checked] == ["A company", "Good"]
    assert report.checked[1].example.rules == ("A1", "our own")
    assert [finding.code for finding in report.findings] == ["invalid_value", "example_failed"]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "latin.yaml").write_bytes(b"examples: \xff")
    (tmp_path / "nul.yaml").write_bytes(b"examples: \0")
    for name, code in (
        ("none.yaml", "unreadable_file"),
        ("latin.yaml", "unreadable_file"),
        ("nul.yaml", "unreadable_file"),
        ("empty", "check_saw_no_rows"),
    ):
        found = read_examples(tmp_path / name)
        assert [finding.code for finding in found.findings] == [code]
        assert found.file == found.findings[0].where.file == str(tmp_path / name)
        assert not found.examples


def test_a_file_that_is_too_large_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apportion.examples.reading.MAXIMUM_BYTES", 10)
    (tmp_path / "large.yaml").write_text(RIGHT)
    found = read_examples(tmp_path / "large.yaml")
    assert [finding.code for finding in found.findings] == ["unsafe_file"]


def test_a_folder_is_its_yaml_files_in_order_and_each_file_is_tried_once(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yml", "C.YAML", "notes.md"):
        (tmp_path / name).write_text(RIGHT)
    report = check_files([tmp_path / "b.yaml", tmp_path], own_model)
    assert [Path(file.file).name for file in report.files] == ["b.yaml", "C.YAML", "a.yml"]
    assert len(report.checked) == 3
    assert not report.findings


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to everything in a document."""
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for key, below in inside if isinstance(value, dict | list) else ():
        yield from places(below, (*path, key))


JUNK = [3, "x", [], {}, [1], {"a": 1}, True, "1e400", "2024-13-01", [[[]]], "\x07", {1: 2}, [{}]]


@pytest.mark.parametrize("junk", JUNK, ids=repr)
def test_junk_anywhere_is_a_finding_or_an_example_and_never_a_crash(
    junk: object, tmp_path: Path
) -> None:
    right = yaml.load(RIGHT, Loader=yaml.BaseLoader)
    file = tmp_path / "examples.yaml"
    tried = 0
    for path in places(right):
        spoilt = copy.deepcopy({"root": right})
        target: Any = spoilt
        *way, last = ("root", *path)
        for step in way:
            target = target[step]
        target[last] = junk
        file.write_text(yaml.safe_dump(spoilt["root"], sort_keys=False))
        found = read_examples(file)
        assert found.findings or found.examples
        assert all(finding.where.file == str(file) for finding in found.findings)
        tried += 1
    assert tried >= 80


def test_the_figures_in_docstrings_are_so() -> None:
    assert doctest.testmod(rounding).attempted >= 3
    assert doctest.testmod(rounding).failed == 0
