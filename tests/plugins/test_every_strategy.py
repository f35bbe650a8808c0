"""What must hold of every registered strategy, found by looking and not by listing."""

import doctest
import importlib
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from apportion import plugins
from apportion.attribution.strategy import Siblings, Strategy

STRATEGIES: dict[str, Strategy] = dict(plugins.registered(plugins.STRATEGIES))
EXAMPLES: dict[str, Any] = {
    "metric": "calls",
    "percent": 25,
    "cap_percent": 40,
    "fixed_percent": 30,
    "min_floor_percent": 10,
    "segment_filter": {"label": "env", "values": ["prod"]},
}


def _example(strategy: Strategy) -> Any:
    names = strategy.parameters.model_fields
    given = {name: value for name, value in EXAMPLES.items() if name in names}
    return strategy.parameters(**given)


def test_there_are_strategies() -> None:
    assert len(STRATEGIES) >= 10


@pytest.mark.parametrize("name", STRATEGIES)
def test_its_module_bears_its_name_and_its_doctest_passes(name: str) -> None:
    module = importlib.import_module(f"apportion.attribution.strategies.{name}")
    assert module.STRATEGY is STRATEGIES[name]
    outcome = doctest.testmod(module)
    assert outcome.attempted > 0
    assert outcome.failed == 0


@pytest.mark.parametrize("name", STRATEGIES)
def test_its_parameters_are_frozen_and_hashable(name: str) -> None:
    parameters = _example(STRATEGIES[name])
    assert hash(parameters) == hash(_example(STRATEGIES[name]))
    with pytest.raises(ValueError, match="frozen"):
        parameters.metric = "other"


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("usages", [(3, 0, 7), (1, 1, 1), (0, 0, 5), (10**6, 1, 0)])
@pytest.mark.parametrize("kind", [np.int64, object])
def test_shares_lie_between_none_and_all(name: str, usages: tuple[int, ...], kind: type) -> None:
    strategy = STRATEGIES[name]
    usage = np.array(usages, dtype=kind)
    ones = usage * 0 + 1
    ratios = tuple(
        (ones * ratio.numerator, ones * ratio.denominator) for ratio in _example(strategy).ratios()
    )
    siblings = Siblings(ones * len(usages), usage, ones * sum(usages), ratios)
    numerators, denominators = strategy.weights(siblings)
    shares = [
        Fraction(int(above), int(below))
        for above, below in zip(numerators, denominators, strict=True)
    ]
    assert all(0 <= share <= 1 for share in shares)
    assert sum(shares) <= 1


@pytest.mark.parametrize("name", STRATEGIES)
def test_it_explains_itself(name: str) -> None:
    strategy = STRATEGIES[name]
    assert strategy.summary.endswith(".")
    assert strategy.formula
    sentence = strategy.sentence.format(
        source="db", receiver="shop", share="25 %", **_example(strategy).model_dump()
    )
    assert "shop" in sentence
