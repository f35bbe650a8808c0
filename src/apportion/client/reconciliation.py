"""The proof of a result as a server tells it, with the fields of ``apportion.Reconciliation``."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from apportion.client.told import Told


@dataclass(frozen=True, slots=True)
class FinalCostCentre(Told):
    """A product on the days on which it gave to no other."""

    id: str
    name: str
    direct_cost: Decimal
    indirect_cost: Decimal
    holistic_cost: Decimal
    days: int


@dataclass(frozen=True, slots=True)
class PartialCostCentre(Told):
    """A product on the days on which it gave to others and yet kept ``residual``."""

    id: str
    name: str
    residual: Decimal


@dataclass(frozen=True, slots=True)
class InfrastructureNode(Told):
    """An infrastructure-like node: what it had, gave and kept, and why it kept it."""

    id: str
    name: str
    type: str
    direct_cost: Decimal
    given: Decimal
    retained: Decimal
    reason: str
    retained_by_reason: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class GraphSize(Told):
    """How large the graph is."""

    nodes: int
    products: int
    infrastructure_nodes: int
    edges: int
    max_depth: int


@dataclass(frozen=True, slots=True)
class Violation(Told):
    """One place where an invariant does not hold. ``type`` is the invariant's name."""

    type: str
    node: str
    date: date | None
    dimension: str
    expected: str
    actual: str


@dataclass(frozen=True, slots=True)
class CheckRun(Told):
    """That an invariant was checked: on how many rows, and how many violated it."""

    name: str
    rows_seen: int
    violations: int


@dataclass(frozen=True, slots=True)
class Reconciliation(Told):
    """The proof of a result. Amounts are in ``currency``."""

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

    @property
    def violations(self) -> tuple[Violation, ...]:
        """The same as ``invariant_violations``."""
        return self.invariant_violations

    @property
    def holds(self) -> bool:
        """Whether every invariant holds and nothing was created or lost."""
        return self.violation_count == 0 and self.conservation_delta == 0
