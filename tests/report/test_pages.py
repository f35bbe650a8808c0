"""Long lists in pages: together they are the whole list, in its order, whatever the page's size."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import duckdb
import pyarrow as pa
import pytest

import apportion as ap
from apportion.report import paging
from apportion.report.allocations import allocations
from apportion.report.contributions import contributions
from apportion.report.edges import edges
from apportion.report.listing import Listing, Wanted
from apportion.report.listing_parts import in_parts
from apportion.report.nodes import nodes
from apportion.report.shares import shares

START = date(2024, 1, 1)
DAYS = (0, 0, 1, 5, 6, 7, 30, 200, 365)
"""Days with cost, apart by more and less than a page looks ahead."""


def pages(ask: Callable[..., Listing], result: Any, wanted: Wanted) -> Iterator[Listing]:
    for _ in range(100):
        found = ask(result.connect(), result.model, wanted, "USD")
        yield found
        if not found.following:
            return
        wanted = replace(wanted, after=found.following)
    pytest.fail("the pages never end")


@pytest.mark.parametrize("ask", [allocations, contributions, nodes, edges, shares])
@pytest.mark.parametrize("size", [1, 2, 5, 1000])
def test_the_pages_together_are_the_whole(
    result: ap.Result, wanted: Wanted, ask: Callable[..., Listing], size: int
) -> None:
    (whole,) = pages(ask, result, wanted)
    found = list(pages(ask, result, replace(wanted, limit=size)))
    assert [row for page in found for row in page.rows.to_pylist()] == whole.rows.to_pylist()
    assert {page.total_rows for page in found} == {whole.rows.num_rows}
    assert all(page.totals == whole.totals for page in found)
    assert [page.rows.num_rows for page in found[:-1]] == [size] * (len(found) - 1)
    assert found[-1].rows.num_rows > 0


def test_the_rest_without_a_limit(result: ap.Result, wanted: Wanted) -> None:
    first, *_ = pages(allocations, result, replace(wanted, limit=4))
    rest = allocations(
        result.connect(), result.model, replace(wanted, after=first.following), "USD"
    )
    assert first.rows.num_rows + rest.rows.num_rows == rest.total_rows


def test_a_place_is_the_last_rows_key(result: ap.Result, wanted: Wanted) -> None:
    first, *_ = pages(contributions, result, replace(wanted, limit=1))
    assert first.following == ("2024-01-01", "compute", "db", "search")
    few, *_ = pages(edges, result, replace(wanted, limit=3))
    assert few.following == ("3",)


class Sparse:
    """Rows of some days of a year, as a result has them."""

    model = ap.Model.from_dict({"currency": "USD", "nodes": [{"id": "a", "type": "product"}]})

    def connect(self) -> duckdb.DuckDBPyConnection:
        places = list(enumerate(DAYS))
        rows = pa.table(
            {
                "node": pa.array([f"n{place}" for place, _ in reversed(places)]),
                "date": pa.array([START + timedelta(days=day) for _, day in reversed(places)]),
                "dimension": pa.array(["x"] * len(places)),
                "currency": pa.array(["USD"] * len(places)),
                **{
                    name: pa.array([place for place, _ in reversed(places)], pa.decimal128(38, 0))
                    for name in ("direct", "indirect", "holistic", "given", "retained")
                },
            }
        )
        connection = duckdb.connect()
        connection.register("allocations", rows)
        connection.execute(
            "CREATE VIEW contributions AS SELECT '' AS source, '' AS receiver, date, dimension,"
            " currency, 0.0 AS share, direct AS amount FROM allocations LIMIT 0"
        )
        return connection


@pytest.mark.parametrize("size", [1, 2, 3, 4, 8, 9, 10])
def test_days_without_rows_are_passed_over(size: int) -> None:
    year = Wanted(START, START + timedelta(days=365), limit=size)
    found = [page.rows["node"].to_pylist() for page in pages(allocations, Sparse(), year)]
    assert [node for page in found for node in page] == [f"n{place}" for place in range(len(DAYS))]
    assert all(len(page) == size for page in found[:-1])


@pytest.mark.parametrize(
    ("ask", "after"),
    [
        (allocations, ("2024-01-01",)),
        (allocations, ("yesterday", "compute", "db")),
        (allocations, (20240101, "compute", "db")),
        (contributions, ("2024-01-01", "compute", "db")),
        (nodes, ("-1",)),
        (nodes, ("1", "2")),
        (nodes, (3,)),
        (nodes, ("9" * 40,)),
    ],
)
def test_what_is_no_place_is_refused(
    result: ap.Result, wanted: Wanted, ask: Callable[..., Listing], after: Any
) -> None:
    with pytest.raises(ap.UsageError, match="is no place in this list"):
        ask(result.connect(), result.model, replace(wanted, after=after, limit=2), "USD")


def test_names_in_a_place_are_data(result: ap.Result, wanted: Wanted) -> None:
    place = ("2024-01-01", "compute", "x' OR 1=1 --")
    found = allocations(
        result.connect(), result.model, replace(wanted, after=place, limit=100), "USD"
    )
    assert found.rows.num_rows == 10


class Asked:
    """A question whose answers are counted."""

    def __init__(self, ask: Callable[..., Listing], result: Any) -> None:
        self.ask, self.result, self.found = ask, result, list[int]()

    def __call__(self, wanted: Wanted) -> Listing:
        found = self.ask(self.result.connect(), self.result.model, wanted, "USD")
        self.found.append(found.rows.num_rows)
        return found


@pytest.mark.parametrize("ask", [allocations, contributions, nodes, edges, shares])
@pytest.mark.parametrize("size", [1, 2, 5, 1000])
def test_the_parts_together_are_the_whole(
    result: ap.Result,
    wanted: Wanted,
    ask: Callable[..., Listing],
    size: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (whole,) = pages(ask, result, wanted)
    monkeypatch.setattr(paging, "PART", size)
    found, tables = in_parts(Asked(ask, result), wanted)
    assert [row for table in tables for row in table.to_pylist()] == whole.rows.to_pylist()
    assert (found.total_rows, found.totals) == (whole.total_rows, whole.totals)
    assert (found.node_totals, found.following) == (whole.node_totals, ())


@pytest.mark.parametrize("size", [1, 2, 3, 9, 10])
def test_days_without_rows_are_passed_over_in_parts(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "PART", size)
    year = Wanted(START, START + timedelta(days=365))
    asked = Asked(allocations, Sparse())
    _, tables = in_parts(asked, year)
    assert [node for table in tables for node in table["node"].to_pylist()] == [
        f"n{place}" for place in range(len(DAYS))
    ]
    assert max(asked.found) == min(size, len(DAYS))


@pytest.mark.parametrize("ask", [allocations, contributions])
def test_no_more_rows_are_held_than_a_part_has(
    result: ap.Result,
    wanted: Wanted,
    ask: Callable[..., Listing],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(paging, "PART", 2)
    asked = Asked(ask, result)
    found, tables = in_parts(asked, wanted)
    assert found.total_rows > 4
    next(tables)
    assert asked.found == [2]
    next(tables)
    assert asked.found == [2, 2]
    assert sum(table.num_rows for table in tables) == found.total_rows - 4
    assert max(asked.found) == 2
