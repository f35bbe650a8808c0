"""What no rule takes, which rules would take it, what carries which tag, what rules would move."""

import csv
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from apportion import Workspace
from apportion.cli.app import app
from apportion.findings import ModelError, UsageError

MODEL = """
nodes:
  - {id: eks, type: platform}
  - {id: store, type: resource}
  - {id: shop, type: product}
edges:
  - {source: eks, receiver: shop, strategy: equal, parameters: {}}
mapping:
  - {when: {column: ServiceName, equals: EC2}, node: eks, dimension: "{ServiceCategory}"}
"""
LINES = [
    # service, account, tags, effective cost
    ("EC2", "11", {"team": "core"}, "10.25"),
    ("S3", "11", {"team": "core", "node": "store"}, "3.5"),
    ("S3", "22", {"team": "web"}, "2"),
    ("RDS", "22", {}, "-0.75"),
    ("RDS", "", {}, "100"),
]
BILL = {
    "ProviderName": "AWS",
    "BillingAccountId": "9",
    "BillingPeriodStart": "2024-01-01",
    "BillingPeriodEnd": "2024-02-01",
    "ChargePeriodStart": "2024-01-05",
    "ChargePeriodEnd": "2024-01-06",
    "BillingCurrency": "USD",
    "ServiceCategory": "Any",
}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "apportion.yaml").write_text("name: a\ncurrency: USD\n")
    (tmp_path / "model").mkdir()
    (tmp_path / "model/model.yaml").write_text(MODEL)
    rows = [
        {
            **BILL,
            "ServiceName": service,
            "SubAccountId": account,
            "Tags": json.dumps(tags),
            "EffectiveCost": cost,
        }
        for service, account, tags, cost in LINES
    ]
    with (tmp_path / "bill.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    made = Workspace(tmp_path)
    made.ingest("focus", tmp_path / "bill.csv")
    return made


def said(workspace: Workspace, *words: str) -> Any:
    answer = CliRunner().invoke(app, ["-w", str(workspace.folder), *words, "--json"])
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


def test_unmapped_cost_is_told_by_what_is_asked(workspace: Workspace) -> None:
    found = workspace.unmapped(["service"])
    assert [(each.values, each.amount, each.lines) for each in found.groups] == [
        (("RDS",), Decimal("99.25"), 2),
        (("S3",), Decimal("5.5"), 2),
    ]
    assert found.total == {"USD": Decimal("104.75")}
    assert found.all_cost == {"USD": Decimal(115)}
    by_tag = workspace.unmapped(["tag.team", "account"])
    assert (("web", "22"), Decimal(2)) in [(each.values, each.amount) for each in by_tag.groups]
    told = said(workspace, "show", "unmapped", "--by", "service")
    assert told["rows"][0] == {"service": "RDS", "currency": "USD", "amount": "99.25", "lines": 2}


def test_a_name_that_lines_do_not_have_is_refused_with_the_right_one(workspace: Workspace) -> None:
    with pytest.raises(UsageError, match="servise"):
        workspace.unmapped(["servise"])


def test_days_narrow_what_is_asked(workspace: Workspace) -> None:
    told = said(workspace, "show", "unmapped", "--from", "2024-01-06", "--to", "2024-01-31")
    assert told == {"by": ["service", "account"], "rows": [], "unmapped": {}, "all_cost": {}}


def test_tags_are_told_with_the_cost_that_carries_them(workspace: Workspace) -> None:
    told = said(workspace, "show", "tags")
    assert [(row["tag"], row["values"], row["amount"]) for row in told["rows"]] == [
        ("team", 2, "15.75"),
        ("node", 1, "3.5"),
    ]
    assert told["untagged"] == {"USD": "99.25"}
    told = said(workspace, "show", "tags", "--tag", "team")
    assert [(row["value"], row["amount"]) for row in told["rows"]] == [
        ("core", "13.75"),
        ("web", "2"),
    ]


def test_rules_are_proposed_that_a_model_takes_as_they_are(workspace: Workspace) -> None:
    told = said(workspace, "map", "suggest")["rules"]
    assert told[0]["amount"] == "100"
    tagged = {"when": {"tag": "node", "exists": True}, "node": "{tag.node}"}
    rule = next(each["rule"] for each in told if each["rule"]["when"] == tagged["when"])
    rules = Path(workspace.folder) / "rules.yaml"
    rules.write_text(json.dumps({"mapping": [rule]}))
    moves = workspace.test_mapping(rules)
    assert ("unmapped:AWS", "store", Decimal("3.5")) in [
        (each.from_node, each.to_node, each.amount) for each in moves.moves
    ]


def test_what_rules_would_move_is_what_a_run_then_finds(workspace: Workspace) -> None:
    rules = Path(workspace.folder) / "rules.yaml"
    rules.write_text(MODEL[MODEL.index("mapping:") :].replace("EC2", "S3"))
    told = said(workspace, "map", "test", str(rules), "--alone")
    then = {each["node"]: each["then"] for each in told["nodes"]}
    assert then == {"eks": "5.5", "unmapped:AWS": "109.5"}
    assert sum(Decimal(each["now"]) - Decimal(each["then"]) for each in told["nodes"]) == 0
    (Path(workspace.folder) / "model/model.yaml").write_text(MODEL.replace("EC2", "S3"))
    answer = ["run", "--from", "2024-01-05", "--to", "2024-01-05"]
    after = Workspace(workspace.folder)
    assert CliRunner().invoke(app, ["-w", str(workspace.folder), *answer]).exit_code == 0
    direct = after.result().allocations
    assert Decimal("5.5") in direct["direct"].to_pylist()


def test_rules_that_cannot_be_used_are_named_with_their_line(workspace: Workspace) -> None:
    rules = Path(workspace.folder) / "rules.yaml"
    rules.write_text("mapping:\n  - {when: {colum: ServiceName, equals: EC2}, node: eks}\n")
    with pytest.raises(ModelError, match=r"rules\.yaml:2"):
        workspace.test_mapping(rules)
    with pytest.raises(ModelError, match="no such file"):
        workspace.test_mapping(Path(workspace.folder) / "none.yaml")
