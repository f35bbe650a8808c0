"""Findings for pages of review, held against what those pages read."""

from os.path import relpath
from pathlib import Path

import pytest

from apportion.findings import CODES, MEMORY, Finding, Place, Severity
from apportion.model import validate
from apportion.report.annotations import github, sarif

LINE = Finding("cycle", "a -> b: 100 %\nc, d", Place("model/a,b:c.yaml", 3, 5), "Remove it.")
WHOLE = Finding("dead_end", "No way.", Place("model/my file.yaml"), severity=Severity.WARNING)
NOWHERE = Finding("no_cost", "Nothing.", MEMORY, severity=Severity.WARNING)


def test_a_workflow_command_stands_on_one_line_and_hides_no_property() -> None:
    first, second, third = github([LINE, WHOLE, NOWHERE])
    assert first == (
        "::error title=cycle,file=model/a%2Cb%3Ac.yaml,line=3,col=5"
        "::a -> b: 100 %25%0Ac, d%0ARemove it."
    )
    assert second == "::warning title=dead_end,file=model/my file.yaml::No way."
    assert third == "::warning title=no_cost::Nothing."


def test_a_message_cannot_end_a_command_and_begin_another() -> None:
    hostile = Finding("cycle", "x\r\n::error title=mine::hello", Place("a.yaml", 1, 1))
    (line,) = github([hostile])
    assert line.splitlines() == [line]


def test_a_file_is_named_from_where_the_command_runs() -> None:
    inside = Place(str(Path("model/a.yaml").resolve()), 1, 1)
    assert "file=model/a.yaml," in github([Finding("cycle", "x.", inside)])[0]


@pytest.mark.parametrize("kind", ["folder", "file"])
@pytest.mark.parametrize("where", [".", "costs", "costs/model"])
def test_in_a_repository_a_file_is_named_from_its_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, where: str
) -> None:
    """Pages of review know no other names; a checkout of a submodule has a file ``.git``."""
    root = tmp_path / "repository"
    (root / "costs" / "model").mkdir(parents=True)
    if kind == "folder":
        (root / ".git").mkdir()
    else:
        (root / ".git").write_text("gitdir: ../.git/modules/repository\n")
    monkeypatch.chdir(root / where)
    for name in (relpath(root / "costs/model/a.yaml"), str(root / "costs/model/a.yaml")):
        found = [Finding("cycle", "x.", Place(name, 1, 1))]
        assert "file=costs/model/a.yaml," in github(found)[0]
        (result,) = sarif(found, "1")["runs"][0]["results"]
        location = result["locations"][0]["physicalLocation"]["artifactLocation"]
        assert location == {"uri": "costs/model/a.yaml"}


def test_outside_of_any_repository_a_file_is_named_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = [Finding("cycle", "x.", Place(str(tmp_path / "model/a.yaml"), 1, 1))]
    assert "file=model/a.yaml," in github(found)[0]


def test_sarif_names_each_rule_once_and_each_place() -> None:
    log = sarif([LINE, WHOLE, NOWHERE, LINE], "1.2")
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["cycle", "dead_end", "no_cost"]
    assert rules[0]["shortDescription"]["text"] == CODES["cycle"]
    first, second, third, fourth = run["results"]
    assert first == fourth
    assert rules[first["ruleIndex"]]["id"] == first["ruleId"] == "cycle"
    (location,) = first["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "model/a%2Cb%3Ac.yaml"},
        "region": {"startLine": 3, "startColumn": 5},
    }
    assert second["level"] == "warning"
    assert second["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "model/my%20file.yaml"}
    }
    assert "locations" not in third


@pytest.mark.parametrize(
    ("name", "lines"), [("cycle", [7, 8, 9]), ("cycle_in_hierarchy", [3, 4, 5])]
)
def test_a_circle_is_shown_at_each_of_its_parts(name: str, lines: list[int]) -> None:
    """The edge that a change adds is rarely the first, and a review shows changed lines alone."""
    path = Path(__file__).parents[1] / "errors" / "model" / f"{name}.yaml"
    findings = validate(path)
    commands = github(findings)
    assert all(f"line={line},col=5::" in said for line, said in zip(lines, commands, strict=True))
    results = sarif(findings, "1")["runs"][0]["results"]
    regions = [result["locations"][0]["physicalLocation"]["region"] for result in results]
    assert regions == [{"startLine": line, "startColumn": 5} for line in lines]
