"""Whatever lies in ``model/`` and is not read is told, and so is a model of nothing."""

import os
from pathlib import Path

import pytest

from apportion.findings import Finding, Severity
from apportion.model import validate

COMPANY = "nodes:\n  - {id: servers, type: resource}\n  - {id: shop, type: product}\n"
EDGES = "edges:\n  - {source: servers, receiver: shop, strategy: equal}\n"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The model's folder of a small workspace."""
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "apportion.yaml").write_text("name: acme\ncurrency: USD\n")
    (folder / "company.yaml").write_text(COMPANY + EDGES)
    return folder


def found(model: Path) -> list[Finding]:
    findings = list(validate(model.parent))
    assert all(each.severity is Severity.WARNING and each.remedy for each in findings)
    return findings


def test_what_belongs_there_is_not_mentioned(model: Path) -> None:
    for name in ("README.md", "readme.txt", "README", ".DS_Store", ".company.yaml.swp"):
        (model / name).write_text("x")
    (model / ".git").mkdir()
    assert found(model) == []


@pytest.mark.parametrize("name", ["old.yaml.bak", "notes.txt", "nodes.json", "company.yaml~", "x"])
def test_a_file_of_another_kind_is_told(model: Path, name: str) -> None:
    (model / name).write_text(COMPANY)
    (finding,) = found(model)
    assert (finding.code, finding.where.file) == ("unsupported_file", str(model / name))


@pytest.mark.parametrize("name", ["sub", "d.yaml"])
def test_a_folder_is_told(model: Path, name: str) -> None:
    (model / name).mkdir()
    (finding,) = found(model)
    assert "a folder" in finding.message


@pytest.mark.parametrize("target", ["loop.yaml", "nowhere.yaml"])
def test_a_link_that_leads_to_no_file_is_told(model: Path, target: str) -> None:
    (model / "loop.yaml").symlink_to(target)
    (finding,) = found(model)
    assert "a symbolic link" in finding.message


def test_a_pipe_is_told_and_never_read(model: Path) -> None:
    os.mkfifo(model / "pipe.yaml")
    (finding,) = found(model)
    assert "a pipe" in finding.message


def test_a_model_without_nodes_is_told(model: Path) -> None:
    (model / "company.yaml").write_text("")
    (finding,) = found(model)
    assert (finding.code, "declares no nodes" in finding.message) == ("check_saw_no_rows", True)
    (model / "company.yaml").unlink()
    model.rmdir()
    (finding,) = found(model)
    assert "is missing" in finding.message
