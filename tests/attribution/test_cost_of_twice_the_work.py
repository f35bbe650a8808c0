"""Twice the work costs about twice as much, on every axis that once cost its square.

Counted, not timed: the lines of the program that are executed, and the elements of all arrays that
it gives to NumPy or gets from it. Both sizes are small, so that what is fixed weighs in favour of
the program; a cost that grows with the square still shows.
"""

import sys
import threading
from collections.abc import Callable
from datetime import date
from itertools import pairwise
from types import FrameType
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import apportion as ap
from apportion.report.listing import Wanted
from apportion.report.products import products

DAY = date(2024, 1, 1)
GOAL = 2.3
Company = tuple[dict[str, Any], pa.Table, pa.Table]


class Tally:
    """How many lines and elements were counted."""

    def __init__(self) -> None:
        self.count = 0

    def line(self, frame: FrameType, event: str, _argument: Any) -> Any:
        """Count the lines of the program's own files, as a trace function."""
        if event == "call" and "apportion" not in frame.f_globals.get("__name__", ""):
            return None
        self.count += event == "line"
        return self.line


class CountedFunction:
    """A function of NumPy that counts the elements it looks at."""

    def __init__(self, name: str, function: Any, tally: Tally) -> None:
        self.name, self.function, self.tally = name, function, tally

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        found = self.function(*arguments, **named)
        # A search looks at few elements of the first array, and ``at`` at those it is told.
        seen = arguments[1:] if self.name in ("searchsorted", "at") else arguments
        arrays = [each for each in (*seen, found) if isinstance(each, np.ndarray)]
        self.tally.count += sum(each.size for each in arrays)
        return found

    def __getattr__(self, name: str) -> Any:
        return CountedFunction(name, getattr(self.function, name), self.tally)


class CountedNumPy:
    """NumPy, whose functions count."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally

    def __getattr__(self, name: str) -> Any:
        value = getattr(np, name)
        counts = callable(value) and not isinstance(value, type)
        return CountedFunction(name, value, self.tally) if counts else value


def work_of(company: Company) -> int:
    """What it takes to attribute, prove and show a company."""
    declared, costs, usage = company
    model = ap.Model.from_dict(declared)
    tally = Tally()
    with pytest.MonkeyPatch.context() as patch:
        for name, module in list(sys.modules.items()):
            if name.startswith("apportion.") and getattr(module, "np", None) is np:
                patch.setattr(module, "np", CountedNumPy(tally))
        before = sys.gettrace()
        threading.settrace(tally.line)
        sys.settrace(tally.line)
        try:
            result = ap.attribute(model, costs, usage, DAY, DAY, threads=1)
            assert result.reconciliation().holds
            products(result.connect(), model, Wanted(DAY, DAY), result.currency, result.scale)
        finally:
            sys.settrace(before)
            threading.settrace(before)  # type: ignore[arg-type]
    return tally.count


def _company(
    nodes: list[dict[str, Any]],
    edges: list[dict[str, Any]],
    costs: dict[str, str],
    usage: list[tuple[str, str, str, str]],
) -> Company:
    cost_rows = [
        {"node": node, "date": DAY, "dimension": "all", "amount": amount}
        for node, amount in costs.items()
    ]
    usage_rows = [
        {"node": node, "date": DAY, "metric": metric, "value": value, "labels": labels}
        for node, metric, value, labels in usage
    ]
    schema = pa.schema(
        [
            ("node", pa.string()),
            ("date", pa.date32()),
            ("metric", pa.string()),
            ("value", pa.string()),
            ("labels", pa.string()),
        ]
    )
    declared = {"currency": "USD", "nodes": nodes, "edges": edges}
    return declared, pa.Table.from_pylist(cost_rows), pa.Table.from_pylist(usage_rows, schema)


def _by(metric: str) -> dict[str, Any]:
    return {"strategy": "proportional_on", "parameters": {"metric": metric}}


def metric_for_each_service(size: int) -> Company:
    """As many services as metrics, every one shared by its own."""
    names = [f"s{number}" for number in range(size)]
    nodes = [{"id": name, "type": "platform"} for name in names]
    edges = [
        {"source": name, "receiver": receiver, **_by(f"m-{name}")}
        for name in names
        for receiver in ("p", "q")
    ]
    usage = [("p", f"m-{name}", "1.5", "{}") for name in names]
    products_ = [{"id": name, "type": "product"} for name in ("p", "q")]
    return _company([*nodes, *products_], edges, dict.fromkeys(names, "1"), usage)


def long_chain(size: int) -> Company:
    """Every node gives to the next one."""
    names = [*(f"s{number:05}" for number in range(size)), "p"]
    nodes = [{"id": name, "type": "product" if name == "p" else "platform"} for name in names]
    edges = [
        {"source": source, "receiver": receiver, "strategy": "equal"}
        for source, receiver in pairwise(names)
    ]
    return _company(nodes, edges, {names[0]: "100"}, [])


def one_source_in_unbounded_integers(size: int) -> Company:
    """Receivers whose usage is too large for 64 bits, so that the exact path divides."""
    names = [f"p{number}" for number in range(size)]
    nodes = [{"id": "s", "type": "platform"}, *({"id": n, "type": "product"} for n in names)]
    edges = [{"source": "s", "receiver": name, **_by("m")} for name in names]
    usage = [(name, "m", f"{10**17 + number}", "{}") for number, name in enumerate(names)]
    return _company(nodes, edges, {"s": "100"}, usage)


def chain_of_products(size: int) -> Company:
    """Every product is part of the one before."""
    names = [f"p{number:05}" for number in range(size)]
    nodes: list[dict[str, Any]] = [{"id": "s", "type": "platform"}]
    for name, above in zip(names, [None, *names], strict=False):
        nodes.append({"id": name, "type": "product"} | ({"part_of": above} if above else {}))
    edges = [{"source": "s", "receiver": name, "strategy": "equal"} for name in names]
    return _company(nodes, edges, {"s": "100"}, [])


def filter_for_each_service(size: int) -> Company:
    """As many filters as label sets, over one metric."""
    company = metric_for_each_service(size)
    for number, edge in enumerate(company[0]["edges"]):
        shard = {"label": "shard", "values": [str(number // 2)]}
        edge["strategy"] = "segment_filtered_proportional"
        edge["parameters"]["segment_filter"] = shard
    names = [edge["parameters"]["metric"] for edge in company[0]["edges"][::2]]
    usage = [("p", name, "1", f'{{"shard": "{n}"}}') for n, name in enumerate(names)]
    return company[0], company[1], _company([], [], {}, usage)[2]


@pytest.mark.parametrize(
    ("made", "size"),
    [
        (metric_for_each_service, 300),
        (long_chain, 500),
        (one_source_in_unbounded_integers, 150),
        (chain_of_products, 300),
        (filter_for_each_service, 300),
    ],
)
def test_twice_the_work_costs_about_twice(made: Callable[[int], Company], size: int) -> None:
    # Modules are imported on first use, and counted only from then on.
    work_of(made(2))
    once, twice = work_of(made(size)), work_of(made(2 * size))
    assert twice <= GOAL * once, f"{once:,} grew to {twice:,}"
