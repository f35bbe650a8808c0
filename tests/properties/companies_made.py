"""Whole companies, made at random and valid by construction: a model, its costs, its usage.

Hypothesis draws the size, the features and a seed; the seed does the rest. So thousands of
companies are made in seconds, and a failure shrinks to the smallest company and the fewest
features that show it.
"""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st
from uses_made import METRICS, STRATEGIES, source_plan

Row = dict[str, Any]

FEATURES = (
    "archives",
    "cents",
    "credits",
    "currencies",
    "equal_usage",
    "fine_decimals",
    "fine_usage",
    "huge",
    "infrastructure_products",
    "labels",
    "negative_usage",
    "own_bills",
    "odd_names",
    "overrides",
    "unmapped",
    "wide_usage",
    "windows",
    "zero_usage",
)
START = date(2024, 2, 26)
DIMENSIONS = ("compute", "egress", "storage")
RATES = [
    {"from": "EUR", "to": "USD", "date": date(2023, 1, 1), "rate": "1.095"},
    {"from": "EUR", "to": "USD", "date": START + timedelta(2), "rate": "0.333333333"},
    {"from": "JPY", "to": "USD", "date": date(2023, 1, 1), "rate": "0.0070001"},
    {"from": "USD", "to": "EUR", "date": date(2023, 1, 1), "rate": "7"},
]
_ODD = ("é", "Ω", "'", '"', "a b", "%s", "{}", "ﬀ", "\U0001f600", "z;--", "[1]", "-")
_REACH = 9


@dataclass(frozen=True)
class Knobs:
    """What decides about a company. ``strategies`` are those it may use."""

    seed: int
    layers: int = 2
    width: int = 3
    days: int = 2
    dimensions: int = 2
    scale: int = 9
    features: frozenset[str] = frozenset()
    strategies: tuple[str, ...] = STRATEGIES
    residual: str = "allocated"


@dataclass(frozen=True)
class Company:
    """What a run takes, in plain Python: amounts and usage as text."""

    model: dict[str, Any]
    costs: list[Row] = field(repr=False)
    usage: list[Row] = field(repr=False)
    start: date
    end: date

    def tables(self) -> tuple[pa.Table, pa.Table]:
        """Costs and usage as Arrow tables."""
        return (
            pa.Table.from_pylist(self.costs, schema=COST_SCHEMA),
            pa.Table.from_pylist(
                [{**row, "labels": json.dumps(row["labels"])} for row in self.usage],
                schema=USAGE_SCHEMA,
            ),
        )


_KEYS = [("node", pa.string()), ("date", pa.date32())]
COST_SCHEMA = pa.schema(
    [*_KEYS, ("dimension", pa.string()), ("amount", pa.string()), ("currency", pa.string())]
)
USAGE_SCHEMA = pa.schema(
    [*_KEYS, ("metric", pa.string()), ("value", pa.string()), ("labels", pa.string())]
)


@st.composite
def knobs(
    draw: Callable[[Any], Any],
    *,
    always: Sequence[str] = (),
    never: Sequence[str] = (),
    strategies: tuple[str, ...] = STRATEGIES,
    days: tuple[int, int] = (1, 4),
    smallest_scale: int = 2,
) -> Knobs:
    """Knobs, with features that are always or never there."""
    layers = draw(st.integers(1, 6))
    allowed = sorted(set(FEATURES) - set(never) - set(always) - {"huge"})
    return Knobs(
        seed=draw(st.integers(0, 2**32 - 1)),
        layers=layers,
        width=draw(st.integers(1, 5 if layers < 3 else 3)),
        days=draw(st.integers(*days)),
        dimensions=draw(st.integers(1, len(DIMENSIONS))),
        scale=draw(st.sampled_from([9, *range(smallest_scale, 9)])),
        features=frozenset([*draw(st.sets(st.sampled_from(allowed))), *always]),
        strategies=strategies,
        residual=draw(st.sampled_from(["allocated", "unallocated"])),
    )


def companies(**limits: Any) -> st.SearchStrategy[Company]:
    """Companies, by the same limits as ``knobs``."""
    return knobs(**limits).map(make)


def make(chosen: Knobs) -> Company:
    """Make the company that the knobs describe; the same knobs make the same company."""
    return _Maker(chosen).company()


class _Maker:
    """Holds the dice and what has been made so far."""

    def __init__(self, chosen: Knobs) -> None:
        self.knobs = chosen
        self.dice = random.Random(chosen.seed)
        self.dates = [START + timedelta(offset) for offset in range(chosen.days)]
        count = chosen.layers + 1
        self.first_product_layer = self.dice.randint(0 if self.has("own_bills") else 1, count - 1)
        self.layers = [
            [f"{self._odd()}{layer}{place}" for place in range(self.dice.randint(1, chosen.width))]
            for layer in range(count)
        ]
        self.sink = self.layers[-1][0]
        self.names = [name for layer in self.layers for name in layer]

    def has(self, feature: str) -> bool:
        return feature in self.knobs.features

    def chance(self, feature: str, odds: float) -> bool:
        return self.has(feature) and self.dice.random() < odds

    def _odd(self) -> str:
        return self.dice.choice(_ODD if self.has("odd_names") else ("m", "k", "x"))

    def company(self) -> Company:
        knobs = self.knobs
        model: dict[str, Any] = {
            "currency": "USD",
            "scale": knobs.scale,
            "residual": knobs.residual,
            "nodes": [
                self._node(layer, name) for layer, row in enumerate(self.layers) for name in row
            ],
            "edges": [
                edge
                for layer, row in enumerate(self.layers)
                for name in row
                for edge in self._edges(layer, name)
            ],
        }
        if self.has("currencies"):
            model["exchange_rates"] = RATES
        costs = [self._cost() for _ in range(self.dice.randint(1, 6 + 4 * len(self.names)))]
        return Company(model, costs, self._usage(), self.dates[0], self.dates[-1])

    def _node(self, layer: int, name: str) -> Row:
        node: Row = {"id": name, "type": "product"}
        if layer < self.first_product_layer:
            if self.chance("infrastructure_products", 0.5):
                node["infrastructure"] = True
            else:
                node["type"] = self.dice.choice(["resource", "shared", "platform"])
        else:
            above = [each for row in self.layers[layer + 1 :] for each in row]
            if count := self.dice.randint(0, min(2, len(above))):
                node["part_of"] = self.dice.sample(above, count)
        if self.chance("archives", 0.2):
            node["archived_on"] = self.dice.choice(self.dates)
        return node

    def _edges(self, layer: int, name: str) -> list[Row]:
        below = [each for row in self.layers[layer + 1 :] for each in row]
        if not below or self.dice.random() < 0.1:
            return []
        receivers = self.dice.sample(below, self.dice.randint(1, min(len(below), 5)))
        following = self.dice.choice(self.layers[layer + 1])
        if following not in receivers and self.dice.random() < 0.6:
            receivers[0] = following
        plan = source_plan(self.dice, self.knobs.strategies, len(receivers), self._policy)
        if plan.needs_sink and self.sink not in receivers:
            receivers[-1] = self.sink
        overridden = self._overridden_dimensions()
        edges: list[Row] = []
        for receiver in receivers:
            is_sink = receiver == self.sink
            edge = {"source": name, "receiver": receiver, **plan.use(is_sink=is_sink)}
            if overridden:
                others = [plan.other or plan.use(is_sink=is_sink) for _ in overridden]
                edge["overrides"] = [
                    {**dimension, **other}
                    for dimension, other in zip(overridden, others, strict=True)
                ]
            edges += self._windows(edge)
        return edges

    def _overridden_dimensions(self) -> list[Row]:
        """What the overrides of a source's edges name: a dimension, none, or one of each."""
        if not self.chance("overrides", 0.4):
            return []
        named: Row = {"dimension": self.dice.choice(DIMENSIONS)}
        return self.dice.choice([[named], [{}], [named, {}]])

    def _policy(self) -> str | None:
        if self.chance("zero_usage", 0.02):
            return "error"
        return self.dice.choice([None, None, None, "equal", "retain"])

    def _windows(self, edge: Row) -> list[Row]:
        """The edge in a window, or cut in two: the second half after a gap, or at once."""
        if not self.chance("windows", 0.4):
            return [edge]
        first, last = sorted([self.dice.choice(self.dates), self.dice.choice(self.dates)])
        kind = self.dice.randrange(4)
        if kind == 0:
            return [{**edge, "active_from": first}]
        if kind == 1:
            return [{**edge, "active_to": last}]
        if kind == 2 or first == last:
            return [{**edge, "active_from": first, "active_to": last}]
        return [
            {**edge, "active_to": first},
            {**edge, "active_from": first + timedelta(1), "active_to": last},
        ]

    def _cost(self) -> Row:
        infrastructure = [
            name for row in self.layers[: max(self.first_product_layer, 1)] for name in row
        ]
        name = self.dice.choice(self.names if self.has("own_bills") else infrastructure)
        if self.chance("unmapped", 0.1):
            name = self.dice.choice(["unmapped:ec2", "unmapped:"])
        currency = ""
        if self.has("currencies"):
            currency = self.dice.choice(["", "USD", "EUR", "JPY"])
        return {
            "node": name,
            "date": self.dice.choice(self.dates),
            "dimension": self.dice.choice(DIMENSIONS[: self.knobs.dimensions]),
            "amount": self._amount(),
            "currency": currency,
        }

    def _amount(self) -> str:
        scale, units = self.knobs.scale, self._units()
        if self.chance("fine_decimals", 0.5):
            scale, units = scale + 3, units * 1000 + self.dice.choice([-500, -1, 0, 1, 499, 500])
        return format(Decimal(units).scaleb(-scale), "f")

    def _units(self) -> int:
        sizes = [0, 9, 1000, 10**6, 10**12, 10**15]
        if self.has("huge"):
            sizes = [10**12, 2**53, 2**60, 2**61, 2**62]
        elif self.has("cents"):
            sizes = [3, 50]
        size = self.dice.choice(sizes)
        units = self.dice.randint(size // 2 if self.has("huge") else 0, size)
        return -units if self.chance("credits", 0.4) else units

    def _usage(self) -> list[Row]:
        earlier = [START - timedelta(age) for age in range(1, _REACH)]
        rows = [self._used(self.dates) for _ in range(2 * len(self.names) * self.knobs.days)]
        rows += [self._used(earlier) for _ in range(len(self.names))]
        if self.has("zero_usage"):
            silent = self.dice.choice(self.dates), self.dice.choice(METRICS)
            rows = [row for row in rows if (row["date"], row["metric"]) != silent]
            if self.dice.random() < 0.2:
                rows = []
        for day in [*earlier, *self.dates]:
            for metric in METRICS:
                for labels in ({"env": "prod"}, {"env": "test", "team": "a"}, {}):
                    rows.append(self._row(self.sink, day, metric, "70000", labels))
        if self.chance("zero_usage", 0.5) or self.chance("equal_usage", 0.7):
            rows = [row for row in rows if row["node"] != self.sink]
        return rows

    def _used(self, dates: Sequence[date]) -> Row:
        labels: dict[str, str] = {}
        if self.has("labels"):
            labels = self.dice.choice(
                [{}, {"env": "prod"}, {"env": "test"}, {"env": "dev", "team": "a"}, {"team": "b"}]
            )
        name, metric = self.dice.choice(self.names), self.dice.choice(METRICS)
        return self._row(name, self.dice.choice(dates), metric, self._value(), labels)

    def _value(self) -> str:
        if self.chance("zero_usage", 0.4):
            return "0"
        if self.chance("equal_usage", 0.8):
            return "7"
        if self.chance("negative_usage", 0.2):
            return str(-self.dice.randint(1, 50))
        if self.chance("fine_usage", 0.5):
            return format(Decimal(self.dice.randint(1, 10**12)).scaleb(-9), "f")
        if self.chance("wide_usage", 0.5):
            return str(self.dice.randint(1, 10**22))
        return str(self.dice.randint(1, 100))

    @staticmethod
    def _row(node: str, day: date, metric: str, value: str, labels: dict[str, str]) -> Row:
        return {"node": node, "date": day, "metric": metric, "value": value, "labels": labels}


def changed(company: Company, **parts: Any) -> Company:
    """The company with other parts."""
    return replace(company, **parts)
