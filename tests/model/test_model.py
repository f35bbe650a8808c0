"""The model as its users meet it: from a dictionary, from a workspace, with warnings or errors."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from apportion.findings import ModelError, Place, Severity
from apportion.model import (
    Condition,
    ExchangeRate,
    Model,
    NodeType,
    OnZeroUsage,
    load_model,
    validate,
)

CONTRACT = """
nodes:
  - {id: eks-prod, type: platform, name: EKS production, labels: {team: core, cost_centre: 4711}}
  - {id: retail, type: product}
  - {id: checkout, type: product, part_of: [retail], archived_on: 2025-02-01, infrastructure: false}
edges:
  - source: eks-prod
    receiver: checkout
    strategy: proportional_on
    parameters: {metric: cpu_hours, segment_filter: {label: env, operator: in, values: [prod]}}
    active_from: 2024-01-01
    active_to: 2024-12-31
    on_zero_usage: retain
    overrides:
      - {dimension: egress_gb, strategy: fixed_percent, parameters: {percent: 33.3}}
      - {strategy: equal, parameters: {}}
exchange_rates:
  - {from: EUR, to: USD, date: 2024-01-01, rate: "1.0950"}
mapping:
  - when: {all: [{column: ProviderName, equals: AWS}, {tag: application, exists: true}]}
    node: "app:{tag.application}"
    dimension: "{ServiceCategory}"
  - when: {not: {any: [{label: a, glob: "x*"}, {tag: b, in: [1, "2"]}]}}
    node: retail
    dimension: b
  - {node: "unmapped:{ProviderName}", dimension: other}
metrics:
  - {id: "builtin:service.cpu.time", name: cpu_time_ms, day: max, unit: ms}
metric_nodes:
  - {when: {label: service, prefix: chk}, node: checkout}
"""
SETTINGS = 'name: acme\ncurrency: USD\nscale: 9\nfinancial_year_start: "04-01"\ntime_zone: UTC\n'
SMALL: dict[str, Any] = {
    "nodes": [{"id": "eks", "type": "platform"}, {"id": "checkout", "type": "product"}],
    "edges": [{"source": "eks", "receiver": "checkout", "strategy": "equal"}],
}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    (tmp_path / "apportion.yaml").write_text(SETTINGS)
    (tmp_path / "model" / "all.yaml").write_text(CONTRACT)
    return tmp_path


def codes(content: Any) -> list[str]:
    with pytest.raises(ModelError) as caught:
        Model.from_dict(content)
    return [finding.code for finding in caught.value.findings]


def test_what_the_contract_shows_is_read(workspace: Path) -> None:
    model = load_model(workspace)
    assert [node.id for node in model.nodes] == ["checkout", "eks-prod", "retail"]
    node = model.node("checkout")
    assert (node.type, node.part_of, node.archived_on) == (
        NodeType.PRODUCT,
        ("retail",),
        date(2025, 2, 1),
    )
    assert dict(model.node("eks-prod").labels) == {"team": "core", "cost_centre": "4711"}
    edge = model.edges[0]
    assert edge.where == Place(str(workspace / "model" / "all.yaml"), 7, 5)
    assert (edge.active_from, edge.active_to) == (date(2024, 1, 1), date(2024, 12, 31))
    assert edge.use.parameters.segment_filter.values == ("prod",)
    percent = edge.use_for("egress_gb").parameters.percent
    assert percent == Decimal("33.3")
    assert type(percent) is Decimal
    assert edge.use_for("anything").strategy == "equal"
    assert {edge.use_for(name).on_zero_usage for name in ("egress_gb", "x")} == {OnZeroUsage.RETAIN}
    assert model.exchange_rates == (
        ExchangeRate("EUR", "USD", date(2024, 1, 1), Decimal("1.0950")),
    )
    assert [rule.node for rule in model.mapping] == [
        "app:{tag.application}",
        "retail",
        "unmapped:{ProviderName}",
    ]
    assert model.mapping[0].when.parts[1] == Condition(
        "exists", (), "tag", "application", ("true",)
    )
    assert model.mapping[1].when.parts[0].parts[1].values == ("1", "2")
    assert model.mapping[2].when == Condition("all")
    assert (model.metrics[0].day, model.metric_nodes[0].node) == ("max", "checkout")
    assert (model.settings.name, model.settings.scale) == ("acme", 9)
    assert model.warnings == ()
    with pytest.raises(KeyError):
        model.node("nobody")


def test_order_of_files_lists_and_keys_does_not_matter(workspace: Path) -> None:
    whole = load_model(workspace)
    parts = CONTRACT.split("edges:\n")
    (workspace / "model" / "all.yaml").write_text(parts[0])
    (workspace / "model" / "a.yml").write_text("edges:\n" + parts[1])
    split = load_model(workspace)
    assert split.digest == whole.digest
    assert split.edges[0].where.file.endswith("a.yml")
    assert load_model(workspace / "apportion.yaml").digest == whole.digest
    one_file = workspace / "one.yaml"
    one_file.write_text(SETTINGS + CONTRACT)
    assert load_model(str(one_file)).digest == whole.digest


def test_files_that_are_no_model_are_left_alone(workspace: Path) -> None:
    before = load_model(workspace).digest
    (workspace / "model" / ".hidden.yaml").write_text("][")
    (workspace / "model" / "notes.md").write_text("][")
    (workspace / "model" / "old.yaml").mkdir()
    assert load_model(workspace).digest == before


def test_a_folder_without_settings_is_no_workspace(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent", tmp_path / "apportion.yaml"):
        with pytest.raises(ModelError) as caught:
            load_model(path)
        assert [finding.code for finding in caught.value.findings] == ["not_a_workspace"]
        assert "apportion init" in str(caught.value)


def test_a_file_that_cannot_be_opened(workspace: Path) -> None:
    secret = workspace / "model" / "secret.yaml"
    secret.write_text("nodes: []\n")
    original = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == "secret.yaml":
            raise PermissionError(13, "Permission denied")
        return original(path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "read_bytes", refuse)
        findings = validate(workspace)
    assert [finding.code for finding in findings] == ["unreadable_file"]
    assert findings[0].where.file == str(secret)


def test_a_file_that_is_too_large_is_not_read(workspace: Path) -> None:
    with (workspace / "model" / "huge.yaml").open("wb") as file:
        file.truncate(65 * 2**20)
    assert [finding.code for finding in validate(workspace)] == ["unsafe_file"]


def test_an_unreadable_file_is_not_blamed_on_the_others(workspace: Path) -> None:
    (workspace / "model" / "more.yaml").write_text(
        "edges:\n  - {source: gone, receiver: checkout, strategy: equal}\n"
    )
    (workspace / "model" / "nodes.yaml").write_text("nodes: [\n")
    assert [finding.code for finding in validate(workspace)] == ["unreadable_file"]


def test_all_errors_are_raised_together_and_warnings_after_them() -> None:
    content = {
        **SMALL,
        "scale": 3,
        "colour": "green",
        "edges": [
            {"source": "eks", "receiver": "gone", "strategy": "equal"},
            {"source": "checkout", "receiver": "checkout", "strategy": "equal"},
            {"source": "eks", "receiver": "checkout", "strategy": "by_hand"},
        ],
    }
    found = codes(content)
    assert sorted(found[:-1]) == ["self_loop", "unknown_key", "unknown_node", "unknown_strategy"]
    assert found[-1] == "coarse_scale"


def test_warnings_do_not_stop() -> None:
    model = Model.from_dict({**SMALL, "settings": {"scale": 2}})
    assert [finding.code for finding in model.warnings] == ["coarse_scale"]
    assert model.warnings[0].severity is Severity.WARNING
    assert "2 nodes" in repr(model)


def test_advice_keeps_silent_about_records_that_have_errors() -> None:
    content = {
        "nodes": [
            {"id": "rack", "type": "resource"},
            {"id": "eks", "type": "plattform"},
            {"id": "checkout", "type": "product"},
            {"id": "search", "type": "product"},
        ],
        "edges": [
            {"source": "rack", "receiver": "eks", "strategy": "equal"},
            {"source": "eks", "receiver": "checkout", "strategy": "equal"},
            {"source": "rack", "child": "search", "strategy": "equal"},
        ],
    }
    assert sorted(codes(content)) == ["missing_key", "unknown_key", "unknown_type"]


def test_a_record_of_a_dictionary_is_found_by_its_number() -> None:
    with pytest.raises(ModelError) as caught:
        Model.from_dict({**SMALL, "nodes": [*SMALL["nodes"], {"type": "product"}]})
    assert caught.value.findings[0].where == Place("<memory>", 3)


def test_settings_stand_at_the_top_or_under_settings() -> None:
    top = Model.from_dict({**SMALL, "currency": "EUR", "residual": "unallocated"})
    under = Model.from_dict({**SMALL, "settings": {"currency": "EUR", "residual": "unallocated"}})
    assert top.settings == under.settings
    assert top.digest == under.digest
    assert codes({**SMALL, "currency": "EUR", "settings": {"currency": "EUR"}}) == ["duplicate_key"]


@pytest.mark.parametrize("content", [[], "nodes", None, 7])
def test_what_is_no_mapping_is_refused(content: object) -> None:
    assert codes(content) == ["wrong_type"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (33.3, Decimal("33.3")),
        (np.float64(33.3), Decimal("33.3")),
        ("33.3", Decimal("33.3")),
        (Decimal("33.30"), Decimal("33.3")),
        (33, Decimal(33)),
        (np.int64(33), Decimal(33)),
    ],
)
def test_numbers_of_a_dictionary_are_exact(value: object, expected: Decimal) -> None:
    edge = {**SMALL["edges"][0], "strategy": "fixed_percent", "parameters": {"percent": value}}
    model = Model.from_dict({**SMALL, "edges": [edge]})
    assert model.edges[0].use.parameters.percent == expected


@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, None, [], object()])
def test_what_is_no_number_is_refused(value: object) -> None:
    edge = {**SMALL["edges"][0], "strategy": "fixed_percent", "parameters": {"percent": value}}
    assert codes({**SMALL, "edges": [edge]})[0] in (
        "parameter_out_of_range",
        "missing_parameter",
        "wrong_type",
    )


@pytest.mark.parametrize(
    ("value", "accepted"),
    [
        (date(2024, 1, 31), True),
        ("2024-01-31", True),
        (datetime(2024, 1, 31), True),  # noqa: DTZ001
        (datetime(2024, 1, 31, 12), False),  # noqa: DTZ001
        ("31/01/2024", False),
        (20240131, False),
    ],
)
def test_days_of_a_dictionary(value: object, *, accepted: bool) -> None:
    content = {**SMALL, "edges": [{**SMALL["edges"][0], "active_from": value}]}
    if accepted:
        assert Model.from_dict(content).edges[0].active_from == date(2024, 1, 31)
    else:
        assert codes(content) == ["wrong_type"]


HOSTILE = [
    "it's",
    'say "hello"',
    "Robert'); DROP TABLE nodes;--",
    "<script>alert(1)</script>",
    "{{7*7}}",
    "=cmd|' /C calc'!A0",
    "../../etc/passwd",
    "%s %n %d",
    "a -> b",
    "日本語 и 🧾",
    "[bold red]x[/]",
    "x" * 200,
]
INVISIBLE = ["a\nb", "a\tb", "\x1b[31mred", "a\x00b", "\u202eabc", "a\u200bb", "", " ", "x" * 201]


@pytest.mark.parametrize("name", HOSTILE)
def test_any_printable_text_is_an_id(name: str) -> None:
    content = {
        "nodes": [{"id": name, "type": "platform"}, {"id": "checkout", "type": "product"}],
        "edges": [{"source": name, "receiver": "checkout", "strategy": "equal"}],
    }
    model = Model.from_dict(content)
    assert model.node(name).id == name
    assert model.edges[0].source == name
    assert Model.from_dict(model.to_dict()).digest == model.digest


@pytest.mark.parametrize("name", [*INVISIBLE, 7, 7.5, True, date(2024, 1, 1), ["a"], {"a": "b"}])
def test_ids_that_cannot_be_seen_or_are_no_text_are_refused(name: object) -> None:
    found = codes({"nodes": [{"id": name, "type": "platform"}]})
    assert found == ["invalid_value" if isinstance(name, str) else "wrong_type"]


def test_no_finding_lets_a_control_character_through() -> None:
    with pytest.raises(ModelError) as caught:
        Model.from_dict(
            {
                "\x1b[2Jkey": [],
                "nodes": [
                    {"id": "\x1b[31m", "type": "\x1b[32m", "\x1b[33m": 1, "labels": {"a": "\x07"}}
                ],
                "edges": [{"source": "\x1b", "receiver": "\x1b", "strategy": "\x1b[34m"}],
            }
        )
    assert len(caught.value.findings) >= 6
    assert "\x1b" not in str(caught.value)
    assert "\x07" not in str(caught.value)


def test_a_list_of_receivers_is_one_edge_each() -> None:
    nodes = [*SMALL["nodes"], {"id": "search", "type": "product"}]
    edge = {"source": "eks", "receiver": ["search", "checkout"], "strategy": "equal"}
    model = Model.from_dict({"nodes": nodes, "edges": [edge]})
    assert [edge.receiver for edge in model.edges] == ["checkout", "search"]
    assert model.edges[0].use is model.edges[1].use
    assert codes({"nodes": nodes, "edges": [{**edge, "receiver": []}]})[0] == "invalid_value"
    twice = {**edge, "receiver": ["checkout", "checkout"]}
    assert codes({"nodes": nodes, "edges": [twice]})[0] == "overlapping_edges"
