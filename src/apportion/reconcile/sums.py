"""Every node's sums over the period, apart for the days on which it has edges and has none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import duckdb

from apportion.model import Model
from apportion.reconcile.exact import total
from apportion.reconcile.facts import UNMAPPED

_SUMS = """
SELECT a.node, g.node IS NOT NULL AS giving, sum(a.direct), sum(a.indirect), sum(a.holistic),
       sum(a.given), sum(a.retained), count(DISTINCT a.date),
       count(*) FILTER (WHERE a.retained <> 0)
FROM proof_allocations AS a
LEFT JOIN proof_giving AS g ON g.node = a.node AND a.date BETWEEN g.first AND g.last
GROUP BY ALL
ORDER BY ALL
"""


@dataclass(frozen=True, slots=True)
class NodeSums:
    """A node's sums over the days on which it has edges (``giving``), or over the others.

    ``days`` counts the days with cost, ``kept_rows`` the rows in which something was retained.
    """

    node: str
    giving: bool
    direct: Decimal
    indirect: Decimal
    holistic: Decimal
    given: Decimal
    retained: Decimal
    days: int
    kept_rows: int


@dataclass(frozen=True, slots=True)
class Sums:
    """The sums of infrastructure-like nodes and of products (`A4`), each in order of id.

    Nodes that the model does not know stand in neither; the invariants name them.
    """

    infrastructure: tuple[NodeSums, ...]
    products: tuple[NodeSums, ...]
    residual_is_allocated: bool

    def allocated(self) -> Sequence[NodeSums]:
        """The sums whose retained cost is allocated product cost, as the settings say (`A19`)."""
        return [each for each in self.products if self.residual_is_allocated or not each.giving]

    def product_costs(self, scale: int) -> Mapping[str, Decimal]:
        """The part of allocated product cost that each product holds, in order of id."""
        held: dict[str, list[Decimal]] = {}
        for each in self.allocated():
            held.setdefault(each.node, []).append(each.retained)
        return {node: total(amounts, scale) for node, amounts in held.items()}


def read_sums(connection: duckdb.DuckDBPyConnection, model: Model) -> Sums:
    """Sum the allocations of the evidence, in one reading."""
    kinds: Mapping[str, bool] = {node.id: node.is_infrastructure for node in model.nodes}
    rows = [NodeSums(*row) for row in connection.execute(_SUMS).fetchall()]
    return Sums(
        tuple(row for row in rows if kinds.get(row.node, row.node.startswith(UNMAPPED))),
        tuple(row for row in rows if not kinds.get(row.node, True)),
        model.settings.residual != "unallocated",
    )
