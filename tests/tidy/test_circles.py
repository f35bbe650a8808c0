"""No modules import each other in a circle, not even one that a late import would hide."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SOURCES = Path(__file__).resolve().parents[2] / "src"
ROOT = "apportion"
"""The package itself gives its names late, so all may import it."""


def imported(tree: ast.Module, known: set[str]) -> set[str]:
    """The modules of ours that a module imports, wherever in it."""
    names = {
        f"{node.module}.{alias.name}" if f"{node.module}.{alias.name}" in known else node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    plain = (node for node in ast.walk(tree) if isinstance(node, ast.Import))
    return (names | {alias.name for node in plain for alias in node.names}) & known


def imports(folder: Path) -> dict[str, set[str]]:
    """Who imports whom."""
    files = {
        ".".join(file.relative_to(folder).with_suffix("").parts).removesuffix(".__init__"): file
        for file in folder.rglob("*.py")
    }
    known = set(files) - {ROOT}
    trees = {name: ast.parse(file.read_text(encoding="utf-8")) for name, file in files.items()}
    return {name: imported(trees[name], known) - {name} for name in known}


def test_nobody_imports_in_a_circle() -> None:
    found = imports(SOURCES)
    assert len(found) >= 150
    assert sum(map(len, found.values())) >= 500
    TopologicalSorter(found).prepare()


def test_a_circle_is_found(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("import two\n")
    (tmp_path / "two.py").write_text("def late():\n    from one import name\n")
    with pytest.raises(CycleError):
        TopologicalSorter(imports(tmp_path)).prepare()
