"""Rules of bills act anew by themselves, those of metrics when the file is ingested again."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from inputs import COMPANY, bill, codes, model, read, recorded, written

import apportion as ap

Make = Callable[..., ap.Workspace]
RULE = {"when": {"column": "ServiceName", "equals": "EC2"}, "node": "farm", "dimension": "compute"}
SERVERS = {**RULE, "node": "servers"}
METRIC = "builtin:service.requestCount.total"


def placed(folder: str, *paths: Path, form: str = "focus", **company: Any) -> set[str]:
    """Where the rows lie after an ingest under a model that was edited since the last."""
    written(f"{folder}/model/company.yaml", {**COMPANY, **company})
    here = ap.Workspace(folder)
    here.ingest(form, *paths)
    return {row["node"] for row in recorded(here, "costs" if form == "focus" else "usage")}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"mapping": [SERVERS]}),
        ({"mapping": [RULE]}, {"mapping": [SERVERS]}),
        (
            {"mapping": [{**RULE, "node": "servers", "dimension": "x"}]},
            {"mapping": [{**SERVERS, "node": "database"}]},
        ),
        (
            {"mapping": [RULE]},
            {
                "mapping": [RULE],
                "nodes": [*COMPANY["nodes"], {"id": "farm", "type": "resource"}],
            },
        ),
    ],
)
def test_rules_that_were_mended_change_the_rows_of_a_bill(
    workspace: Make, before: Mapping[str, Any], after: Mapping[str, Any]
) -> None:
    folder = str(workspace(COMPANY).folder)
    path = bill("a.csv", {})
    first, again = placed(folder, path, **before), placed(folder, path, **after)
    # A repeat changes nothing; it is a run that makes them anew.
    assert again == first
    here = ap.Workspace(folder)
    (day,) = {row["date"] for row in recorded(here, "costs")}
    assert here.derive(day, day).ingest_id
    second = {row["node"] for row in recorded(here, "costs")}
    assert first != second
    assert len(second) == 1
    assert not any(node.startswith("unmapped:") for node in second)


def test_the_same_metrics_after_the_rules_were_mended_change_their_rows(workspace: Make) -> None:
    folder = str(workspace(COMPANY).folder)
    data = [{"dimensions": {}, "timestamps": [1_704_067_200_000], "values": [1]}]
    path = written("m.json", {"metrics": [{"metricId": METRIC, "data": data}]})
    for node in ("checkout", "database"):
        found = placed(folder, path, form="dynatrace", metric_nodes=[{"node": node}])
        assert found == {node}


def test_warnings_about_rules_say_that_a_run_is_enough() -> None:
    incoming = read("focus", bill("a.csv", {}))
    assert codes(incoming) == ["unmapped_cost"]
    assert incoming.report.findings[0].remedy.endswith("; the next run applies it.")
    lacking = read("focus", bill("a.csv", {}), company=model(mapping=[RULE]))
    assert codes(lacking) == ["unknown_node"]
    assert lacking.report.findings[0].remedy.endswith("; the next run applies it.")


def test_amounts_in_warnings_are_readable() -> None:
    lines = bill("a.csv", {"EffectiveCost": "13442.420000000"})
    (left,) = read("focus", lines).report.findings
    assert "No mapping rule took 1 line, 13,442.42 USD in all" in left.message
    (lacking,) = read("focus", lines, company=model(mapping=[RULE])).report.findings
    assert "Kept as unmapped: 1 line, 13,442.42 USD." in lacking.message
