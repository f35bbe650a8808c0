"""The stretches of days on which a node has edges, against a day-by-day reading."""

import random
from datetime import date, timedelta

import duckdb
import pyarrow as pa
import pytest

from apportion.model import Edge, Model, Node, NodeType, StrategyUse
from apportion.reconcile import evidence
from apportion.reconcile.facts import window_rows

FIRST = date(2024, 2, 26)
EQUAL = StrategyUse("equal", None)


def some_day(chance: random.Random) -> date:
    return FIRST + timedelta(days=chance.randrange(10))


def some_edges(chance: random.Random) -> list[Edge]:
    """Edges whose windows overlap, touch, leave gaps, are open, or end before they begin."""
    ends = [None, *(some_day(chance) for _ in range(3))]
    return [
        Edge(
            chance.choice("ab"),
            chance.choice("xyz"),
            EQUAL,
            active_from=chance.choice(ends),
            active_to=chance.choice(ends),
        )
        for _ in range(chance.randrange(8))
    ]


def stretches(windows: pa.Table) -> list[tuple[str, date, date]]:
    """The stretches that the evidence makes of some windows."""
    connection = duckdb.connect()
    connection.register("proof_windows", windows)
    connection.execute(evidence._GIVING)
    return connection.execute("SELECT node, first, last FROM proof_giving ORDER BY ALL").fetchall()


def is_active(edge: Edge, archived: dict[str, date], day: date) -> bool:
    """The rule itself (`A5`)."""
    return (
        (edge.active_from is None or edge.active_from <= day)
        and (edge.active_to is None or day <= edge.active_to)
        and all(day < archived.get(end, date.max) for end in (edge.source, edge.receiver))
    )


@pytest.mark.parametrize("seed", range(60))
def test_each_day_with_an_edge_lies_in_exactly_one_stretch(seed: int) -> None:
    chance = random.Random(seed)
    edge_list = some_edges(chance)
    archived = {name: some_day(chance) for name in chance.sample("abxyz", chance.randrange(3))}
    start, length = some_day(chance), chance.randrange(10)
    nodes = [Node(name, NodeType.SHARED, archived_on=archived.get(name)) for name in "abxyz"]
    model = Model(nodes=tuple(nodes), edges=tuple(edge_list))
    period = [start + timedelta(days=count) for count in range(length + 1)]
    windows = window_rows(model, period[0], period[-1])
    found = stretches(windows)
    for day in period:
        active = [place for place, edge in enumerate(edge_list) if is_active(edge, archived, day)]
        told = [row["edge"] for row in windows.to_pylist() if row["first"] <= day <= row["last"]]
        assert told == active
        holders = [node for node, first, last in found if first <= day <= last]
        assert holders == sorted({edge_list[place].source for place in active})


@pytest.mark.parametrize("attempt", range(5))
def test_many_windows_that_are_alike_make_one_stretch(attempt: int) -> None:
    """With 100,000 edges the database sorts in pieces, and ties come out in any order."""
    sources = [f"s{each:05}" for each in range(20_000)]
    last = date(2024, 3, 30)
    windows = pa.table(
        {
            "source": sources * 5,
            "receiver": [f"r{each}" for each in range(5) for _ in sources],
            "first": [FIRST] * 100_000,
            "last": [last] * 100_000,
        }
    )
    assert stretches(windows) == [(source, FIRST, last) for source in sources]
