"""Amounts as text, as Arrow decimals, and rounded for people (`A1`, `A3`)."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st
from oracle.recorded import LARGEST, half_away

from apportion.amounts import decimal_text, format_shown, round_shown
from apportion.amounts.columns import arrow_to_units, units_to_arrow
from effort import effort

UNITS = st.one_of(st.integers(-LARGEST, LARGEST), st.integers(-1000, 1000))
SCALES = st.integers(2, 9)


@effort(1000)
@given(UNITS, SCALES)
def test_text_is_exact(units: int, scale: int) -> None:
    text = decimal_text(units, scale)
    assert Fraction(text) == Fraction(units, 10**scale)
    assert len(text.partition(".")[2]) == scale


@effort(400)
@given(st.lists(UNITS, max_size=30), SCALES, st.integers(0, 5))
def test_arrow_and_back(units: list[int], scale: int, skipped: int) -> None:
    column = units_to_arrow(np.array(units, dtype=np.int64), scale)
    assert column.type == pa.decimal128(38, scale)
    assert column.to_pylist() == [Decimal(decimal_text(each, scale)) for each in units]
    back, overflow = arrow_to_units(pa.chunked_array([column]).slice(skipped), scale)
    assert back.tolist() == units[skipped:]
    assert not overflow.any()


@effort(400)
@given(st.lists(st.integers(-(10**28), 10**28), min_size=1, max_size=20))
def test_arrow_amounts_beyond_64_bits_are_marked(units: list[int]) -> None:
    values = pa.array([Decimal(each) for each in units], pa.decimal128(38, 0))
    back, overflow = arrow_to_units(values, 0)
    assert overflow.tolist() == [abs(each) > LARGEST for each in units]
    assert back.tolist() == [0 if abs(each) > LARGEST else each for each in units]


ROWS = st.lists(st.one_of(UNITS, st.integers(-(10**11), 10**11)), max_size=40)


@effort(2000)
@given(ROWS, SCALES, st.sampled_from([0, 2, 3]))
def test_shown_rows_sum_to_the_total_shown(rows: list[int], scale: int, decimals: int) -> None:
    shown = round_shown(rows, scale, decimals)
    step = Fraction(10) ** (scale - decimals)
    assert len(shown) == len(rows)
    assert sum(shown) == half_away(sum(rows) / step)
    assert all(abs(value - row / step) < 1 for value, row in zip(shown, rows, strict=True))


@effort(1000)
@given(ROWS, SCALES, st.sampled_from([0, 2, 3]))
def test_the_missing_steps_go_where_most_was_lost(
    rows: list[int], scale: int, decimals: int
) -> None:
    step = Fraction(10) ** (scale - decimals)
    shown = round_shown(rows, scale, decimals)
    lost = [row / step - row // step for row in rows]
    raised = [value > row // step for value, row in zip(shown, rows, strict=True)]
    keys = [(-each, place) for place, each in enumerate(lost)]
    assert max((key for key, up in zip(keys, raised, strict=True) if up), default=(-1, -1)) < min(
        (key for key, up in zip(keys, raised, strict=True) if not up), default=(1, 0)
    )
    assert not any(up and not each for up, each in zip(raised, lost, strict=True))


@effort(1000)
@given(UNITS, st.integers(0, 4))
def test_figures_for_people_read_back(value: int, decimals: int) -> None:
    text = format_shown(value, decimals)
    assert Fraction(text.replace(",", "")) == Fraction(value, 10**decimals)
    whole = text.lstrip("-").partition(".")[0].split(",")
    assert [len(group) for group in whole[1:]] == [3] * (len(whole) - 1)
    assert 1 <= len(whole[0]) <= 3
    assert (value < 0) == text.startswith("-")
