"""Patterns of days: whole numbers, never negative, and nothing outside a window."""

from datetime import date

import numpy as np
import pytest

from apportion.demo.company.profiles import PROFILES, YEAR
from apportion.demo.days import Span, Window, about, pattern, stream


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_every_profile_is_about_an_ordinary_day(profile: str) -> None:
    weights = pattern(YEAR, PROFILES[profile], 0, stream(1, profile), Window())
    assert weights.dtype == np.int64
    assert weights.size == YEAR.count == 366
    assert weights.min() >= 0
    assert 8_500 < weights.mean() < 11_500


def test_growth_is_that_of_the_year() -> None:
    weights = pattern(YEAR, PROFILES["level"], 50, stream(1, "x"), Window())
    assert 1.45 < weights[-7:].mean() / weights[:7].mean() < 1.55


def test_a_window_has_both_its_days_and_ramps_where_asked() -> None:
    weights = pattern(
        YEAR, PROFILES["level"], 0, stream(1, "x"), Window("2024-03-01", "2024-03-31")
    )
    kept = YEAR.dates()[np.flatnonzero(weights)]
    assert [str(kept[0]), str(kept[-1])] == ["2024-03-01", "2024-03-31"]
    slow = pattern(
        YEAR, PROFILES["level"], 0, stream(1, "x"), Window("2024-03-01", "2024-12-31", 10)
    )
    begin = int(np.flatnonzero(slow)[0])
    assert str(YEAR.dates()[begin]) == "2024-03-01"
    assert 0 < slow[begin] < slow[begin + 5] < slow[begin + 20]
    assert slow[-1] < slow[-20]


def test_a_span_knows_its_months_and_its_seasons_go_on_after_december() -> None:
    span = Span(date(2023, 11, 1), date(2024, 2, 29))
    assert [month.month for month in span.months()] == [11, 12, 1, 2]
    assert (span.count, span.place("2023-11-01"), span.place(date(2024, 2, 29))) == (121, 0, 120)
    weights = pattern(span, PROFILES["commuter"], 0, stream(1, "x"), Window())
    assert weights.size == 121
    assert weights.min() > 0


def test_streams_are_apart_and_repeat() -> None:
    one, same, other = (stream(1, name).integers(0, 10**9, 50) for name in ("a", "a", "b"))
    assert (one == same).all()
    assert (one != other).any()
    assert (stream(2, "a").integers(0, 10**9, 50) != one).any()


def test_about_is_within_three_percent() -> None:
    found = [about(10**6, stream(seed, "x")) for seed in range(50)]
    assert 970_000 <= min(found) < max(found) <= 1_030_000
