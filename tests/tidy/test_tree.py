"""The rules of style, tried on every file of the project."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import tidy_modules
import tidy_rules
from tidy_rules import RULES, Scope

ROOT = Path(__file__).resolve().parents[2]
WRITTEN = ("src", "tests", "benchmarks", "docs", ".ci")
MADE = {"__pycache__"}
# Found by looking into the folder; plugins.py and the checks of a model do that.
PLUGIN_FOLDERS = (
    "src/apportion/attribution/strategies",
    "src/apportion/ingest/formats",
    "src/apportion/model/checks",
)
# The server is named to its worker processes, which import it.
ENTRIES = ("apportion.cli", "apportion.api.application")


@pytest.fixture(scope="module")
def tracked() -> list[str]:
    """What git has, in its order, as paths from the root."""
    if not (ROOT / ".git").exists():
        pytest.skip("these are the files without their git repository")
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return [path for path in listing.stdout.split("\0") if path]


@pytest.fixture(scope="module")
def files(tracked: list[str]) -> list[tuple[str, str]]:
    """Path and text of every tracked file that is text and still there."""
    found = []
    for path in tracked:
        data = (ROOT / path).read_bytes() if (ROOT / path).is_file() else b"\0"
        if b"\0" not in data:
            found.append((path, data.decode(errors="replace")))
    return found


@pytest.mark.parametrize("scope", RULES, ids=lambda scope: scope.rule.__name__)
def test_no_file_breaks_the_rule(files: list[tuple[str, str]], scope: Scope) -> None:
    tried, found = tidy_rules.complaints(files, scope)
    assert tried >= (1 if scope.suffixes == tidy_rules.LOCKS else 5), "the rule saw too few files"
    assert not found, "\n" + "\n".join(found)


def test_the_rules_see_the_whole_project(files: list[tuple[str, str]]) -> None:
    python = [path for path, _ in files if path.endswith(".py")]
    assert len(python) >= 100
    assert {path.split("/")[0] for path in python} >= {"src", "tests", "benchmarks"}


def test_no_module_is_left_that_nobody_imports(files: list[tuple[str, str]]) -> None:
    texts = {
        path: text
        for path, text in files
        if path.startswith(tidy_rules.SOURCE) and path.endswith(".py")
    }
    assert len(texts) >= 60
    orphans = tidy_modules.orphans(texts, PLUGIN_FOLDERS, ENTRIES)
    assert not orphans, f"nobody imports {', '.join(orphans)}; use it or remove it"


def test_every_plugin_folder_is_there(tracked: list[str]) -> None:
    for folder in PLUGIN_FOLDERS:
        assert any(path.startswith(f"{folder}/") for path in tracked), folder


def test_git_has_every_file(tracked: list[str]) -> None:
    present = {
        (Path(folder) / name).relative_to(ROOT).as_posix()
        for top in WRITTEN
        for folder, folders, names in os.walk(ROOT / top)
        for name in names
        if not MADE & set(Path(folder).parts)
    }
    assert len(present) >= 100
    absent = tidy_modules.missing_from(tracked, present)
    assert not absent, f"git lacks {len(absent)} files; add or remove them: {absent[:20]}"


def test_the_map_names_every_part_of_the_program_once() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = [row for row in text.splitlines() if row.startswith("| `")]
    named = [part for row in rows for part in re.findall(r"`([\w.]+/?)`", row.split("|")[1])]
    there = {
        f"{each.name}/" if each.is_dir() else each.name
        for each in (ROOT / "src/apportion").iterdir()
        if each.name not in ("__init__.py", "__main__.py", "__pycache__", "py.typed")
    }
    assert sorted(named) == sorted(there)
