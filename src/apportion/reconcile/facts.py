"""What the model says, as Arrow tables: its nodes, its edges day by day, its exchange rates.

The days of an edge are derived here from what was declared, and not taken from the arrays that
the runs compute with: an edge that is cut short there would otherwise be cut short here too.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from apportion.model import Edge, Model

UNMAPPED = "unmapped:"
"""Nodes with this prefix need no declaration and count as infrastructure without edges."""

NODES = pa.schema([("node", pa.string()), ("infrastructure", pa.bool_())])
WINDOWS = pa.schema(
    [
        ("source", pa.string()),
        ("receiver", pa.string()),
        ("first", pa.date32()),
        ("last", pa.date32()),
        ("edge", pa.int64()),
    ]
)
RATES = pa.schema([("from_currency", pa.string()), ("date", pa.date32()), ("position", pa.int64())])


def node_rows(model: Model) -> pa.Table:
    """One row per declared node, and whether it is infrastructure-like (`A4`)."""
    return _table([(node.id, node.is_infrastructure) for node in model.nodes], NODES)


def window_rows(model: Model, start: date, end: date) -> pa.Table:
    """One row per edge that is active from ``start`` to ``end``, with its days in between (`A5`).

    ``first`` and ``last`` are included; ``edge`` is the position in the model's edges. A node that
    is archived has no edges from that day on.
    """
    return _table(list(_windows(model.edges, _archives(model), start, end)), WINDOWS)


def rate_rows(model: Model, currency: str) -> pa.Table:
    """The rates into a currency, each with its position in the model's rates (`A24`)."""
    rows = [
        (rate.from_currency, rate.date, position)
        for position, rate in enumerate(model.exchange_rates)
        if rate.to_currency == currency
    ]
    return _table(rows, RATES)


def _archives(model: Model) -> Mapping[str, date]:
    return {node.id: node.archived_on for node in model.nodes if node.archived_on is not None}


def _windows(
    edges: Sequence[Edge], archived: Mapping[str, date], start: date, end: date
) -> Iterator[tuple[str, str, date, date, int]]:
    for position, edge in enumerate(edges):
        first = max(edge.active_from or start, start)
        last = min(edge.active_to or end, end)
        ends = [archived[node] for node in (edge.source, edge.receiver) if node in archived]
        if ends:
            if min(ends) <= first:
                continue
            last = min(last, min(ends) - timedelta(days=1))
        if first <= last:
            yield edge.source, edge.receiver, first, last, position


def _table(rows: Sequence[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    return pa.table([list(column) for column in columns], schema=schema)
