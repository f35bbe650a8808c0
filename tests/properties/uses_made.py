"""How the siblings of one source share, made at random so that they mostly give no more than all.

Strategies of one kind sum to the whole by themselves. Mixed ones do not: two halves of different
kinds can sum to more. So a mixture is bounded per edge, or beside a **sink**: a receiver whose
usage dwarfs all others' and whose own share is small. Now and then a mixture is left wild, and
the run may have to fail.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Use = dict[str, Any]

METRICS = ("calls", "hours")
STRATEGIES = (
    "equal",
    "proportional_on",
    "fixed_percent",
    "capped_proportional",
    "residual_to_max",
    "weighted_average",
    "hybrid_fixed_proportional",
    "min_floor_proportional",
    "segment_filtered_proportional",
    "remainder",
)
FILTERS = (
    {"label": "env", "operator": "eq", "values": ["prod"]},
    {"label": "env", "operator": "eq", "values": ["prod", "dev"]},
    {"label": "env", "operator": "neq", "values": ["prod"]},
    {"label": "env", "operator": "in", "values": ["prod", "test"]},
    {"label": "env", "values": ["dev"]},
    {"label": "team", "operator": "not_in", "values": ["a", "b"]},
    {"label": "team", "operator": "exists"},
    {"label": "env", "operator": "not_exists"},
)


@dataclass(frozen=True)
class Plan:
    """How the edges of a source get their uses.

    ``use`` makes one for an edge. ``alike`` means that all edges must have the same, and
    ``other`` is then another use that all may have together.
    """

    use: Callable[..., Use]
    alike: bool = False
    needs_sink: bool = False
    other: Use | None = None


Policy = Callable[[], str | None]


def source_plan(dice: random.Random, strategies: Sequence[str], count: int, policy: Policy) -> Plan:
    """Choose how the ``count`` receivers of a source share."""
    maker = _Maker(dice, strategies, count, policy)
    kind = dice.choices(["alike", "bounded", "rest", "sink", "wild"], [28, 18, 15, 27, 12])[0]
    if kind == "alike":
        chosen, other = maker.anything(), maker.anything()
        return Plan(lambda **_: chosen, alike=True, other=other)
    if kind == "bounded":
        return Plan(lambda **_: maker.bounded())
    if kind == "rest":
        metric, chosen_filter = dice.choice(METRICS), maker.filter()
        return Plan(lambda **_: maker.of_one_metric(metric, chosen_filter))
    if kind == "sink":
        return Plan(maker.beside_sink, needs_sink=True)
    return Plan(lambda **_: maker.anything())


@dataclass(frozen=True)
class _Maker:
    dice: random.Random
    strategies: Sequence[str]
    count: int
    policy: Policy

    def filter(self) -> dict[str, Any] | None:
        return self.dice.choice([None, None, *FILTERS])

    def bound(self) -> Decimal:
        """A percentage that every sibling may have without the sum exceeding the whole."""
        most = 100 * 1000 // self.count
        return Decimal(self.dice.choice([0, most, self.dice.randint(0, most)])) / 1000

    def share(self, percent: str, part: str, value: Decimal) -> dict[str, Any]:
        """A share written in one of the ways that people write it (`A10`)."""
        way = self.dice.randrange(3)
        if way == 0:
            return {part: str(value / 100)}
        if way == 1 and value == int(value):
            return {percent: int(value)}
        return {percent: str(value)}

    def allowed(self, *names: str) -> list[str]:
        return [name for name in names if name in self.strategies]

    def anything(self) -> Use:
        return self.make(self.dice.choice(self.strategies))

    def bounded(self) -> Use:
        """A use whose share is never above the part of each of ``count`` siblings."""
        name = self.dice.choice(self.allowed("fixed_percent", "capped_proportional", "remainder"))
        return self.make(name, on_zero_usage="retain") if "capped" in name else self.make(name)

    def of_one_metric(self, metric: str, chosen: dict[str, Any] | None) -> Use:
        """Uses of one series: together they give the whole at most, whoever takes the rest."""
        names = ["proportional_on", "residual_to_max", "residual_to_max", "capped_proportional"]
        use = self.make(self.dice.choice(self.allowed(*names)), on_zero_usage="retain")
        use["parameters"] = {**use["parameters"], "metric": metric, "segment_filter": chosen}
        if chosen is None:
            del use["parameters"]["segment_filter"]
        return use

    def beside_sink(self, *, is_sink: bool) -> Use:
        if not is_sink:
            return self.anything()
        name = self.dice.choice(self.allowed("fixed_percent", "remainder"))
        return self.make(name) if name == "remainder" else _fixed({"percent": 0})

    def make(self, name: str, on_zero_usage: str | None = None) -> Use:
        parameters: dict[str, Any] = {}
        if name == "fixed_percent":
            return _fixed(self.share("percent", "fraction", self.bound()))
        if name in ("equal", "remainder"):
            return {"strategy": name, "parameters": parameters}
        parameters["metric"] = self.dice.choice([*METRICS, *METRICS, *METRICS, "ghost"])
        chosen = self.filter()
        if name == "segment_filtered_proportional":
            chosen = self.dice.choice(FILTERS)
        if chosen:
            parameters["segment_filter"] = chosen
        if name == "capped_proportional":
            parameters |= self.share("cap_percent", "cap", self.bound())
        if name == "hybrid_fixed_proportional":
            whole = Decimal(self.dice.choice([0, 10, Decimal("33.333"), 100]))
            parameters |= self.share("fixed_percent", "fixed_fraction", whole)
        if name == "min_floor_proportional":
            floor = Decimal(self.dice.choice([0, 1, Decimal("12.5"), 60]))
            parameters |= self.share("min_floor_percent", "min_floor", floor)
        if name == "weighted_average":
            parameters |= {"window_days": self.dice.choice([1, 2, 7, 9])}
            parameters |= self.dice.choice(
                [{}, {"decay": "1"}, {"decay": "0.5"}, {"decay": "0.93"}]
            )
        policy = on_zero_usage or self.policy()
        use: Use = {"strategy": name, "parameters": parameters}
        return {**use, "on_zero_usage": policy} if policy else use


def _fixed(parameters: dict[str, Any]) -> Use:
    return {"strategy": "fixed_percent", "parameters": parameters}
