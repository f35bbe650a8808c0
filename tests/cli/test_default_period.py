"""Without dates, an answer is about all days that runs cover (`A27`)."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from apportion import Workspace

FIRST, LAST = date(2024, 1, 1), date(2024, 1, 31)


@pytest.fixture
def twice(enter: Callable[[str], Path], apportion: Callable[..., Any]) -> Workspace:
    """A workspace run for January, of which ten days were then run anew."""
    folder = enter("ready")
    answer = apportion("run", "--from", "2024-01-05", "--to", "2024-01-14")
    assert answer.status == 0
    return Workspace(folder)


def test_running_a_part_anew_does_not_shorten_the_period(twice: Workspace) -> None:
    result = twice.result()
    assert (result.start, result.end, result.gaps) == (FIRST, LAST, ())
    assert {run.run_id for run in result.runs} == {run.run_id for run in twice.runs()}


def test_one_date_reaches_to_the_other_end(twice: Workspace) -> None:
    assert twice.result(start=date(2024, 1, 10)).end == LAST
    assert twice.result(end=date(2024, 1, 10)).start == FIRST


def test_a_run_that_is_named_has_its_own_period(twice: Workspace) -> None:
    latest = twice.runs()[0]
    result = twice.result(run=latest.run_id)
    assert (result.start, result.end) == (date(2024, 1, 5), date(2024, 1, 14))


def test_days_between_that_no_run_covers_are_gaps(
    twice: Workspace, apportion: Callable[..., Any]
) -> None:
    Path("march.csv").write_text("node,date,dimension,amount\nservers,2024-03-01,Compute,7\n")
    assert apportion("ingest", "costs", "march.csv").status == 0
    assert apportion("run", "--from", "2024-03-01", "--to", "2024-03-01").status == 0
    result = twice.result()
    assert (result.start, result.end) == (FIRST, date(2024, 3, 1))
    assert result.gaps == ((date(2024, 2, 1), date(2024, 2, 29)),)
    answer = apportion("show", "products")
    assert "2024-01-01 to 2024-03-01" in answer.out
    assert "2024-02-01 to 2024-02-29" in " ".join(answer.err.split())
