"""What each infrastructure-like node had, to whom it gave, and why it kept the rest."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from apportion.model import Model
from apportion.reconcile.exact import total
from apportion.reconcile.facts import UNMAPPED
from apportion.reconcile.reconciliation import Reconciliation
from apportion.report.csv_text import Lines
from apportion.report.listing import Wanted, filtered


@dataclass(frozen=True, slots=True)
class Receiver:
    """Whom a node gave to. ``share`` of what the node had is to be read; the amount counts."""

    receiver: str
    name: str
    amount: Decimal
    share: float | None


@dataclass(frozen=True, slots=True)
class GivingNode:
    """An infrastructure-like node with its figures, and its receivers, the largest first.

    ``type`` is ``unmapped`` for cost that no mapping rule took. ``reason`` says why it kept
    something, and is empty where it kept nothing or no proof tells.
    """

    id: str
    name: str
    type: str
    direct_cost: Decimal
    indirect_cost: Decimal
    holistic_cost: Decimal
    given: Decimal
    retained: Decimal
    reason: str
    receivers: tuple[Receiver, ...]


@dataclass(frozen=True, slots=True)
class Infrastructure:
    """The infrastructure-like nodes with cost, those with most direct cost first.

    ``direct_cost`` and ``retained`` are their sums: what came in, and what is unallocated. What was
    received or given has no sum, for it would count the same money at each node that it passes.
    """

    start: date
    end: date
    currency: str
    nodes: tuple[GivingNode, ...]
    direct_cost: Decimal
    retained: Decimal


_NODES = """
SELECT a.node, coalesce(k.name, a.node), coalesce(k.type, 'unmapped'), sum(a.direct),
       sum(a.indirect), sum(a.holistic), sum(a.given), sum(a.retained)
FROM report_allocations AS a
LEFT JOIN report_kinds AS k ON k.node = a.node
WHERE coalesce(k.infrastructure, starts_with(a.node, ?))
GROUP BY a.node, k.name, k.type
ORDER BY sum(a.direct) DESC, a.node
"""

_RECEIVERS = """
WITH had AS (
    SELECT node, sum(holistic) AS holistic FROM report_allocations GROUP BY node
),
carried AS (
    SELECT c.source, c.receiver, sum(c.amount) AS amount
    FROM report_contributions AS c
    JOIN report_kinds AS s ON s.node = c.source AND s.infrastructure
    GROUP BY c.source, c.receiver
)
SELECT c.source, c.receiver, coalesce(r.name, c.receiver), c.amount,
       report_share(c.amount, h.holistic)
FROM carried AS c
JOIN had AS h ON h.node = c.source
LEFT JOIN report_kinds AS r ON r.node = c.receiver
ORDER BY c.amount DESC, c.receiver
"""


def infrastructure(
    connection: duckdb.DuckDBPyConnection,
    model: Model,
    wanted: Wanted,
    currency: str,
    scale: int,
    proof: Reconciliation | None = None,
) -> Infrastructure:
    """The infrastructure-like nodes, or those of ``wanted.nodes`` that are.

    ``proof`` is that of the whole result. It tells the reasons; the figures are those of the rows.
    """
    reasons = {each.id: each.reason for each in proof.infrastructure_nodes} if proof else {}
    with filtered(connection, wanted, report_kinds=_kinds(model)):
        nodes = connection.execute(_NODES, [UNMAPPED]).fetchall()
        carried = connection.execute(_RECEIVERS).fetchall()
    to: dict[str, list[Receiver]] = {}
    for source, *receiver in carried:
        to.setdefault(source, []).append(Receiver(*receiver))
    return Infrastructure(
        wanted.start,
        wanted.end,
        currency,
        tuple(_giving(row, reasons.get(row[0], ""), to.get(row[0], ())) for row in nodes),
        total((row[3] for row in nodes), scale),
        total((row[7] for row in nodes), scale),
    )


def _giving(row: tuple[Any, ...], reason: str, receivers: Sequence[Receiver]) -> GivingNode:
    node, name, kind, direct, indirect, holistic, given, retained = row
    figures = direct, indirect, holistic, given, retained
    return GivingNode(node, name, kind, *figures, reason, tuple(receivers))


def _kinds(model: Model) -> pa.Table:
    nodes = model.nodes
    return pa.table(
        {
            "node": pa.array([node.id for node in nodes], pa.string()),
            "name": pa.array([node.name or node.id for node in nodes], pa.string()),
            "type": pa.array([str(node.type) for node in nodes], pa.string()),
            "infrastructure": pa.array([node.is_infrastructure for node in nodes], pa.bool_()),
        }
    )


def as_data(found: Infrastructure) -> dict[str, Any]:
    """All nodes with their receivers, for programs."""
    return {
        "start_date": found.start,
        "end_date": found.end,
        "currency": found.currency,
        "direct_cost": found.direct_cost,
        "retained": found.retained,
        "nodes": [asdict(node) for node in found.nodes],
    }


def flat(found: Infrastructure) -> Lines:
    """A row for each node and receiver; one without amount where a node gave to nobody."""
    names = (
        *("id", "name", "type", "direct_cost", "indirect_cost", "holistic_cost", "given"),
        *("retained", "reason", "receiver", "amount", "share", "currency"),
        *("start_date", "end_date"),
    )
    rows = (
        (
            *(node.id, node.name, node.type, node.direct_cost, node.indirect_cost),
            *(node.holistic_cost, node.given, node.retained, node.reason),
            *((each.receiver, each.amount, each.share) if each else (None, None, None)),
            *(found.currency, found.start, found.end),
        )
        for node in found.nodes
        for each in node.receivers or (None,)
    )
    return names, rows
