"""One series of usage, summed per day and node over its window of days."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from apportion.attribution.strategy import Series
from apportion.attribution.sums import SAFE, Integers, combine, sum_by_key

_DAYS = 2**22
_GRID_CELLS = 2**21


def _factors(series: Series) -> list[int]:
    """The weight of each age in the window, as integers over one denominator."""
    up, down = series.decay.numerator, series.decay.denominator
    last = series.window_days - 1
    return [up**age * down ** (last - age) for age in range(series.window_days)]


def series_figures(
    series: Series, day: Integers, pair: Integers, value: Integers, period: tuple[int, int]
) -> tuple[Integers, Integers, Integers] | Mapping[tuple[int, int], int]:
    """Sum a series per day and pair, over its window; a mapping where 64 bits do not hold it.

    Of days and figures only those of the period that are not 0 are given.
    """
    factors = _factors(series)
    sums, row, wrapped = sum_by_key(combine([(pair, 0), (day, _DAYS)]), value)
    if wrapped.size or int(sums.max(initial=0)) * sum(factors) > SAFE:
        return wide_figures(series, day, pair, value)
    day, pair = day[row], pair[row]
    if len(factors) > 1:
        day, pair, sums = _windows(factors, day, pair, sums)
    keep = (day >= period[0]) & (day <= period[1]) & (sums > 0)
    day, pair, sums = day[keep], pair[keep], sums[keep]
    common = int(np.gcd.reduce(sums)) if sums.size else 1
    return day, pair, sums // max(common, 1)


def _windows(
    factors: Sequence[int], day: Integers, pair: Integers, value: Integers
) -> tuple[Integers, Integers, Integers]:
    """Weighted sums over the days of a window, for pairs that ascend.

    Some pairs at a time, as a grid of their days: that takes a fraction of the memory, and of the
    time, of laying all days of all windows out as rows and adding them up.
    """
    pairs, place = np.unique(pair, return_inverse=True)
    first = int(day.min(initial=0))
    width = int(day.max(initial=0)) - first + 1
    height = max(_GRID_CELLS // width, 1)
    found = []
    for low in range(0, max(pairs.size, 1), height):
        names = pairs[low : low + height]
        rows = slice(*np.searchsorted(place, [low, low + height]).tolist())
        grid = np.zeros((names.size, width), dtype=np.int64)
        grid[place[rows] - low, day[rows] - first] = value[rows]
        sums = np.zeros((names.size, width + len(factors) - 1), dtype=np.int64)
        for age, factor in enumerate(factors):
            sums[:, age : age + width] += factor * grid
        at, on = np.nonzero(sums)
        found.append((on + first, names[at], sums[at, on]))
    day, pair, value = (np.concatenate(columns) for columns in zip(*found, strict=True))
    return day, pair, value


def wide_figures(
    series: Series, day: Integers, pair: Integers, value: npt.NDArray[Any]
) -> Mapping[tuple[int, int], int]:
    """The same in unbounded integers. Loops, because it is for the few and not for the many."""
    figures: dict[tuple[int, int], int] = {}
    for age, factor in enumerate(_factors(series)):
        for one_day, one_pair, one in zip(day.tolist(), pair.tolist(), value.tolist(), strict=True):
            key = (one_day + age, one_pair)
            figures[key] = figures.get(key, 0) + factor * int(one)
    return figures
