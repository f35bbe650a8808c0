"""On each page for people rows sum to their total, and a row's parts to its whole (`A3`).

Pages are read as people read them: by the titles of columns, under which numbers end.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from apportion.cli.views import margin as view_of_margin

Apportion = Callable[..., Any]
Row = Mapping[str, str]

# Sevenths and half cents, so that nearly every figure on a page has to be rounded.
COSTS = """node,date,dimension,amount,currency
sms-provider,2023-06-12,messages,40.0149,GBP
sms-provider,2023-07-01,messages,9.5051,GBP
sms-provider,2023-07-02,hosting,0.004,GBP
sms-provider,2023-10-10,messages,11.2549,GBP
sms-provider,2023-11-20,messages,-3.0051,GBP
passports,2023-06-30,hosting,5.0049,GBP
visas,2023-06-30,hosting,0.0049,GBP
intranet,2023-06-30,hosting,2.0049,GBP
database,2023-06-30,hosting,7.7749,GBP
"""
NODES = """nodes:
  - {id: sms-provider, type: resource, name: SMS provider}
  - {id: database, type: shared, name: Database}
  - {id: government, type: product, name: Government}
  - {id: passports, type: product, name: Passports, part_of: [government]}
  - {id: visas, type: product, name: Visas, part_of: [government]}
  - {id: intranet, type: product, name: Intranet}
edges:
  - source: database
    receiver: [passports, visas, intranet]
    strategy: fixed_percent
    parameters: {percent: 29}
  - source: sms-provider
    receiver: [passports, visas]
    strategy: proportional_on
    parameters: {metric: sms.chargeable_units}
"""
PAGES = (
    "run --from 2023-04 --to 2024-03 --again",
    "reconcile",
    "reconcile --from 2023-06 --to 2023-10",
    "show products",
    "show products --limit 2",
    "show products --node visas",
    "show products --dimension hosting",
    "show nodes",
    "show nodes --limit 2",
    "show nodes --node visas",
    "show margin",
    "show margin --by account",
    "show margin --by organisation",
    "usage platform charges --from 2023-04 --to 2024-03",
    "usage monthly renewals --year 2023",
    "usage yearly renewals --year 2023",
    "usage monthly parking --year 2023",
)
WHOLES = {
    ("Direct", "Received"): "Holistic",
    ("Given", "Kept"): "Holistic",
    ("Passed on", "Kept"): "Full cost",
    ("Passed on", "Kept, unallocated"): "Full cost",
    ("Cost", "Margin"): "Charges",
    ("Free", "Charged"): "Chargeable",
}
NOT_SUMMED = {"With its parts", "Rate", "Cost a unit", "Free ones left"}
"""Columns whose total is no sum of rows."""


@pytest.fixture
def awkward(enter: Callable[[str], Path], apportion: Apportion) -> Apportion:
    folder = enter("billed")
    (folder / "model" / "graph.yaml").write_text(NODES, encoding="utf-8")
    (folder / "costs.csv").write_text(COSTS, encoding="utf-8")
    assert apportion("ingest", "costs", "--source", "costs", "costs.csv").status == 0
    assert apportion("run", "--from", "2023-04", "--to", "2024-03").status == 0
    return apportion


def tables(page: str) -> Iterator[tuple[list[Row], Row]]:
    """Each table with a line of totals: its rows and its total, by the titles of columns."""
    lines = page.splitlines()
    rules = [place for place, line in enumerate(lines) if line and not line.strip("─")]
    for first, second in pairwise(rules):
        if lines[second + 1 : second + 2] and lines[second + 1].startswith("Total"):
            heads = [*re.finditer(r"\S+(?: \S+)*", lines[first - 1])]
            yield (
                [_cells(heads, line) for line in lines[first + 1 : second]],
                _cells(heads, lines[second + 1]),
            )


def _cells(heads: Sequence[re.Match[str]], line: str) -> Row:
    ends = {head.end(): head[0] for head in heads}
    cells = [(m.end(), m[0]) for m in re.finditer(r"\S+(?: \S+)*", line)]
    numbers = {ends[end]: cell for end, cell in cells if end in ends and _NUMBER.fullmatch(cell)}
    return {**numbers, "label": line[: heads[0].end()].rstrip()}


_NUMBER = re.compile(r"-?[\d,]+(?:\.\d+)?(?: %)?")


def amount(text: str) -> Decimal:
    return Decimal(text.replace(",", "").removesuffix(" %"))


def test_rows_sum_to_their_total_and_parts_to_their_whole(awkward: Apportion) -> None:
    for page in PAGES:
        answer = awkward(*page.split())
        assert answer.status == 0, answer.err
        seen = 0
        for rows, total in tables(answer.out):
            # What stands under its parent in a statement is a part of the line above it.
            nested = "Full cost" not in rows[0]
            summed = [row for row in rows if not (nested and row["label"].startswith("  "))]
            for head in total.keys() - NOT_SUMMED - {"label"}:
                shown = sum(amount(row.get(head, "0")) for row in summed)
                assert shown == amount(total[head]), (head, answer.out)
                seen += 1
            for row in (*rows, total):
                for names, whole in WHOLES.items():
                    if {*names, whole} <= row.keys():
                        parts = sum(amount(row[name]) for name in names)
                        assert parts == amount(row[whole]), (row, answer.out)
                        seen += 1
        assert seen, answer.out


def test_edges_of_a_node_sum_to_what_it_received_and_passed_on(awkward: Apportion) -> None:
    for node in ("sms-provider", "database", "passports", "visas"):
        lines = awkward("show", "edges", "--node", node).out.splitlines()
        sides = {"into": Decimal(0), "out": Decimal(0)}
        for row in (line.split() for line in lines if "2023-04-01" in line and "%" in line):
            sides["into" if row[1] == node else "out"] += amount(row[-1])
        (said,) = re.findall(r"received (\S+) GBP and passed on (\S+) GBP", " ".join(lines))
        assert (sides["into"], sides["out"]) == tuple(map(amount, said)), "\n".join(lines)


def test_a_long_margin_is_cut_and_still_sums(
    awkward: Apportion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view_of_margin, "LINES_SHOWN", 2)
    answer = awkward("show", "margin", "--by", "account")
    ((rows, total),) = tables(answer.out)
    assert len(rows) == 3
    assert "more" in rows[-1]["label"]
    assert "2 of 5 lines are shown" in answer.out
    for head in ("Charges", "Cost", "Margin"):
        assert sum(amount(row[head]) for row in rows) == amount(total[head])


def test_a_total_has_one_text_however_its_lines_are_cut(awkward: Apportion) -> None:
    def totals(page: str) -> list[Row]:
        return [total for _, total in tables(awkward(*page.split()).out)]

    margins = [totals(f"show margin --by {by}")[0] for by in ("product", "account", "organisation")]
    assert margins[0] == margins[1] == margins[2]
    # The table of products in a reconciliation and the page of products end with one figure.
    assert totals("reconcile")[-1]["GBP"] == totals("show products")[0]["Kept"]
    assert totals("show products --limit 1")[0] == totals("show products")[0]
