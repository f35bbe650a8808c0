"""The conserving split alone, and with thousands of siblings through the engine (`A2`)."""

import random
from fractions import Fraction

import pytest
from companies_made import START as DAY
from companies_made import Company
from engine import attribute
from hypothesis import assume, given
from hypothesis import strategies as st
from oracle.recorded import LARGEST
from oracle.same_rounding import split as oracle_split
from oracle.shares import Kind, Share, Shares

from apportion.amounts import decimal_text, split
from effort import effort

AMOUNTS = st.one_of(
    st.integers(-LARGEST, LARGEST),
    st.integers(-100, 100),
    st.sampled_from([LARGEST, -LARGEST, LARGEST - 1, 2**53 + 1, 10**18 + 1]),
)
WEIGHTS = st.one_of(st.integers(0, 10), st.integers(0, 2**62), st.just(0))


def require_split(amount: int, weights: list[int], retained: int, parts: list[int]) -> None:
    """The sum is exact, each part less than a unit off, and nothing goes to a weight of 0."""
    whole = sum(weights) + retained
    assert len(parts) == len(weights) + 1
    assert sum(parts) == amount
    for part, weight in zip(parts, [*weights, retained], strict=True):
        # Without fractions, which are slow: |part - amount * weight / whole| < 1.
        assert abs(part * whole - amount * weight) < whole
        assert weight or not part


@effort(3000)
@given(AMOUNTS, st.lists(WEIGHTS, max_size=12), WEIGHTS)
def test_a_split_conserves(amount: int, weights: list[int], retained: int) -> None:
    assume(sum(weights) + retained > 0)
    parts = split(amount, weights, retained)
    require_split(amount, weights, retained, parts)
    assert split(-amount, weights, retained) == [-part for part in parts]


@effort(1500)
@given(AMOUNTS, st.lists(WEIGHTS, min_size=1, max_size=8), WEIGHTS)
def test_a_split_is_that_of_the_rules(amount: int, weights: list[int], retained: int) -> None:
    whole = sum(weights) + retained
    assume(whole > 0)
    shares = tuple(Share(Kind.PLAIN, Fraction(weight, whole)) for weight in weights)
    expected, exceeds = oracle_split(amount, Shares(shares, frozenset()))
    assert not exceeds
    assert split(amount, weights, retained) == [*expected, amount - sum(expected)]


@effort(25)
@given(AMOUNTS, st.integers(1, 5000), st.integers(1, 2**40), st.integers(0, 2**32 - 1))
def test_thousands_of_siblings(amount: int, count: int, largest: int, seed: int) -> None:
    dice = random.Random(seed)
    weights = [dice.randint(0, largest) for _ in range(count)]
    retained = dice.choice([0, 1, largest])
    assume(sum(weights) + retained > 0)
    parts = split(amount, weights, retained)
    require_split(amount, weights, retained, parts)
    assert split(-amount, weights, retained) == [-part for part in parts]


@effort(500)
@given(AMOUNTS, st.lists(st.integers(1, 50), min_size=1, max_size=8), st.integers(2, 10**6))
def test_only_the_ratio_of_weights_counts(amount: int, weights: list[int], factor: int) -> None:
    assert split(amount, [weight * factor for weight in weights]) == split(amount, weights)


def test_nobody_and_one() -> None:
    assert split(LARGEST, [], 1) == [LARGEST]
    assert split(-7, [3]) == [-7, 0]
    assert split(0, [1, 2], 3) == [0, 0, 0]


@pytest.mark.parametrize(("weights", "retained"), [([], 0), ([0, 0], 0), ([1, -1], 5), ([1], -1)])
def test_what_cannot_be_divided_by_is_refused(weights: list[int], retained: int) -> None:
    with pytest.raises(ValueError, match=r"negative|zero"):
        split(1, weights, retained)


def _wide(dice: random.Random, count: int, units: int, most: int) -> Company:
    """One source with many receivers, edges and usage in no order."""
    names = [f"p{place:04d}" for place in range(count)]
    edges = [
        {
            "source": "s",
            "receiver": name,
            "strategy": "proportional_on",
            "parameters": {"metric": "calls"},
        }
        for name in dice.sample(names, count)
    ]
    usage = [
        {"node": name, "date": DAY, "metric": "calls", "value": str(value), "labels": {}}
        for name in dice.sample(names, count)
        if (value := dice.randint(0, most))
    ]
    nodes = [{"id": "s", "type": "shared"}, *({"id": name, "type": "product"} for name in names)]
    cost = {"node": "s", "date": DAY, "dimension": "x", "amount": decimal_text(units, 9)}
    return Company(
        {"currency": "USD", "nodes": dice.sample(nodes, len(nodes)), "edges": edges},
        [{**cost, "currency": ""}],
        usage,
        DAY,
        DAY,
    )


@effort(8)
@given(AMOUNTS, st.integers(1, 5000), st.sampled_from([3, 10**4, 10**9]), st.integers(0, 2**32))
def test_the_engine_splits_by_id_among_thousands(
    amount: int, count: int, most: int, seed: int
) -> None:
    assume(amount != 0)
    company = _wide(random.Random(seed), count, amount, most)
    used = {row["node"]: int(row["value"]) for row in company.usage}
    weights = [used.get(f"p{place:04d}", 0) for place in range(count)]
    answer = attribute(company)
    if not any(weights):
        weights = [1] * count
    parts = [row.amount for row in answer.contributions]
    assert [row.receiver for row in answer.contributions] == [
        f"p{place:04d}" for place in range(count)
    ]
    require_split(amount, weights, 0, [*parts, 0])
    assert [*parts, 0] == split(amount, weights)
