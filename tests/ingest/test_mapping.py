"""Mapping rules: every operator, every combination, the first match, and what no rule takes."""

from decimal import Decimal
from typing import Any

import pytest
from inputs import amounts, bill, codes, model, read

LINES = [
    {"ServiceName": "Amazon S3", "RegionId": "eu-west-1", "Tags": '{"team": "core"}'},
    {"ServiceName": "Amazon EC2", "RegionId": "us-east-1", "Tags": '{"team": "web", "env": ""}'},
    {"ServiceName": "amazon s3", "RegionId": "NULL", "Tags": "NULL"},
    {"ServiceName": "A.azon+S3", "RegionId": "", "Tags": '{"env": "prod"}'},
    {"ServiceName": 'O\'Reilly\n"x"', "RegionId": "eu-west-12", "Tags": '{"a.b c": "1"}'},
]
"""Lines 1 to 5, told apart by their amounts: 1, 10, 100, 1000, 10000."""

SERVICE = "ServiceName"


def taken(when: dict[str, Any]) -> str:
    """The lines, by number, that a condition takes."""
    rule = {"when": when, "node": "servers", "dimension": "d"}
    lines = [{**line, "EffectiveCost": str(10**place)} for place, line in enumerate(LINES)]
    found = read("focus", bill("a.csv", *lines), company=model(mapping=[rule]))
    digits = str(amounts(found, "node").get("servers", Decimal(0)).to_integral_value())[::-1]
    return "".join(str(place) for place, digit in enumerate(digits, start=1) if digit == "1")


@pytest.mark.parametrize(
    ("when", "lines"),
    [
        ({"column": SERVICE, "equals": "Amazon S3"}, "1"),
        ({"column": SERVICE, "prefix": "O'Reilly"}, "5"),
        ({"column": SERVICE, "in": ["Amazon S3", "amazon s3", "nothing"]}, "13"),
        ({"column": SERVICE, "prefix": "Amazon"}, "12"),
        ({"column": SERVICE, "prefix": "A.azon"}, "4"),
        ({"column": SERVICE, "glob": "*S3"}, "14"),
        ({"column": SERVICE, "glob": "?.azon+*"}, "4"),
        ({"column": SERVICE, "glob": "O*"}, "5"),
        ({"column": SERVICE, "glob": "Amazon"}, ""),
        ({"column": "RegionId", "glob": "eu-west-?"}, "1"),
        ({"column": "RegionId", "exists": True}, "125"),
        ({"column": "RegionId", "exists": False}, "34"),
        ({"column": "NoSuchColumn", "exists": False}, "12345"),
        ({"tag": "team", "equals": "core"}, "1"),
        ({"tag": "team", "exists": True}, "12"),
        ({"tag": "a.b c", "equals": "1"}, "5"),
        ({"tag": "Team", "exists": True}, ""),
        ({"not": {"tag": "team", "equals": "core"}}, "2345"),
        ({"not": {"column": "RegionId", "prefix": "eu"}}, "234"),
        ({"all": [{"column": "RegionId", "prefix": "eu"}, {"tag": "team", "in": ["core"]}]}, "1"),
        ({"any": [{"column": "RegionId", "prefix": "us"}, {"tag": "env", "equals": "prod"}]}, "24"),
        ({"all": []}, "12345"),
        (
            {
                "not": {
                    "any": [
                        {"all": [{"tag": "team", "exists": True}, {"tag": "env", "exists": True}]},
                        {"column": SERVICE, "prefix": "amazon"},
                    ]
                }
            },
            "145",
        ),
    ],
    ids=str,
)
def test_what_a_condition_takes(when: dict[str, Any], lines: str) -> None:
    assert taken(when) == lines


def test_the_first_match_wins() -> None:
    mapping = [
        {"when": {"tag": "team", "equals": "core"}, "node": "database", "dimension": "first"},
        {"when": {"tag": "team", "exists": True}, "node": "servers", "dimension": "second"},
        {"node": "checkout", "dimension": "rest"},
    ]
    path = bill("a.csv", *LINES)
    forth = read("focus", path, company=model(mapping=mapping))
    assert amounts(forth, "node", "dimension") == {
        ("database", "first"): 1,
        ("servers", "second"): 1,
        ("checkout", "rest"): 3,
    }
    back = read("focus", path, company=model(mapping=mapping[::-1]))
    assert amounts(back, "node") == {"checkout": 5}
    assert [(each.lines, each.amount) for each in forth.report.mapped] == [
        (1, "1"),
        (1, "1"),
        (3, "3"),
    ]


def test_a_rule_whose_node_lacks_a_part_lets_the_next_one_try() -> None:
    mapping = [
        {"node": "{tag.node}", "dimension": "{tag.kind}-{ServiceCategory}"},
        {"node": "database", "dimension": "rest"},
    ]
    lines = [{"Tags": '{"node": "servers"}'}, {"Tags": '{"node": " "}'}, {"Tags": "NULL"}]
    found = read("focus", bill("a.csv", *lines), company=model(mapping=mapping))
    assert amounts(found, "node", "dimension") == {
        ("servers", "unknown-Compute"): 1,
        ("database", "rest"): 2,
    }


def test_what_no_rule_takes_is_seen_and_not_lost() -> None:
    lines = [
        {"ProviderName": "AWS", "EffectiveCost": "5"},
        {"ProviderName": "Microsoft", "EffectiveCost": "-2"},
        {"ProviderName": "NULL", "InvoiceIssuerName": "Oracle", "EffectiveCost": "1"},
        {"ProviderName": "NULL", "InvoiceIssuerName": "NULL", "EffectiveCost": "3"},
    ]
    lines[0]["InvoiceIssuerName"] = lines[1]["InvoiceIssuerName"] = "NULL"
    found = read("focus", bill("a.csv", *lines, without=["ServiceName"]))
    assert amounts(found, "node") == {
        "unmapped:AWS": 5,
        "unmapped:Microsoft": -2,
        "unmapped:Oracle": 1,
        "unmapped:unknown": 3,
    }
    assert [(each.node, each.amount, each.lines) for each in found.report.unmapped] == [
        ("unmapped:AWS", "5", 1),
        ("unmapped:Microsoft", "-2", 1),
        ("unmapped:Oracle", "1", 1),
        ("unmapped:unknown", "3", 1),
    ]
    assert codes(found) == ["unmapped_cost"] * 4


def test_a_rule_that_leads_nowhere_is_named_and_its_cost_kept() -> None:
    mapping = [{"node": "server", "dimension": "d"}]
    found = read("focus", bill("a.csv", {}, {}), company=model(mapping=mapping))
    assert amounts(found, "node", "dimension") == {("unmapped:AWS", "d"): 2}
    (doubt,) = found.report.findings
    assert doubt.code == "unknown_node"
    assert "leads to 'server'" in doubt.message
    assert "'servers'" in doubt.remedy


def test_a_rule_on_a_column_no_file_has_is_told() -> None:
    when = {"column": "Servicename", "equals": "x"}
    company = model(mapping=[{"when": when, "node": "servers", "dimension": "d"}])
    found = read("focus", bill("a.csv", {}), company=company)
    doubt = next(each for each in found.report.findings if each.code == "unknown_key")
    assert "'Servicename'" in doubt.message
    assert "'ServiceName'" in doubt.remedy


def test_hostile_values_stay_values() -> None:
    """Names of a bill and of rules never become part of a query."""
    nasty = "x'); DROP TABLE file_0; --"
    mapping = [
        {"when": {"column": SERVICE, "equals": nasty}, "node": "servers", "dimension": f"{nasty}"},
        {"when": {"tag": nasty, "glob": "%*'"}, "node": "database", "dimension": "{ServiceName}"},
    ]
    lines = [{SERVICE: nasty}, {"Tags": '{"' + nasty + '": "%a\'"}', SERVICE: "<b>\"'"}]
    found = read("focus", bill("a.csv", *lines), company=model(mapping=mapping))
    assert amounts(found, "node", "dimension") == {("servers", nasty): 1, ("database", "<b>\"'"): 1}
