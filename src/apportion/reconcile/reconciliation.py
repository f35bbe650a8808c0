"""What a proof says: the figures, the nodes behind them, and everything that does not hold."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

import pyarrow as pa

from apportion.findings import Finding, Place


class Record:
    """A record that can be read by attribute or by key, as in its JSON."""

    __slots__ = ()

    def __getitem__(self, name: str) -> Any:
        """The field of a name. Raises ``KeyError`` where there is none."""
        if name not in self.keys():
            raise KeyError(name)
        return getattr(self, name)

    def keys(self) -> tuple[str, ...]:
        """The names of the fields that belong to the JSON, in order."""
        kind: Any = type(self)
        return _keys(kind)

    def __iter__(self) -> Iterator[str]:
        """The names of the fields, so that ``dict(record)`` works."""
        return iter(self.keys())

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON holds it: amounts as decimal text with all digits, dates as ISO."""
        return {name: _plain(self[name]) for name in self.keys()}


@cache
def _keys(kind: Any) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind) if each.metadata.get("json", True))


@dataclass(frozen=True, slots=True)
class FinalCostCentre(Record):
    """A product on the days on which it gave to no other (`A19`).

    The costs are sums over those days. ``days`` counts those of them on which it had cost.
    """

    id: str
    name: str
    direct_cost: Decimal
    indirect_cost: Decimal
    holistic_cost: Decimal
    days: int


@dataclass(frozen=True, slots=True)
class PartialCostCentre(Record):
    """A product on the days on which it gave to others and yet kept ``residual`` (`A19`)."""

    id: str
    name: str
    residual: Decimal


@dataclass(frozen=True, slots=True)
class InfrastructureNode(Record):
    """An infrastructure-like node: what it had, gave and kept, and why it kept it.

    ``type`` is the node's type, or ``unmapped`` for the implicit nodes of cost that no rule took.
    ``reason`` is empty where nothing was kept; several reasons are joined by ``; ``, and
    ``retained_by_reason`` has the amount of each.
    """

    id: str
    name: str
    type: str
    direct_cost: Decimal
    given: Decimal
    retained: Decimal
    reason: str
    retained_by_reason: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class GraphSize(Record):
    """How large the graph is.

    Nodes are those of the model, edges those that are active on some day of the period.
    ``max_depth`` is the number of edges on the longest way that cost can take on one day.
    """

    nodes: int
    products: int
    infrastructure_nodes: int
    edges: int
    max_depth: int


@dataclass(frozen=True, slots=True)
class Violation(Record):
    """One place where an invariant does not hold. ``type`` is the invariant's name.

    What does not apply is empty: the sums of a day have no node. ``expected`` and ``actual`` are
    amounts as decimal text, or words.
    """

    type: str
    node: str
    date: date | None
    dimension: str
    expected: str
    actual: str

    def __str__(self) -> str:
        """Give the violation as one sentence."""
        parts = (repr(self.node) if self.node else "", self.date, self.dimension)
        where = ", ".join(str(part) for part in parts if part)
        at = f" at {where}" if where else ""
        return f"{self.type}{at}: expected {self.expected}, found {self.actual}."


@dataclass(frozen=True, slots=True)
class CheckRun(Record):
    """That an invariant was checked: on how many rows, and how many violated it."""

    name: str
    rows_seen: int
    violations: int


@dataclass(frozen=True)
class Reconciliation(Record):
    """The proof of a result, with the names of `A18` to `A21`. Amounts are in ``currency``.

    ``left_out`` is the recorded cost of dimensions that were left out on request, which is in no
    other figure (`A22`); it is empty where the recorded costs are not at hand.
    ``invariant_violations`` lists the first of each kind; ``violation_count`` counts all.
    ``product_costs`` is the part of ``allocated_product_cost`` that each product holds;
    ``final_cost_centres_by_day`` has a row per date and product (``date``, ``node``, ``direct``,
    ``indirect``, ``holistic``), in that order. These two are not part of the JSON.
    """

    start_date: date
    end_date: date
    currency: str
    raw_infrastructure_cost: Decimal
    product_direct_cost: Decimal
    allocated_product_cost: Decimal
    allocated_from_infrastructure: Decimal
    final_cost_centre_cost: Decimal
    partial_cost_centre_residual: Decimal
    unallocated_cost: Decimal
    unallocated_by_reason: Mapping[str, Decimal]
    coverage_percent: Decimal
    conservation_delta: Decimal
    left_out: Mapping[str, Decimal]
    final_cost_centres: tuple[FinalCostCentre, ...]
    partial_cost_centres: tuple[PartialCostCentre, ...]
    infrastructure_nodes: tuple[InfrastructureNode, ...]
    invariant_violations: tuple[Violation, ...]
    violation_count: int
    checks: tuple[CheckRun, ...]
    graph: GraphSize
    product_costs: Mapping[str, Decimal] = field(repr=False, metadata={"json": False})
    final_cost_centres_by_day: pa.Table = field(repr=False, compare=False, metadata={"json": False})

    @property
    def violations(self) -> tuple[Violation, ...]:
        """The same as ``invariant_violations``."""
        return self.invariant_violations

    @property
    def holds(self) -> bool:
        """Whether every invariant holds and nothing was created or lost."""
        return self.violation_count == 0 and self.conservation_delta == 0

    def findings(self) -> tuple[Finding, ...]:
        """What does not hold, as errors. None where the result is proven."""
        found = [_finding(violation) for violation in self.invariant_violations]
        if self.conservation_delta != 0:
            found.append(
                Finding(
                    "invariant_violation",
                    f"Of the cost from {self.start_date} to {self.end_date}, "
                    f"{self.conservation_delta:f} {self.currency} is neither allocated nor "
                    "unallocated.",
                    Place("<result>"),
                    details={"type": "conservation_delta"},
                )
            )
        hidden = self.violation_count - len(self.invariant_violations)
        if hidden > 0:
            message = f"{hidden} more violations are not listed."
            found.append(Finding("invariant_violation", message, Place("<result>")))
        return tuple(found)


SAW_NO_ROWS = "check_saw_no_rows"


def _finding(violation: Violation) -> Finding:
    code = SAW_NO_ROWS if violation.type == SAW_NO_ROWS else "invariant_violation"
    return Finding(code, f"{violation}", Place("<result>"), details=dict(violation))


def _plain(value: Any) -> Any:
    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else value
