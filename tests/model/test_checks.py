"""The checks of whole models, against definitions that look at one day after the other."""

from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction
from itertools import combinations, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apportion.findings import Finding
from apportion.model.build import build
from apportion.model.checks import CHECKS, cycles, fixed_shares, overlapping_windows
from apportion.model.checks import conflicting_rest as rest
from apportion.model.declared import Declared
from apportion.model.raw import RawSettings
from effort import effort

FIRST = date(2024, 1, 1)
DAYS = [FIRST + timedelta(days=count) for count in range(-1, 14)]
days = st.none() | st.sampled_from(DAYS[1:-1])
NAMES = "abcde"
NOTHING_MORE = st.just({})


def declared(edges: Iterable[dict[str, Any]], **lists: Any) -> Declared:
    findings: list[Finding] = []
    nodes = [{"id": name, "type": "platform"} for name in NAMES]
    model = build(RawSettings(), {"nodes": nodes, "edges": list(edges), **lists}, findings)
    assert findings == []
    return model


@st.composite
def edge_lists(draw: st.DrawFn, uses: Any = NOTHING_MORE) -> list[dict[str, Any]]:
    edges = []
    for _ in range(draw(st.integers(0, 9))):
        source, receiver = draw(st.sampled_from(list(combinations(NAMES, 2))))
        if draw(st.booleans()):
            source, receiver = receiver, source
        edge = {
            "source": source,
            "receiver": receiver,
            "strategy": "equal",
            "active_from": draw(days),
            "active_to": draw(days),
        }
        edges.append({**edge, **draw(uses)})
    return edges


def is_active(edge: dict[str, Any], day: date) -> bool:
    first, last = edge["active_from"] or date.min, edge["active_to"] or date.max
    return bool(first <= day <= last)


def has_circle(pairs: set[tuple[str, str]]) -> bool:
    left = set(pairs)
    while left:
        dead = {pair for pair in left if pair[1] not in {source for source, _ in left}}
        if not dead:
            return True
        left -= dead
    return False


@given(edge_lists())
@effort(400)
def test_a_circle_is_found_on_exactly_the_days_that_have_one(edges: list[dict[str, Any]]) -> None:
    found = list(cycles.check(declared(edges)))
    for day in DAYS:
        pairs = {(edge["source"], edge["receiver"]) for edge in edges if is_active(edge, day)}
        said = [finding for finding in found if _says(finding, day)]
        assert bool(said) == has_circle(pairs)
        for finding in said:
            circle = finding.details["cycle"]
            assert circle[0] == circle[-1] == min(circle)
            assert set(pairwise(circle)) <= pairs
            assert " -> ".join(circle) in finding.message


def _says(finding: Finding, day: date) -> bool:
    words = str(finding.details["days"]).split()
    if words == ["on", "every", "day"]:
        return True
    named = [date.fromisoformat(word) for word in words if word[0].isdigit()]
    if words[0] == "until":
        return day <= named[0]
    if words[0] == "on":
        return day == named[0]
    return named[0] <= day and (words[-1] == "on" or day <= named[1])


@given(edge_lists())
@effort(300)
def test_overlaps(edges: list[dict[str, Any]]) -> None:
    found = list(overlapping_windows.check(declared(edges)))
    expected = False
    for one, other in combinations(edges, 2):
        same = (one["source"], one["receiver"]) == (other["source"], other["receiver"])
        expected |= same and any(is_active(one, day) and is_active(other, day) for day in DAYS)
    assert bool(found) == expected


def test_every_later_window_that_a_long_one_covers_is_named() -> None:
    def edge(first: int, last: int) -> dict[str, Any]:
        window = {"active_from": date(2024, 1, first), "active_to": date(2024, 1, last)}
        return {"source": "a", "receiver": "b", "strategy": "equal", **window}

    model = declared([edge(1, 30), edge(2, 3), edge(5, 6), edge(8, 9)])
    assert len(list(overlapping_windows.check(model))) == 3
    assert list(overlapping_windows.check(declared([edge(1, 3), edge(4, 6)]))) == []


percents = st.sampled_from(["10", "33.3", "33.4", "50", "66.7", "100"])
fixed = percents.map(lambda text: {"strategy": "fixed_percent", "parameters": {"percent": text}})
overridden = st.builds(
    lambda own, override: {**own, "overrides": [{"dimension": "ram", **override}]}, fixed, fixed
)


@given(edge_lists(fixed | overridden | st.just({})))
@effort(300)
def test_fixed_shares_above_the_whole(edges: list[dict[str, Any]]) -> None:
    found = list(fixed_shares.check(declared(edges)))
    for source in NAMES:
        for dimension in (None, "ram"):
            for day in DAYS[:-1]:
                total = sum(
                    (
                        _fixed_share(edge, dimension)
                        for edge in edges
                        if edge["source"] == source and is_active(edge, day)
                    ),
                    Fraction(0),
                )
                said = [finding for finding in found if _covers(finding, source, dimension, day)]
                named = dimension is None or any(
                    edge["source"] == source and "overrides" in edge for edge in edges
                )
                assert len(said) == (1 if total > 1 and named else 0)


def _fixed_share(edge: dict[str, Any], dimension: str | None) -> Fraction:
    use = edge["overrides"][0] if dimension and "overrides" in edge else edge
    percent = use.get("parameters", {}).get("percent", "0")
    return Fraction(percent) / 100


def _covers(finding: Finding, source: str, dimension: str | None, day: date) -> bool:
    details = finding.details
    where = details["source"], details["dimension"]
    return where == (source, dimension) and details["first"] <= day <= details["last"]


def test_thirds_in_sixteen_digits_are_left_to_the_run() -> None:
    def edge(receiver: str, fraction: float) -> dict[str, Any]:
        parameters = {"fraction": fraction}
        return {
            "source": "a",
            "receiver": receiver,
            "strategy": "fixed_percent",
            "parameters": parameters,
        }

    assert Fraction(str(5 / 6)) + Fraction(str(1 / 6)) > 1
    assert list(fixed_shares.check(declared([edge("b", 5 / 6), edge("c", 1 / 6)]))) == []
    assert len(list(fixed_shares.check(declared([edge("b", 0.5), edge("c", 0.500001)])))) == 1


def claim(receiver: str, strategy: str, metric: str = "", **more: Any) -> dict[str, Any]:
    parameters = {"metric": metric} if metric else {}
    named = {"source": "a", "receiver": receiver, "strategy": strategy}
    return {**named, "parameters": parameters, **more}


@pytest.mark.parametrize(
    ("edges", "count"),
    [
        ([claim("b", "remainder"), claim("c", "remainder")], 0),
        ([claim("b", "residual_to_max", "cpu"), claim("c", "residual_to_max", "cpu")], 0),
        ([claim("b", "residual_to_max", "cpu"), claim("c", "residual_to_max", "ram")], 1),
        ([claim("b", "residual_to_max", "cpu"), claim("c", "remainder")], 1),
        (
            [
                claim("b", "residual_to_max", "cpu", active_to=date(2024, 1, 31)),
                claim("c", "remainder", active_from=date(2024, 2, 1)),
            ],
            0,
        ),
        (
            [
                claim("b", "residual_to_max", "cpu"),
                {**claim("c", "remainder"), "source": "d"},
            ],
            0,
        ),
    ],
)
def test_claims_on_the_rest(edges: list[dict[str, Any]], count: int) -> None:
    assert len(list(rest.check(declared(edges)))) == count


def test_the_checks_are_named_and_explained() -> None:
    names = [check.NAME for check in CHECKS]
    assert len(set(names)) == len(names) >= 16
    for check in CHECKS:
        assert len(check.__doc__ or "") > 60
