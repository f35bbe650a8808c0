"""The workspace that ``apportion init`` writes."""

import re
from pathlib import Path

import pytest

from apportion.findings import UsageError
from apportion.model import load_model, validate
from apportion.model.kinds.settings import KEYS
from apportion.model.types import Settings
from apportion.templates import write_workspace


def test_it_is_valid_and_carries_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "acme"
    written = write_workspace(folder, "Acme")
    assert [str(path.relative_to(folder)) for path in written] == [
        ".gitignore",
        "README.md",
        "apportion.yaml",
        "data/costs.csv",
        "data/usage.csv",
        "examples/who_pays_what.yaml",
        "model/company.yaml",
        "schema/examples.json",
        "schema/model.json",
    ]
    assert validate(folder) == ()
    model = load_model(folder)
    assert model.settings.name == "Acme"
    assert len(model.nodes) == 8
    assert (folder / "README.md").read_text(encoding="utf-8").startswith("# Acme\n")


def test_it_uses_or_explains_every_key_of_nodes_and_edges(tmp_path: Path) -> None:
    from apportion.model.kinds import edges, nodes

    write_workspace(tmp_path, "Acme")
    text = (tmp_path / "model" / "company.yaml").read_text(encoding="utf-8")
    for key in (*nodes.SHAPE.keys, *edges.SHAPE.keys):
        assert f"#   {key} " in text, key


def test_it_mentions_every_setting_but_the_engine(tmp_path: Path) -> None:
    write_workspace(tmp_path, "Acme")
    text = (tmp_path / "apportion.yaml").read_text(encoding="utf-8")
    given = {line.partition(":")[0] for line in text.splitlines() if line[:1].isalpha()}
    shown = {match[1] for match in re.finditer(r"^# ([a-z_]+):", text, re.MULTILINE)}
    assert given | shown == KEYS - {"engine"}
    assert not given & shown


def test_its_settings_are_the_defaults_as_it_says(tmp_path: Path) -> None:
    """All lines, also those in comments: who takes the mark away changes nothing by it."""
    write_workspace(tmp_path, "Acme")
    file = tmp_path / "apportion.yaml"
    text = file.read_text(encoding="utf-8")
    setting = re.compile(r"^# (?=[a-z_]+: )(.*(?:\n#   .*)*)$", re.MULTILINE)
    assert len(setting.findall(text)) >= 7
    file.write_text(setting.sub(lambda it: it[1].replace("\n#", "\n"), text), encoding="utf-8")
    given = load_model(tmp_path).settings
    assert given.places.keys() == KEYS - {"engine"}
    without_default = {"name", "currency", "high_volume_threshold"}
    for key in given.places.keys() - without_default:
        assert getattr(given, key) == getattr(Settings(), key), key


@pytest.mark.parametrize(
    "name", ['He said "no"', "back\\slash", "{tag.node}", "Zürich café", "yes", "12", "a: b # c"]
)
def test_any_name_in_letters_survives(tmp_path: Path, name: str) -> None:
    write_workspace(tmp_path, name)
    assert load_model(tmp_path).settings.name == name
    assert "{name}" not in (tmp_path / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "bell\a"])
def test_a_name_that_cannot_be_shown_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        write_workspace(tmp_path, name)
    assert [finding.code for finding in caught.value.findings] == ["invalid_argument"]
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_already_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "theirs.yaml").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        write_workspace(tmp_path, "Acme")
    assert [finding.code for finding in caught.value.findings] == ["not_empty"]
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    file = tmp_path / "acme"
    file.write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        write_workspace(file, "Acme")
    assert [finding.code for finding in caught.value.findings] == ["invalid_argument"]
    assert file.read_text(encoding="utf-8") == "mine"
