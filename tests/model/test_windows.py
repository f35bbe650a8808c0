"""Epochs and windows against a day-by-day reading of the same rules."""

from datetime import date, timedelta
from itertools import pairwise
from types import GeneratorType

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from apportion.model import Edge, Model, Node, NodeType, StrategyUse, epochs
from apportion.model.days import (
    BEGINNING,
    END,
    day_number,
    day_of,
    intersect_spans,
    merge_spans,
    span_of,
    span_text,
)
from effort import effort

FIRST = date(2024, 2, 20)
EQUAL = StrategyUse("equal", None)
days = st.integers(0, 14).map(lambda count: FIRST + timedelta(days=count))
open_days = st.none() | days
edges = st.lists(
    st.builds(
        Edge,
        source=st.sampled_from("abc"),
        receiver=st.sampled_from("xyz"),
        use=st.just(EQUAL),
        active_from=open_days,
        active_to=open_days,
    ),
    max_size=8,
)
archives = st.dictionaries(st.sampled_from("abcxyz"), days)


def model_of(edge_list: list[Edge], archived: dict[str, date]) -> Model:
    nodes = tuple(Node(n, NodeType.SHARED, archived_on=archived.get(n)) for n in "abcxy")
    return Model(nodes=nodes, edges=tuple(edge_list))


def is_active(edge: Edge, archived: dict[str, date], day: date) -> bool:
    if edge.active_from is not None and day < edge.active_from:
        return False
    if edge.active_to is not None and day > edge.active_to:
        return False
    # z is not declared, so its archive is not known either.
    ends = [archived[end] for end in (edge.source, edge.receiver) if end in archived and end != "z"]
    return all(day < end for end in ends)


@given(edges, archives, days, days)
@effort(300)
def test_every_day_is_in_one_epoch_with_exactly_its_active_edges(
    edge_list: list[Edge], archived: dict[str, date], start: date, end: date
) -> None:
    found = list(epochs(model_of(edge_list, archived), start, end))
    covered: list[date] = []
    for epoch in found:
        day = epoch.first
        assert epoch.first <= epoch.last
        while day <= epoch.last:
            covered.append(day)
            active = [
                place for place, edge in enumerate(edge_list) if is_active(edge, archived, day)
            ]
            assert epoch.edges.tolist() == active
            day += timedelta(days=1)
    expected = (end - start).days + 1
    assert covered == [start + timedelta(days=count) for count in range(max(expected, 0))]


def test_epochs_are_as_few_as_the_changes_and_made_one_at_a_time() -> None:
    year = [
        Edge("a", "x", EQUAL, active_from=date(2024, 2, 1), active_to=date(2024, 2, 29)),
        Edge("a", "y", EQUAL),
    ]
    found = epochs(model_of(year, {}), date(2024, 1, 1), date(2024, 12, 31))
    assert isinstance(found, GeneratorType)
    assert [(epoch.first, epoch.last, epoch.edges.tolist()) for epoch in found] == [
        (date(2024, 1, 1), date(2024, 1, 31), [1]),
        (date(2024, 2, 1), date(2024, 2, 29), [0, 1]),
        (date(2024, 3, 1), date(2024, 12, 31), [1]),
    ]


def test_a_window_that_holds_no_day_cuts_no_epoch() -> None:
    never = [Edge("a", "x", EQUAL, active_from=date(2024, 1, 20))]
    model = model_of(never, {"x": date(2024, 1, 10)})
    found = list(epochs(model, date(2024, 1, 1), date(2024, 1, 31)))
    assert [(epoch.first.day, epoch.last.day, epoch.edges.size) for epoch in found] == [(1, 31, 0)]


def test_an_archive_ends_an_edge_the_day_before() -> None:
    model = model_of([Edge("a", "x", EQUAL)], {"a": date(2024, 1, 10)})
    assert model.graph.last.tolist() == [day_number(date(2024, 1, 9))]
    assert model.graph.declared_last.tolist() == [END]


def test_the_whole_calendar_is_one_epoch_of_open_windows() -> None:
    model = model_of([Edge("a", "x", EQUAL)], {})
    found = list(epochs(model, date.min, date.max))
    assert [(epoch.first, epoch.last) for epoch in found] == [(date.min, date.max)]
    assert found[0].edges.dtype == np.int64


@given(st.dates())
def test_numbers_of_days_lead_back(day: date) -> None:
    assert day_of(day_number(day)) == day


spans = st.lists(
    st.tuples(st.integers(0, 20), st.integers(0, 6)).map(lambda pair: (pair[0], sum(pair))),
    max_size=6,
)


@given(spans, spans)
def test_spans_hold_the_days_that_sets_would(
    ours: list[tuple[int, int]], theirs: list[tuple[int, int]]
) -> None:
    def all_days(windows: list[tuple[int, int]]) -> set[int]:
        return {day for first, last in windows for day in range(first, last + 1)}

    merged = merge_spans(ours)
    assert all_days(merged) == all_days(ours)
    assert all(one[1] + 1 < other[0] for one, other in pairwise(merged))
    assert all_days(intersect_spans(ours, theirs)) == all_days(ours) & all_days(theirs)


def test_spans_in_words() -> None:
    assert span_text((BEGINNING, END)) == "on every day"
    assert span_text(span_of(None, date(2024, 1, 31))) == "until 2024-01-31"
    assert span_text(span_of(date(2024, 1, 31), None)) == "from 2024-01-31 on"
    assert span_text(span_of(date(2024, 1, 31), date(2024, 1, 31))) == "on 2024-01-31"
