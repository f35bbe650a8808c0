"""The kernel's quotients are exact at every size that it accepts."""

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from apportion.amounts.split import round_half_away
from apportion.attribution.kernel import SMALL, large_quotients, small_quotients


@st.composite
def _weights(draw: st.DrawFn, largest: int) -> tuple[int, int]:
    denominator = draw(st.integers(1, largest))
    return draw(st.integers(0, denominator)), denominator


def _one(quotient, amount: int, weight: int, denominator: int) -> int:
    amounts, weights, denominators = (
        np.array([value], dtype=np.int64) for value in (amount, weight, denominator)
    )
    return int(quotient(amounts, weights, denominators, weights / denominators)[0])


@given(st.integers(1 - SMALL, SMALL - 1), _weights(2**60))
def test_small_quotients_are_exact(amount: int, weights: tuple[int, int]) -> None:
    weight, denominator = weights
    expected = round_half_away(amount * weight, denominator)
    assert _one(small_quotients, amount, weight, denominator) == expected


@given(st.data())
def test_large_quotients_are_exact_wherever_their_remainder_fits(data: st.DataObject) -> None:
    amount = data.draw(st.integers(-(2**61), 2**61))
    room = int(2.0**62 / (abs(amount) * 2.0**-50 + 2))
    weight, denominator = data.draw(_weights(max(room, 1)))
    expected = round_half_away(amount * weight, denominator)
    assert _one(large_quotients, amount, weight, denominator) == expected


@given(st.integers(1, 2**49), st.integers(1, 2**58))
def test_ties_go_away_from_zero(half: int, denominator: int) -> None:
    """An odd amount over an even denominator meets the tie exactly."""
    amount = 2 * half - 1
    assert _one(small_quotients, amount, denominator, 2 * denominator) == half
    assert _one(small_quotients, -amount, denominator, 2 * denominator) == -half


def test_the_largest_amounts_are_exact() -> None:
    """Estimates are off here about once in thirty, which few made examples ever meet."""
    chance = random.Random(0)
    for quotient, largest, denominators in (
        (small_quotients, SMALL - 1, (2**59, 2**60)),
        (large_quotients, 2**61, (2**45, 2**48)),
    ):
        rows = []
        for _ in range(5000):
            denominator = chance.randint(*denominators)
            amount = chance.choice([-1, 1]) * chance.randint(largest // 2, largest)
            rows.append((amount, chance.randint(denominator // 2, denominator), denominator))
        amounts, weights, whole = np.array(rows, dtype=np.int64).T
        found = quotient(amounts, weights, whole, weights / whole).tolist()
        expected = [round_half_away(one * weight, over) for one, weight, over in rows]
        assert found == expected
        estimates = np.rint(amounts * (weights / whole)).astype(np.int64).tolist()
        off = [one for one, other in zip(estimates, expected, strict=True) if one != other]
        assert len(off) > 50
