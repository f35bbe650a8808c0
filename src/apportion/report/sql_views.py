"""Views for those who ask in SQL: names and hierarchy joined, what counts now and nothing else.

They are stable: their names, columns and meanings change no more than those of an API.
"""

from collections.abc import Mapping
from typing import Any

import duckdb
import pyarrow as pa

from apportion.findings import QUESTION, Finding, UsageError
from apportion.ledger.counting_lines import counting_bill_lines
from apportion.ledger.disk import Store
from apportion.model import Model

VIEWS: Mapping[str, str] = {
    "nodes": "a node of the model: id, name, type, is_infrastructure, part_of, labels, archived_on",
    "edges": "an edge of the model: source, receiver, their names, strategy, active_from, "
    "active_to",
    "products": "a product: id, name, part_of, path (its ancestors and itself, by first parent)",
    "current_allocations": "what a node had, got and gave on a day in a dimension, by the runs "
    "that answer now: node, name, type, date, dimension, currency, direct, indirect, holistic, "
    "given, retained",
    "product_costs": "the same of products: product, name, path, date, dimension, currency, "
    "holistic, given, retained",
    "lines": "a line of a bill that counts: the columns of bill_lines, source, period, day, and "
    "cost, the amount that counts",
}
"""Each view: what a row is, and its columns."""

_NODES = pa.schema(
    [
        ("id", pa.string()),
        ("name", pa.string()),
        ("type", pa.string()),
        ("is_infrastructure", pa.bool_()),
        ("part_of", pa.list_(pa.string())),
        ("labels", pa.map_(pa.string(), pa.string())),
        ("archived_on", pa.date32()),
        ("path", pa.list_(pa.string())),
    ]
)
_EDGES = pa.schema(
    [
        ("source", pa.string()),
        ("receiver", pa.string()),
        ("strategy", pa.string()),
        ("active_from", pa.date32()),
        ("active_to", pa.date32()),
    ]
)
_OF_MODEL = """
    CREATE VIEW nodes AS SELECT * EXCLUDE (path) FROM model_nodes_told;
    CREATE VIEW products AS
        SELECT id, name, part_of, path FROM model_nodes_told WHERE type = 'product';
    CREATE VIEW edges AS
        SELECT e.source, s.name AS source_name, e.receiver, r.name AS receiver_name, e.strategy,
               e.active_from, e.active_to
        FROM model_edges_told AS e
        JOIN model_nodes_told AS s ON e.source = s.id
        JOIN model_nodes_told AS r ON e.receiver = r.id;
"""
_OF_RUNS = """
    CREATE VIEW current_allocations AS
        SELECT a.node, coalesce(n.name, a.node) AS name, n.type, a.date, a.dimension, a.currency,
               a.direct, a.indirect, a.holistic, a.given, a.retained
        FROM allocations AS a LEFT JOIN model_nodes_told AS n ON a.node = n.id;
    CREATE VIEW product_costs AS
        SELECT a.node AS product, n.name, n.path, a.date, a.dimension, a.currency, a.holistic,
               a.given, a.retained
        FROM allocations AS a JOIN model_nodes_told AS n ON a.node = n.id
        WHERE n.type = 'product';
"""


def with_views(
    connection: duckdb.DuckDBPyConnection, store: Store, model: Model, *, has_runs: bool
) -> duckdb.DuckDBPyConnection:
    """Give a connection the views of ``VIEWS``; those of runs where it has ``allocations``.

    Raises ``LedgerError``.
    """
    parents = {node.id: node.part_of for node in model.nodes}
    rows = [
        {
            "id": node.id,
            "name": node.name or node.id,
            "type": node.type.value,
            "is_infrastructure": node.is_infrastructure,
            "part_of": list(node.part_of),
            "labels": list(node.labels.items()),
            "archived_on": node.archived_on,
            "path": _path(node.id, parents),
        }
        for node in model.nodes
    ]
    edges = [
        {
            "source": edge.source,
            "receiver": edge.receiver,
            "strategy": edge.use.strategy,
            "active_from": edge.active_from,
            "active_to": edge.active_to,
        }
        for edge in model.edges
    ]
    connection.register("model_nodes_told", pa.Table.from_pylist(rows, _NODES))
    connection.register("model_edges_told", pa.Table.from_pylist(edges, _EDGES))
    connection.execute(_OF_MODEL)
    if has_runs:
        connection.execute(_OF_RUNS)
    counting_bill_lines(connection, store, model.settings.cost_column, plain_too=True)
    return connection


def _path(node: str, parents: Mapping[str, tuple[str, ...]]) -> list[str]:
    """A node's ancestors by the first parent of each, the topmost first, and itself."""
    path = [node]
    while (above := parents.get(path[0], ())) and above[0] not in path:
        path.insert(0, above[0])
    return path


def answer(
    connection: duckdb.DuckDBPyConnection, query: str
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The names and rows of a query. Raises ``UsageError`` (``invalid_argument``)."""
    try:
        found = connection.execute(query)
        names = [column[0] for column in found.description or ()]
        return names, found.fetchall()
    except duckdb.Error as error:
        said = str(error).split("\n\n")[0].replace("\n", " ")
        remedy = "The views are listed by: apportion sql"
        raise UsageError([Finding("invalid_argument", said, QUESTION, remedy)]) from None
