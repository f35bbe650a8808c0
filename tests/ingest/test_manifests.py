"""Exports named by their manifest: every part is there, and is what the manifest says (`D4`)."""

import gzip
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from inputs import COMPANY, bill, fingerprint, recorded

import apportion as ap

Make = Callable[..., ap.Workspace]


@pytest.fixture
def here(workspace: Make) -> ap.Workspace:
    """A workspace that holds something already."""
    made = workspace(COMPANY)
    made.ingest("focus", bill("first.csv", {"ProviderName": "Oracle"}))
    return made


def total(workspace: ap.Workspace) -> Decimal:
    """What was added to the unit that the ledger had."""
    return sum((row["amount"] for row in recorded(workspace)), Decimal(0)) - 1


def said(workspace: ap.Workspace, path: Path) -> list[str]:
    """What is said when an export is refused, which leaves the ledger as it was."""
    before = fingerprint(workspace.folder)
    with pytest.raises(ap.IngestError) as raised:
        workspace.ingest("focus", path)
    assert fingerprint(workspace.folder) == before
    return [str(each) for each in raised.value.findings]


def azure(folder: str = "export", **changes: Any) -> Path:
    """An export of Azure of two parts, 5 and 7, with its manifest."""
    Path(folder).mkdir(exist_ok=True)
    parts = [
        bill(f"{folder}/part_0_0001.csv", {"EffectiveCost": "5"}),
        bill(f"{folder}/part_1_0001.csv", {"EffectiveCost": "4"}, {"EffectiveCost": "3"}),
    ]
    blobs = [
        {
            "blobName": f"root/daily/20240901-20240930/run/{part.name}",
            "byteCount": part.stat().st_size,
            "dataRowCount": place + 1,
        }
        for place, part in enumerate(parts)
    ]
    manifest = Path(folder) / "manifest.json"
    document = {"blobCount": 2, "dataRowCount": 3, "blobs": blobs, **changes}
    manifest.write_text(json.dumps(document), encoding="utf-8")
    return manifest


def aws(*keys: str) -> Path:
    """An export of AWS as its bucket has it, with a manifest that lists keys."""
    data = Path("bucket/focus/data/BILLING_PERIOD=2024-09")
    metadata = Path("bucket/focus/metadata/BILLING_PERIOD=2024-09")
    for folder in (data, metadata):
        folder.mkdir(parents=True)
    plain = bill("plain.csv", {"EffectiveCost": "5"}).read_bytes()
    (data / "focus-00001.csv.gz").write_bytes(gzip.compress(plain))
    manifest = metadata / "focus-Manifest.json"
    listed = keys or ("s3://ours/exports/focus/data/BILLING_PERIOD=2024-09/focus-00001.csv.gz",)
    manifest.write_text(json.dumps({"executionId": "x", "dataFiles": listed}), encoding="utf-8")
    return manifest


@pytest.mark.parametrize("named", ["export/manifest.json", "export"])
def test_all_parts_of_an_export_of_azure_come_in(named: str, here: ap.Workspace) -> None:
    azure()
    outcome = here.ingest("focus", named)
    assert [each.file for each in outcome.report.files] == [
        "export/part_0_0001.csv",
        "export/part_1_0001.csv",
    ]
    assert total(here) == 12


@pytest.mark.parametrize("named", ["", "bucket/focus"])
def test_all_parts_of_an_export_of_aws_come_in(named: str, here: ap.Workspace) -> None:
    manifest = aws()
    here.ingest("focus", named or manifest)
    assert total(here) == 5


def test_a_missing_part_is_named(here: ap.Workspace) -> None:
    manifest = azure()
    Path("export/part_1_0001.csv").unlink()
    (told,) = said(here, manifest)
    assert told == (
        "export/manifest.json: error [manifest_differs] The manifest lists "
        "'root/daily/20240901-20240930/run/part_1_0001.csv', which does not lie below its folder. "
        "Nothing was recorded. Fetch that part, too."
    )


def test_a_part_of_another_size_is_named(here: ap.Workspace) -> None:
    manifest = azure()
    with Path("export/part_0_0001.csv").open("a", encoding="utf-8") as file:
        file.write("\n")
    (told,) = said(here, manifest)
    assert told.startswith("export/part_0_0001.csv: error [manifest_differs] The part has ")


def test_a_part_with_other_lines_is_named(here: ap.Workspace) -> None:
    manifest = azure()
    document = json.loads(manifest.read_text(encoding="utf-8"))
    document["blobs"][0]["dataRowCount"] = 9
    manifest.write_text(json.dumps(document), encoding="utf-8")
    (told,) = said(here, manifest)
    assert told == (
        "export/part_0_0001.csv: error [manifest_differs] The part has 1 line; its manifest says "
        "9 lines. Nothing was recorded. Fetch it again."
    )


def test_a_part_that_is_not_listed_is_named(here: ap.Workspace) -> None:
    manifest = azure()
    bill("export/part_2_0001.csv", {"EffectiveCost": "9"})
    (told,) = said(here, manifest)
    assert told.startswith("export/part_2_0001.csv: error [manifest_differs] The file lies with")


@pytest.mark.parametrize(
    "name",
    [
        "../first.csv",
        "/etc/passwd",
        "a/../../first.csv",
        "..",
        "",
        "a\\first.csv",
        "a\0b",
        "linked.csv",
        "x" * 5000,
        "a/" * 5000 + "b",
        5,
        None,
    ],
)
def test_no_name_leads_out_of_the_folder(name: object, here: ap.Workspace) -> None:
    manifest = azure(blobs=[{"blobName": name}])
    Path("export/linked.csv").symlink_to(Path("first.csv").resolve())
    (told,) = said(here, manifest)
    assert "does not lie below its folder" in told


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, "{}", '{"blobs": []}'])
def test_what_is_no_manifest_is_refused(text: str, here: ap.Workspace) -> None:
    manifest = azure()
    manifest.write_text(text, encoding="utf-8")
    (told,) = said(here, manifest)
    assert "The manifest" in told


def test_an_export_that_overwrites_is_all_there_is(here: ap.Workspace) -> None:
    later = {"ChargePeriodStart": "2024-09-05", "ChargePeriodEnd": "2024-09-06"}
    here.ingest("focus", bill("before.csv", {}, {**later, "EffectiveCost": "50"}))
    (told,) = said(here, azure(exportConfig={"dataOverwriteBehavior": "CreateNewReport"}))
    assert "[unsaid_replacement]" in told
    here.ingest("focus", azure(exportConfig={"dataOverwriteBehavior": "OverwritePreviousReport"}))
    assert total(here) == 12
