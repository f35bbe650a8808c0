"""Charges over several days, against the rule written once more in plain fractions (`A2`)."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from apportion.derive.spread import DAY, LONGEST, spread

GREATEST = 2**63 - 1
amounts = st.integers(-GREATEST, GREATEST) | st.integers(-5, 5)
begins = st.integers(0, 80_000 * DAY) | st.integers(0, 80_000).map(lambda day: day * DAY)
lengths = (
    st.integers(0, 3 * DAY)
    | st.integers(0, 40).map(lambda days: days * DAY)
    | st.just(LONGEST)
    | st.integers(0, LONGEST)
)
charges = st.tuples(amounts, begins, lengths)


def away_from_zero(value: Fraction) -> int:
    size = int(abs(value) + Fraction(1, 2))
    return -size if value < 0 else size


def divided(amount: int, start: int, length: int) -> list[tuple[int, int]]:
    """The days of a charge and what falls on each: differences of rounded cumulative shares."""
    end = start + length
    first, last = start // DAY, max((end - 1) // DAY, start // DAY)
    parts, reached = [], 0
    for day in range(first, last + 1):
        covered = Fraction(min((day + 1) * DAY, end) - start, length) if length else Fraction(1)
        upto = away_from_zero(amount * covered)
        parts.append((day, upto - reached))
        reached = upto
    return parts


def answer(given_charges: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    units, start, length = (
        np.array(column, np.int64) for column in zip(*given_charges, strict=True)
    )
    parts = spread(units, start, start + length)
    columns = (column.tolist() for column in (parts.charge, parts.day, parts.units))
    return list(zip(*columns, strict=True))


@given(st.lists(charges.filter(lambda charge: charge[2] < 400 * DAY), min_size=1, max_size=4))
def test_it_is_the_rule(given_charges: list[tuple[int, int, int]]) -> None:
    expected = [
        (place, day, part)
        for place, charge in enumerate(given_charges)
        for day, part in divided(*charge)
    ]
    assert answer(given_charges) == expected


@given(charges)
def test_parts_sum_to_the_amount_and_a_credit_is_the_mirror(charge: tuple[int, int, int]) -> None:
    amount, start, length = charge
    parts = answer([charge])
    assert sum(part for _, _, part in parts) == amount
    assert answer([(-amount, start, length)]) == [(n, day, -part) for n, day, part in parts]


@given(charges)
def test_every_part_is_less_than_a_unit_off(charge: tuple[int, int, int]) -> None:
    amount, start, length = charge
    end = start + length
    for _, day, part in answer([charge])[:50]:
        covered = min((day + 1) * DAY, end) - max(day * DAY, start)
        ideal = Fraction(amount * covered, length) if length else Fraction(amount)
        assert abs(part - ideal) < 1
