"""Models put from outside: what is written, what is refused, and that a refusal writes nothing."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from ledgers import MODEL, write_company

from apportion import ModelError, Workspace, load_model
from apportion.model.files import model_marks
from apportion.model.read_yaml import read_yaml

NOW = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace without a ledger."""
    return write_company(tmp_path / "company")


def opened(folder: Path) -> Workspace:
    return Workspace(folder, now=lambda: NOW)


def changed(workspace: Workspace, name: str = "The database") -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(workspace.model.to_dict()))
    document["nodes"][0]["name"] = name
    return document


def everything(folder: Path) -> dict[str, bytes | None]:
    """Every name under a folder but the ledger's lock, with the bytes of files."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
        if path not in (folder / "ledger", folder / "ledger" / ".lock")
    }


def refused(workspace: Workspace, document: Any, **asked: str) -> list[tuple[str, str]]:
    """The errors with which a document is refused; nothing may have been written."""
    before = everything(Path(workspace.folder))
    with pytest.raises(ModelError) as error:
        workspace.put_model(document, **asked)
    assert everything(Path(workspace.folder)) == before
    return [(each.code, each.message) for each in error.value.findings if each.severity == "error"]


def test_what_was_put_counts_from_then_on(folder: Path) -> None:
    workspace = opened(folder)
    workspace.ingest("costs", folder / "bill.csv", source="cloud")
    workspace.ingest("usage", folder / "usage.csv", source="monitor")
    old = workspace.model.digest
    put = workspace.put_model(changed(workspace), expected_digest=old)
    assert (put.folder, put.version, put.written) == ("models/0001", 1, True)
    assert put.digest == workspace.model.digest == load_model(folder).digest != old
    assert workspace.model.node("database").name == "The database"
    first = workspace.run(date(2024, 1, 1), date(2024, 1, 2))
    assert first.run.model_digest == put.digest
    assert Path(folder / "model" / "company.yaml").read_text() == MODEL


def test_settings_keep_every_byte_but_one_line(folder: Path) -> None:
    before = (folder / "apportion.yaml").read_bytes()
    (folder / "apportion.yaml").chmod(0o640)
    workspace = opened(folder)
    workspace.put_model(changed(workspace))
    assert (folder / "apportion.yaml").read_bytes() == before + b"model_folder: models/0001\n"
    workspace.put_model(changed(workspace, "Its other name"))
    assert (folder / "apportion.yaml").read_bytes() == before + b"model_folder: models/0002\n"
    assert (folder / "apportion.yaml").stat().st_mode & 0o777 == 0o640


def test_the_same_model_writes_nothing(folder: Path) -> None:
    workspace = opened(folder)
    before = everything(folder)
    document = json.loads(json.dumps(workspace.model.to_dict()))
    document["edges"].reverse()
    put = workspace.put_model(document)
    assert (put.folder, put.version, put.written) == ("model", None, False)
    assert put.digest == workspace.model.digest
    assert everything(folder) == before


def test_versions_are_listed(folder: Path) -> None:
    workspace = opened(folder)
    assert workspace.model_versions() == []
    digests = [workspace.put_model(changed(workspace, name)).digest for name in ("one", "two")]
    (folder / "models" / "notes").mkdir()
    latest, first = workspace.model_versions()
    assert (latest.number, latest.folder, latest.current) == (2, "models/0002", True)
    assert (first.number, first.folder, first.current) == (1, "models/0001", False)
    assert [first.digest, latest.digest] == digests
    assert latest.at == NOW
    (folder / "models" / "0001" / ".version.json").unlink()
    assert [(each.digest, each.at) for each in workspace.model_versions()] == [
        (digests[1], NOW),
        ("", None),
    ]


def test_who_goes_back_by_hand_is_followed(folder: Path) -> None:
    workspace = opened(folder)
    first = workspace.put_model(changed(workspace, "one")).digest
    workspace.put_model(changed(workspace, "two"))
    settings = (folder / "apportion.yaml").read_text().replace("models/0002", "models/0001")
    (folder / "apportion.yaml").write_text(settings)
    assert load_model(folder).digest == first
    assert [each.current for each in workspace.model_versions()] == [False, True]
    assert opened(folder).put_model(changed(workspace, "three")).folder == "models/0003"


def test_marks_are_those_of_the_files_that_count(folder: Path) -> None:
    workspace = opened(folder)
    before = model_marks(folder)
    workspace.put_model(changed(workspace))
    put = model_marks(folder)
    assert put != before
    (folder / "model" / "company.yaml").write_text("")
    assert model_marks(folder) == put
    (folder / "models" / "0001" / "more.yaml").write_text("")
    assert model_marks(folder) != put


def test_a_model_that_is_another_by_now_is_refused(folder: Path) -> None:
    workspace = opened(folder)
    old = workspace.model.digest
    workspace.put_model(changed(workspace, "one"), expected_digest=old)
    ((code, message),) = refused(workspace, changed(workspace, "two"), expected_digest=old)
    assert code == "model_changed"
    assert workspace.model.digest in message


def test_a_broken_model_can_be_mended_by_a_put(folder: Path) -> None:
    document = changed(opened(folder))
    digest = load_model(folder).digest
    (folder / "model" / "company.yaml").write_text("nodes: [")
    workspace = opened(folder)
    ((code, message),) = refused(workspace, document, expected_digest=digest)
    assert (code, "is broken" in message) == ("model_changed", True)
    assert workspace.put_model(document).written
    assert workspace.model.node("database").name == "The database"


def test_all_findings_are_told_and_nothing_is_written(folder: Path) -> None:
    workspace = opened(folder)
    document = changed(workspace)
    document["nodes"][1]["type"] = "shed"
    document["edges"][0]["receiver"] = "nobody"
    document["edges"].append({"source": "database"})
    document["servers"] = "many"
    found = {code for code, _ in refused(workspace, document)}
    assert found == {"unknown_type", "unknown_node", "missing_key", "unknown_key"}


def test_places_are_in_the_document_that_was_read(folder: Path) -> None:
    document = read_yaml("<body>", b"nodes:\n  - {id: a, type: shed}\n", [])
    with pytest.raises(ModelError) as error:
        opened(folder).put_model(document)
    assert str(error.value.findings[0].where) == "<body>:2:19"


@pytest.mark.parametrize("document", [{}, {"nodes": []}, {"settings": {"scale": 2}}])
def test_a_model_of_nothing_is_refused(folder: Path, document: dict[str, Any]) -> None:
    assert [code for code, _ in refused(opened(folder), document)] == ["missing_key"]


@pytest.mark.parametrize("document", [None, [], "nodes", 1])
def test_what_is_no_mapping_is_refused(folder: Path, document: Any) -> None:
    assert refused(opened(folder), document)[0][0] == "wrong_type"


@pytest.mark.parametrize(
    "settings",
    [
        {"scale": 3},
        {"currency": "EUR"},
        {"name": "somebody else"},
        {"settings": {"residual": "unallocated"}},
        {"counted_statuses": ["sent"]},
        {"model_folder": "models/0009"},
    ],
)
def test_settings_are_not_changed_from_outside(folder: Path, settings: dict[str, Any]) -> None:
    workspace = opened(folder)
    document = {**changed(workspace), **settings}
    document["settings"] = settings.get("settings", {})
    ((code, message),) = refused(workspace, document)
    assert code == "setting_differs"
    assert "the workspace has" in message


def test_settings_may_be_left_out_or_repeated(folder: Path) -> None:
    workspace = opened(folder)
    document = changed(workspace)
    del document["settings"]
    digest = workspace.put_model(document).digest
    assert not workspace.put_model(
        {**document, "scale": "2", "model_folder": "models/0001"}
    ).written
    assert workspace.model.digest == digest
    assert workspace.model.settings.scale == 2


def test_lists_beside_the_settings_are_in_the_way(folder: Path) -> None:
    document = changed(opened(folder))
    with (folder / "apportion.yaml").open("a") as file:
        file.write("metrics:\n  - {id: a, name: b}\n")
    ((code, message),) = refused(opened(folder), document)
    assert (code, "'metrics'" in message) == ("not_replaceable", True)


def test_settings_that_are_broken_are_told(folder: Path) -> None:
    document = changed(opened(folder))
    del document["settings"]
    (folder / "apportion.yaml").write_text("currency: USD\nscale: many\n")
    assert [code for code, _ in refused(opened(folder), document)] == ["wrong_type"]
    (folder / "apportion.yaml").write_text("currency: [")
    assert [code for code, _ in refused(opened(folder), document)] == ["unreadable_file"]


def test_a_folder_that_is_no_workspace_is_told(tmp_path: Path) -> None:
    assert refused(opened(tmp_path), {"nodes": []})[0][0] == "not_a_workspace"
    with pytest.raises(ModelError, match="not_a_workspace"):
        opened(tmp_path).model_versions()


@pytest.mark.parametrize("link", ["apportion.yaml", "models"])
def test_nothing_is_written_through_a_link(folder: Path, tmp_path: Path, link: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    if link == "apportion.yaml":
        (folder / link).rename(outside / link)
        (folder / link).symlink_to(outside / link)
    else:
        (folder / link).symlink_to(outside)
    before = everything(outside)
    document = changed(opened(folder))
    ((code, message),) = refused(opened(folder), document)
    assert (code, link in message) == ("not_replaceable", True)
    assert everything(outside) == before


def test_planted_links_are_not_followed(folder: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("kept")
    (folder / "models" / ".unfinished").mkdir(parents=True)
    (folder / "models" / ".unfinished" / "model.yaml").symlink_to(victim)
    (folder / ".apportion.yaml.next").symlink_to(victim)
    workspace = opened(folder)
    assert workspace.put_model(changed(workspace)).written
    assert victim.read_text() == "kept"
    assert not (folder / "apportion.yaml").is_symlink()


@pytest.mark.parametrize(
    "given",
    ["/etc", "..", "a/../../b", "./model", "model/", "a//b", "a\\b", "", " ", ".hidden", "é"],
)
def test_a_model_folder_is_a_plain_name(folder: Path, given: str) -> None:
    (folder / "apportion.yaml").write_text(f"currency: USD\nmodel_folder: {json.dumps(given)}\n")
    with pytest.raises(ModelError) as error:
        load_model(folder)
    found = [each for each in error.value.findings if each.severity == "error"]
    assert {each.code for each in found} == {"invalid_value"}
    assert all((each.where.line, each.where.column) == (2, 15) for each in found)


def test_a_model_folder_does_not_lead_out_by_a_link(folder: Path, tmp_path: Path) -> None:
    (folder / "model").rename(tmp_path / "elsewhere")
    (folder / "mine").symlink_to(tmp_path / "elsewhere")
    (folder / "apportion.yaml").write_text("currency: USD\nmodel_folder: mine\n")
    with pytest.raises(ModelError, match="leads out of the workspace"):
        load_model(folder)
    (tmp_path / "elsewhere").rename(folder / "inside")
    (folder / "mine").unlink()
    (folder / "mine").symlink_to(folder / "inside")
    assert len(load_model(folder).nodes) == 3
