"""Models of generated companies, with names that YAML could take for something else, put again."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from companies_made import Knobs, knobs, make
from hypothesis import given
from hypothesis import strategies as st

from apportion import Model, Workspace, load_model
from apportion.model.model_text import model_text
from effort import effort

TRAPS = (
    "yes", "No", "null", "~", "true", "1e3", "0x1F", "007", "1_000", "12:30:45", "2024-01-01",
    "1.0", "- x", "-", "?", ": x", "x: y", "#", "x # y", "&a", "*a", "!!int 3", "%TAG", "@x", "`x`",
    "{a: b}", "[a]", "|", ">", "'", '"', "\\n", "...", "---", "<<", "=", ".inf", "é", "日本", "a,b",
)  # fmt: skip
ODD_TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)


def renamed(document: Any, names: dict[str, str]) -> Any:
    """The document with ids replaced wherever they stand as a whole value."""
    if isinstance(document, dict):
        return {key: renamed(part, names) for key, part in document.items()}
    if isinstance(document, list):
        return [renamed(part, names) for part in document]
    return names.get(document, document) if isinstance(document, str) else document


def workspace_for(model: Model, folder: Path) -> Path:
    """A workspace that has the model's settings, and one node."""
    (folder / "model").mkdir(parents=True)
    (folder / "apportion.yaml").write_text(yaml.safe_dump(model.to_dict()["settings"]))
    (folder / "model" / "all.yaml").write_text("nodes:\n  - {id: first, type: product}\n")
    return folder


@effort(40)
@given(knobs(), st.data())
def test_what_a_model_gives_can_be_put_again(
    tmp_path_factory: pytest.TempPathFactory, made: Knobs, data: st.DataObject
) -> None:
    content = Model.from_dict(make(made).model).to_dict()
    ids = [node["id"] for node in content["nodes"]]
    draw: Callable[[Any], Any] = data.draw
    traps = draw(st.permutations(TRAPS))
    document = renamed(json.loads(json.dumps(content)), dict(zip(ids, traps, strict=False)))
    for node in document["nodes"]:
        node["name"] = draw(ODD_TEXT)
        node["labels"] = {"label": draw(ODD_TEXT)}
    model = Model.from_dict(document)
    company = workspace_for(model, tmp_path_factory.mktemp("company"))
    put = Workspace(company).put_model(document)
    assert put.written
    assert put.digest == model.digest
    again = load_model(company)
    assert again.digest == model.digest
    assert again.to_dict() == model.to_dict()
    assert not Workspace(company).put_model(again.to_dict()).written


def test_names_that_yaml_could_take_for_something_else_are_put(tmp_path: Path) -> None:
    nodes = [{"id": name, "type": "product", "name": name} for name in sorted(TRAPS)]
    model = Model.from_dict({"nodes": nodes})
    company = workspace_for(model, tmp_path / "company")
    assert Workspace(company).put_model({"nodes": nodes}).digest == model.digest
    assert [node.id for node in load_model(company).nodes] == sorted(TRAPS)


def test_other_programs_read_the_same_from_the_file() -> None:
    nodes = [{"id": name, "type": "product", "name": name} for name in TRAPS]
    text = model_text(Model.from_dict({"nodes": nodes}))
    read = yaml.safe_load(text)
    assert sorted(node["id"] for node in read["nodes"]) == sorted(TRAPS)
    assert all(node["id"] == node["name"] for node in read["nodes"])
