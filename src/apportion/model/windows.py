"""Epochs: stretches of days with the same active edges (`A5`, `A6`)."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

import numpy as np

from apportion.model.days import day_number, day_of
from apportion.model.declared import Declared
from apportion.model.graph import Integers


class Epoch(NamedTuple):
    """The days from ``first`` to ``last``, both included, on which exactly ``edges`` are active.

    ``edges`` are positions in the model's edges, ascending.
    """

    first: date
    last: date
    edges: Integers


def epochs(model: Declared, start: date, end: date) -> Iterator[Epoch]:
    """Cut the days from ``start`` to ``end``, both included, where the active edges change.

    The epochs come in order and cover every day once. They are made one at a time: a year of
    daily changes over 100,000 edges would not fit in memory at once.
    """
    begin, finish = day_number(start), day_number(end)
    graph = model.graph
    reaches = (graph.first <= graph.last) & (graph.first <= finish) & (graph.last >= begin)
    candidates = np.flatnonzero(reaches)
    first, last = graph.first[candidates], graph.last[candidates]
    cuts = change_days(first, last, begin, finish)
    for number, cut in enumerate(cuts):
        until = cuts[number + 1] - 1 if number + 1 < len(cuts) else finish
        active = candidates[(first <= cut) & (last >= cut)]
        yield Epoch(day_of(cut), day_of(until), active)


def change_days(first: Integers, last: Integers, begin: int, finish: int) -> list[int]:
    """The days from ``begin`` to ``finish`` on which a set of windows changes.

    ``begin`` itself is always among them; there are none where ``finish`` comes before it.
    """
    days = np.unique(np.concatenate([np.array([begin], dtype=np.int64), first, last + 1]))
    kept: list[int] = days[(days >= begin) & (days <= finish)].tolist()
    return kept
