"""What twice the work costs, one axis at a time: at most 2.3 times as much.

Every axis makes a small workspace in which one thing is large, doubles that thing, and takes the
processor time of everything a person would do: read the model, bring the files in, run, reconcile
and show. The cost per doubling is that of the last one, where fixed costs weigh least.
"""

import csv
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import apportion as ap
from apportion.report.listing import Wanted
from apportion.report.products import products
from benchmarks.company import START
from benchmarks.measure import report, timed

DOUBLING = 2.3
LARGE, LARGE_SECONDS = 8_000, 4.0
"""Services that each have a metric of their own, 40,000 edges, and what their day may take."""


@dataclass
class Company:
    """The files of a workspace: nodes, edges and other lists of the model, and what is ingested."""

    nodes: list[dict[str, str]] = field(default_factory=list)
    edges: list[dict[str, str]] = field(default_factory=list)
    lists: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    files: dict[str, dict[str, Sequence[Any]]] = field(default_factory=dict)
    days: int = 1

    def write(self, folder: Path) -> Path:
        """Write settings, model and files."""
        (folder / "model").mkdir(parents=True)
        (folder / "apportion.yaml").write_text("name: growth\ncurrency: USD\n", encoding="utf-8")
        for name, rows in {"nodes": self.nodes, "edges": self.edges}.items():
            if rows:
                with (folder / "model" / f"{name}.csv").open("w", encoding="utf-8") as file:
                    writer = csv.DictWriter(file, fieldnames=list(rows[0]))
                    writer.writeheader()
                    writer.writerows(rows)
        for name, records in self.lists.items():
            # JSON is YAML.
            text = json.dumps({name: records})
            (folder / "model" / f"{name}.yaml").write_text(text, encoding="utf-8")
        for kind, columns in self.files.items():
            pq.write_table(pa.table(columns), folder / f"{kind}.parquet")
        return folder


def _edge(source: str, receiver: str, metric: str = "") -> dict[str, str]:
    strategy = "proportional_on" if metric else "equal"
    parameters = json.dumps({"metric": metric} if metric else {})
    return {"source": source, "receiver": receiver, "strategy": strategy, "parameters": parameters}


def _node(name: str, kind: str = "platform", part_of: str = "") -> dict[str, str]:
    return {"id": name, "type": kind, "part_of": part_of}


def _days(count: int, each: int) -> pa.Array:
    first = np.datetime64(START)
    return pa.array(np.repeat(first + np.arange(count), each))


def _costs(nodes: Sequence[str], days: int = 1, dimensions: Sequence[str] = ("cpu",)) -> Any:
    """A cost for each node, day and dimension."""
    each = len(nodes) * len(dimensions)
    random = np.random.default_rng(1)
    return {
        "node": np.tile(np.repeat(np.array(nodes), len(dimensions)), days),
        "date": _days(days, each),
        "dimension": [*dimensions] * (len(nodes) * days),
        "amount": [str(cents / 100) for cents in random.integers(1, 10**7, each * days)],
        "currency": ["USD"] * (each * days),
    }


def _usage(pairs: Sequence[tuple[str, str]], days: int = 1) -> Any:
    """A value for each node and metric of each day."""
    random = np.random.default_rng(2)
    return {
        "node": [node for node, _ in pairs] * days,
        "date": _days(days, len(pairs)),
        "metric": [metric for _, metric in pairs] * days,
        "value": random.integers(1, 1000, len(pairs) * days),
    }


def shared_services(
    services: int, fan: int = 5, metrics: int = 0, days: int = 1, dimensions: int = 1
) -> Company:
    """Services that each share with ``fan`` products, by ``metrics`` in turn (0: one each)."""
    many = metrics or services
    names = [f"s{number:06}" for number in range(services)]
    takers = [f"p{number:06}" for number in range(services)]
    metric = [f"m{number % many:06}" for number in range(services)]
    edges, pairs = [], {}
    for place, name in enumerate(names):
        for step in range(fan):
            taker = takers[(place + step * 7) % services]
            edges.append(_edge(name, taker, metric[place]))
            pairs[taker, metric[place]] = None
    made = Company(
        [*(_node(name) for name in names), *(_node(name, "product") for name in takers)], edges
    )
    kinds = [f"d{number}" for number in range(dimensions)]
    made.files = {"costs": _costs(names, days, kinds), "usage": _usage(list(pairs), days)}
    made.days = days
    return made


def chain(depth: int) -> Company:
    """One service above the other, and a product below the last."""
    names = [f"s{number:06}" for number in range(depth)]
    edges = [_edge(one, other) for one, other in zip(names, [*names[1:], "p"], strict=True)]
    made = Company([*(_node(name) for name in names), _node("p", "product")], edges)
    made.files = {"costs": _costs(names)}
    return made


def fan_out(receivers: int) -> Company:
    """One service for all, by a metric."""
    takers = [f"p{number:06}" for number in range(receivers)]
    made = Company(
        [_node("s"), *(_node(name, "product") for name in takers)],
        [_edge("s", name, "m") for name in takers],
    )
    made.files = {"costs": _costs(["s"]), "usage": _usage([(name, "m") for name in takers])}
    return made


def label_sets(count: int) -> Company:
    """One metric in as many label sets; two services look at a part of them."""
    made = shared_services(10, metrics=1)
    for edge in made.edges[:10]:
        chosen = {"label": "shard", "values": ["1", "3"]}
        edge["strategy"] = "segment_filtered_proportional"
        edge["parameters"] = json.dumps({"metric": "m000000", "segment_filter": chosen})
    pairs = [(f"p{number % 10:06}", "m000000") for number in range(count)]
    made.files["usage"] = _usage(pairs) | {
        "labels": [json.dumps({"shard": str(number)}) for number in range(count)]
    }
    return made


def sources(count: int) -> Company:
    """Costs that as many systems have sent, in one file."""
    made = chain(2)
    made.files["costs"] = _costs(["s000000"] * count) | {
        "source": [f"system-{number:06}" for number in range(count)]
    }
    return made


def mapping_rules(count: int) -> Company:
    """A bill of 2,000 lines, by rules that each take as many of them."""
    made = chain(2)
    made.lists["mapping"] = [
        {
            "when": {"column": "ServiceName", "equals": f"service-{number}"},
            "node": "s000000",
            "dimension": "cpu",
        }
        for number in range(count)
    ]
    lines = 2_000
    start, end, month_end = (START + timedelta(days=days) for days in (0, 1, 31))

    def moments(day: date) -> pa.Array:
        return pa.array([day] * lines).cast(pa.timestamp("us")).cast(pa.timestamp("us", "UTC"))

    made.files = {
        "focus": {
            "BilledCost": ["1.25"] * lines,
            "EffectiveCost": ["1.25"] * lines,
            "BillingCurrency": ["USD"] * lines,
            "BillingPeriodStart": moments(start),
            "BillingPeriodEnd": moments(month_end),
            "ChargePeriodStart": moments(start),
            "ChargePeriodEnd": moments(end),
            "ServiceName": [f"service-{number % count}" for number in range(lines)],
            "ServiceCategory": ["Compute"] * lines,
            "ProviderName": ["AWS"] * lines,
            "BillingAccountId": ["1"] * lines,
            "ChargeCategory": ["Usage"] * lines,
        }
    }
    return made


def accounts(count: int) -> Company:
    """Accounts of a usage platform, each with one day's use."""
    made = Company()
    made.lists = {
        "accounts": [
            {"id": f"a{number:06}", "organisation_type": "central"} for number in range(count)
        ],
        "channels": [{"id": "sms", "unit": "fragment"}],
        "rates": [{"channel": "sms", "valid_from": "2020-04-01", "rate": "0.0197"}],
        "default_allowances": [
            {"channel": "sms", "organisation_type": "central", "valid_from_year": 2020, "units": 9}
        ],
    }
    made.files = {
        "billable": {
            "date": _days(1, count),
            "account": [f"a{number:06}" for number in range(count)],
            "channel": ["sms"] * count,
            "provider": ["p"] * count,
            "rate_multiplier": [1] * count,
            "international": [False] * count,
            "template": [""] * count,
            "billable_units": [20] * count,
            "notifications_sent": [10] * count,
        }
    }
    return made


def product_list(count: int, *, deep: bool = False) -> Company:
    """Products that are all part of one, or each of the one before."""
    names = [f"p{number:06}" for number in range(count)]
    above = ["", *(names[:-1] if deep else names[:1] * (count - 1))]
    made = Company(
        [_node("s"), *(_node(n, "product", a) for n, a in zip(names, above, strict=True))],
        [_edge("s", names[-1])],
    )
    made.files = {"costs": _costs(names)}
    return made


AXES: Mapping[str, tuple[int, Callable[[int], Company]]] = {
    "nodes": (4_000, shared_services),
    "edges": (20, lambda fan: shared_services(1_000, fan)),
    "depth": (20_000, chain),
    "fan-out": (12_500, fan_out),
    "metrics": (1_000, lambda metrics: shared_services(4_000, metrics=metrics)),
    "days": (100, lambda days: shared_services(400, days=days)),
    "dimensions": (100, lambda dimensions: shared_services(400, dimensions=dimensions)),
    "labels": (50_000, label_sets),
    "sources": (1_250, sources),
    "mapping rules": (500, mapping_rules),
    "accounts": (10_000, accounts),
    "products": (10_000, product_list),
    "depth of a hierarchy": (10_000, lambda depth: product_list(depth, deep=True)),
}
"""Where each axis begins, and what is made of a size. Edges are those of each of 1,000 services."""


def cost_of(made: Company) -> float:
    """Processor seconds from files to answers."""
    with tempfile.TemporaryDirectory() as name:
        folder = made.write(Path(name) / "growth")
        began = time.process_time()
        workspace = ap.Workspace(folder)
        for kind in made.files:
            workspace.ingest(kind, folder / f"{kind}.parquet")
        if "accounts" in made.lists:
            workspace.rate()
            workspace.charges().monthly("a000001", START.year)
        else:
            _run_and_ask(workspace, START + timedelta(days=made.days - 1))
        return time.process_time() - began


def _run_and_ask(workspace: ap.Workspace, last: date) -> None:
    workspace.run(START, last)
    result = workspace.result(START, last)
    result.reconciliation()
    products(result.connect(), result.model, Wanted(START, last), result.currency, result.scale)


def large_seconds() -> float:
    """Seconds of one day's run of many services, with reading the model."""
    with tempfile.TemporaryDirectory() as name:
        made = shared_services(LARGE)
        folder = made.write(Path(name) / "growth")
        for kind in made.files:
            ap.Workspace(folder).ingest(kind, folder / f"{kind}.parquet")
        with timed() as timing:
            ap.Workspace(folder).run(START, START)
    return timing.seconds


def main() -> None:
    """Measure and print the axes named on the command line, or all of them."""
    # The first of a process loads libraries.
    cost_of(product_list(10))
    for name in sys.argv[1:] or AXES:
        first, make = AXES[name]
        sizes = [first, 2 * first, 4 * first]
        seconds = [cost_of(make(size)) for size in sizes]
        for size, each in zip(sizes, seconds, strict=True):
            report(f"{name}, {size:,}", each, "seconds", "of a processor")
        ratio = seconds[2] / seconds[1]
        bar = f"at most {DOUBLING}"
        report(f"{name}, cost of doubling", ratio, "times", bar, met=ratio <= DOUBLING)
    if not sys.argv[1:]:
        taken, bar = large_seconds(), f"under {LARGE_SECONDS:.0f}"
        name = f"a day of {LARGE:,} services and metrics, {5 * LARGE:,} edges"
        report(name, taken, "seconds", bar, met=taken < LARGE_SECONDS)


if __name__ == "__main__":
    main()
