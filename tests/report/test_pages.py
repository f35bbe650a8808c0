"""Long lists in pages: together they are the whole list, in its order, whatever the page's size."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import duckdb
import pyarrow as pa
import pytest

import apportion as ap
from apportion.report.allocations import allocations
from apportion.report.contributions import contributions
from apportion.report.edges import edges
from apportion.report.listing import Listing, Wanted
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
