"""Strategies and parameters: typed once for each content, explained where they are wrong."""

from decimal import Decimal
from typing import Any

import pytest

from apportion import plugins
from apportion.findings import ModelError
from apportion.model import Model, Node, NodeType

NODES = [
    {"id": "eks", "type": "platform"},
    {"id": "a", "type": "product"},
    {"id": "b", "type": "product"},
]


def model(*uses: dict[str, Any]) -> Model:
    edges = [
        {"source": "eks", "receiver": receiver, **use}
        for receiver, use in zip("ab", uses, strict=False)
    ]
    nodes = NODES[: len(uses) + 1]
    return Model.from_dict({"nodes": nodes, "edges": edges})


def codes(strategy: str, parameters: Any) -> list[str]:
    with pytest.raises(ModelError) as caught:
        model({"strategy": strategy, "parameters": parameters})
    return [finding.code for finding in caught.value.findings]


def test_every_registered_strategy_says_what_it_lacks() -> None:
    strategies = plugins.registered(plugins.STRATEGIES)
    assert len(strategies) >= 10
    needy = [name for name in strategies if name not in ("equal", "remainder")]
    for name in needy:
        assert set(codes(name, {})) == {"missing_parameter"}
    for name in strategies:
        assert "unknown_parameter" in codes(name, {"colour": "green"})


def test_the_same_use_is_the_same_object() -> None:
    same = model(
        {"strategy": "fixed_percent", "parameters": {"percent": 20}},
        {"strategy": "fixed_percent", "parameters": {"percent": "20.0"}},
    )
    assert same.edges[0].use is same.edges[1].use
    apart = model(
        {"strategy": "fixed_percent", "parameters": {"percent": 20}, "on_zero_usage": "retain"},
        {"strategy": "fixed_percent", "parameters": {"percent": 20}},
    )
    assert apart.edges[0].use != apart.edges[1].use


def test_a_number_and_a_boolean_that_compare_equal_are_not_mixed_up() -> None:
    right = {"strategy": "weighted_average", "parameters": {"metric": "cpu", "window_days": 1}}
    wrong = {"strategy": "weighted_average", "parameters": {"metric": "cpu", "window_days": True}}
    for uses in ((right, wrong), (wrong, right)):
        with pytest.raises(ModelError) as caught:
            model(*uses)
        assert [finding.code for finding in caught.value.findings] == ["parameter_out_of_range"]


def test_the_policy_of_an_edge_is_that_of_its_overrides_unless_they_have_one() -> None:
    edge = model(
        {
            "strategy": "equal",
            "on_zero_usage": "error",
            "overrides": [
                {"dimension": "x", "strategy": "equal"},
                {"dimension": "y", "strategy": "equal", "on_zero_usage": "retain"},
            ],
        }
    ).edges[0]
    assert [str(edge.use_for(name).on_zero_usage) for name in ("x", "y", "z")] == [
        "error",
        "retain",
        "error",
    ]


def test_label_values_mean_what_was_written() -> None:
    values = [True, 1, "1.0"]
    parameters = {"metric": "cpu", "segment_filter": {"label": "env", "values": values}}
    use = model({"strategy": "proportional_on", "parameters": parameters}).edges[0].use
    assert use.parameters.segment_filter.values == ("true", "1", "1.0")


@pytest.mark.parametrize(
    ("strategy", "parameters", "expected"),
    [
        ("fixed_percent", {"percent": 101}, ["parameter_out_of_range"]),
        ("fixed_percent", {"percent": 1, "fraction": 1}, ["parameter_out_of_range"]),
        ("fixed_percent", {"percent": "1e-31"}, ["parameter_out_of_range"]),
        ("fixed_percent", {"percent": Decimal("sNaN")}, ["parameter_out_of_range"]),
        ("weighted_average", {"metric": "a", "decay": "1e-99999999"}, ["parameter_out_of_range"]),
        ("weighted_average", {"metric": "a", "decay": 0}, ["parameter_out_of_range"]),
        ("fixed_percent", "half", ["wrong_type"]),
        ("fixed_percent", ["half"], ["wrong_type"]),
        ("fixed_percent", {"percent": {1, 2}}, ["wrong_type"]),
        ("equal", {7: "x"}, ["unknown_parameter"]),
        ("by_hand", {}, ["unknown_strategy"]),
        (
            "proportional_on",
            {"metrik": "cpu", "segment_filter": {"lable": "x", "values": ["y"]}},
            ["missing_parameter", "missing_parameter", "unknown_parameter", "unknown_parameter"],
        ),
    ],
)
def test_what_is_wrong_is_named(strategy: str, parameters: Any, expected: list[str]) -> None:
    assert sorted(codes(strategy, parameters)) == expected


def test_parameters_nested_without_end() -> None:
    endless: dict[str, Any] = {}
    endless["metric"] = endless
    assert codes("proportional_on", endless) == ["parameter_out_of_range"]


@pytest.mark.parametrize(
    ("strategy", "parameters", "count"),
    [
        ("fixed_percent", {"percent": "0.5"}, 1),
        ("fixed_percent", {"percent": 0}, 0),
        ("fixed_percent", {"percent": 1}, 0),
        ("fixed_percent", {"fraction": "0.5"}, 0),
        ("capped_proportional", {"metric": "a", "cap_percent": "0.4"}, 1),
        ("min_floor_proportional", {"metric": "a", "min_floor_percent": "0.1"}, 1),
        ("hybrid_fixed_proportional", {"metric": "a", "fixed_percent": "0.2"}, 1),
    ],
)
def test_percents_that_look_like_fractions(
    strategy: str, parameters: dict[str, Any], count: int
) -> None:
    warnings = model({"strategy": strategy, "parameters": parameters}).warnings
    assert [finding.code for finding in warnings] == ["percent_looks_like_fraction"] * count
    for finding in warnings:
        assert "percent, not" in finding.message


def test_a_strategy_of_another_package_is_typed_by_its_own_parameters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from pydantic import BaseModel, ConfigDict

    class Tiers(BaseModel):
        model_config = ConfigDict(frozen=True, extra="forbid")
        steps: tuple[int, ...]

    class Tiered:
        name, parameters, rest = "tiered", Tiers, "nobody"

    own = plugins.registered

    def registered(kind: plugins.Kind) -> dict[str, Any]:
        return {**own(kind), "tiered": Tiered}

    monkeypatch.setattr(plugins, "registered", registered)
    found = model({"strategy": "tiered", "parameters": {"steps": [1, 2]}})
    assert found.edges[0].use.parameters == Tiers(steps=(1, 2))
    assert Model.from_dict(found.to_dict()).digest == found.digest
    assert codes("tiered", {"steps": ["x"]}) == ["parameter_out_of_range"]


def test_records_know_what_is_infrastructure() -> None:
    assert Node("a", NodeType.PRODUCT, infrastructure=True).is_infrastructure
    assert not Node("a", NodeType.PRODUCT).is_infrastructure
