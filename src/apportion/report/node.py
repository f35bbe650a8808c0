"""One node: what is declared of it, its figures, its edges, and what came and went along them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

from apportion.model import Model, Node
from apportion.model.canonical import edge_as_data
from apportion.reconcile.exact import total, zero
from apportion.reconcile.facts import UNMAPPED
from apportion.report.edges import edge_rows
from apportion.report.listing import Wanted, filtered, require_known


@dataclass(frozen=True, slots=True)
class NodeEdge:
    """An edge of the node that is active in the period, with its days in it.

    ``strategy`` names its own, then those that replace it in some dimension; ``parameters`` are of
    its own, ``overrides`` are the others, as the model's files have them. ``share`` is what it
    carried over what its source had on those days, to be read; none where that was nothing.
    """

    source: str
    receiver: str
    strategy: str
    parameters: Mapping[str, Any]
    on_zero_usage: str | None
    overrides: tuple[Mapping[str, Any], ...]
    first: date
    last: date
    share: float | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class CameFrom:
    """What another node gave to the node in one dimension."""

    source: str
    dimension: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class WentTo:
    """What another node got from the node in one dimension."""

    receiver: str
    dimension: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class NodeFigures:
    """A node's five figures, of a period or of one dimension in it (`A17`)."""

    direct_cost: Decimal
    indirect_cost: Decimal
    holistic_cost: Decimal
    given_cost: Decimal
    retained_cost: Decimal


@dataclass(frozen=True, slots=True)
class NodeAnswer:
    """A node in a period. ``node`` is none for cost that no mapping rule took.

    ``days`` counts those with cost. What came in sums to indirect cost, what went out to given.
    """

    id: str
    node: Node | None
    start: date
    end: date
    currency: str
    days: int
    figures: NodeFigures
    dimensions: Mapping[str, NodeFigures]
    edges_in: tuple[NodeEdge, ...]
    edges_out: tuple[NodeEdge, ...]
    contributions_in: tuple[CameFrom, ...]
    contributions_out: tuple[WentTo, ...]


FIGURES = ("direct_cost", "indirect_cost", "holistic_cost", "given_cost", "retained_cost")

_FIGURES = """
SELECT dimension, sum(direct), sum(indirect), sum(holistic), sum(given), sum(retained)
FROM report_allocations
GROUP BY dimension
ORDER BY dimension
"""

_DAYS = "SELECT count(DISTINCT date) FROM report_allocations"

_CAME = """
SELECT source, dimension, sum(amount) AS amount
FROM report_contributions
WHERE receiver = ?
GROUP BY source, dimension
ORDER BY amount DESC, source, dimension
"""

_WENT = """
SELECT receiver, dimension, sum(amount) AS amount
FROM report_contributions
WHERE source = ?
GROUP BY receiver, dimension
ORDER BY amount DESC, receiver, dimension
"""


def node(
    connection: duckdb.DuckDBPyConnection,
    model: Model,
    wanted: Wanted,
    node_id: str,
    currency: str,
    scale: int,
) -> NodeAnswer:
    """All that is known of a node in a period; ``wanted`` restricts days and dimensions.

    Raises ``UsageError`` (``unknown_name``) where neither the model nor any cost has the node.
    """
    alone = Wanted(wanted.start, wanted.end, (node_id,), wanted.dimensions)
    require_known(connection, model, alone)
    rows = edge_rows(connection, model, alone)
    with filtered(connection, alone):
        dimensions = {row[0]: NodeFigures(*row[1:]) for row in _all(connection, _FIGURES)}
        days = _all(connection, _DAYS)[0][0]
        came = tuple(CameFrom(*row) for row in _all(connection, _CAME, node_id))
        went = tuple(WentTo(*row) for row in _all(connection, _WENT, node_id))
    edges = [_edge(model, row) for row in rows]
    return NodeAnswer(
        node_id,
        model.node(node_id) if node_id in model.index else None,
        wanted.start,
        wanted.end,
        currency,
        days,
        _summed(list(dimensions.values()), scale),
        dimensions,
        tuple(edge for edge in edges if edge.receiver == node_id),
        tuple(edge for edge in edges if edge.source == node_id),
        came,
        went,
    )


def _all(connection: duckdb.DuckDBPyConnection, sql: str, *given: str) -> list[tuple[Any, ...]]:
    return connection.execute(sql, list(given)).fetchall()


def _edge(model: Model, row: Mapping[str, Any]) -> NodeEdge:
    declared = edge_as_data(model.edges[row["edge"]])
    return NodeEdge(
        row["source"],
        row["receiver"],
        row["strategy"],
        declared.get("parameters", {}),
        declared.get("on_zero_usage"),
        tuple(declared.get("overrides", ())),
        row["first"],
        row["last"],
        row["share"],
        row["amount"],
    )


def _summed(parts: Sequence[NodeFigures], scale: int) -> NodeFigures:
    if not parts:
        return NodeFigures(*[zero(scale)] * len(FIGURES))
    return NodeFigures(*(total((getattr(part, name) for part in parts), scale) for name in FIGURES))


_LISTS = ("edges_in", "edges_out", "contributions_in", "contributions_out")


def as_data(found: NodeAnswer) -> dict[str, Any]:
    """The node for programs."""
    return {
        "id": found.id,
        **_declared(found),
        "start_date": found.start,
        "end_date": found.end,
        "currency": found.currency,
        "days": found.days,
        **asdict(found.figures),
        "dimensions": [
            {"dimension": name, **asdict(figures)} for name, figures in found.dimensions.items()
        ],
        **{name: [asdict(each) for each in getattr(found, name)] for name in _LISTS},
    }


def _declared(found: NodeAnswer) -> dict[str, Any]:
    node = found.node
    if node is None:
        kind = "unmapped" if found.id.startswith(UNMAPPED) else ""
        return {
            "name": found.id,
            "type": kind,
            "infrastructure": bool(kind),
            "labels": {},
            "part_of": [],
            "archived_on": None,
        }
    return {
        "name": node.name or node.id,
        "type": str(node.type),
        "infrastructure": node.is_infrastructure,
        "labels": dict(node.labels),
        "part_of": list(node.part_of),
        "archived_on": node.archived_on,
    }
