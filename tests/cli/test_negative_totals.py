"""Credits are costs too: a total of nothing or below is shown with the rows that make it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Apportion = Callable[..., Any]


def bill(apportion: Apportion, *lines: str) -> None:
    Path("costs.csv").write_text("\n".join(("node,date,dimension,amount", *lines)) + "\n")
    assert apportion("ingest", "costs", "costs.csv").status == 0
    assert apportion("run", "--from", "2024-03-01", "--to", "2024-03-01").status == 0


@pytest.mark.parametrize(
    ("lines", "rows"),
    [
        (("reports,2024-03-01,x,-100",), ["Reports -100.00", "Total -100.00"]),
        (
            ("reports,2024-03-01,x,-100", "shop,2024-03-01,x,100"),
            ["Shop 100.00", "Reports -100.00", "Total 0.00"],
        ),
    ],
)
def test_reconcile_lists_the_products_of_a_total_of_nothing_or_below(
    enter: Callable[[str], Path], apportion: Apportion, lines: tuple[str, ...], rows: list[str]
) -> None:
    enter("new")
    bill(apportion, *lines)
    answer = apportion("reconcile")
    assert answer.status == 0
    table = answer.out[answer.out.rindex("\nProducts ") :].split("\n\n")[0].splitlines()
    said = [" ".join(line.split()[:2]) for line in table if line and "─" not in line.split()[0]]
    assert said[1:] == rows
