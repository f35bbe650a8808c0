"""Which nodes the model declares, for queries."""

import pyarrow as pa
from duckdb import DuckDBPyConnection

from apportion.model import Model

UNMAPPED = "unmapped:"
"""Nodes with this prefix need no declaration: they hold cost that no mapping rule took."""

NODES = "model_nodes"
"""The table of the model's nodes."""


def register_nodes(connection: DuckDBPyConnection, model: Model) -> None:
    """Make the ids of the model's nodes known to queries."""
    ids = pa.array([node.id for node in model.nodes], pa.string())
    connection.register(NODES, pa.table({"id": ids}))


def declared(column: str) -> str:
    """The condition that a node's name in a column of ours is one of the model, or unmapped."""
    return f"({column} in (from {NODES}) or starts_with({column}, '{UNMAPPED}'))"
