"""By which rules rows were made, and which of them would be made otherwise now.

Costs whose lines are kept are made anew by the run that needs them. Of usage the ledger keeps sums,
so that a change of its rules reaches a figure only when the files are ingested again; and so it is
with costs of an older program, whose lines were never kept.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from hashlib import sha256
from typing import Any

import pyarrow as pa

from apportion import database
from apportion.ledger.disk import Store
from apportion.ledger.runs import pinned_versions
from apportion.ledger.schemas import COSTS, INGESTS, USAGE, Table
from apportion.ledger.store import as_json, files, read
from apportion.ledger.views import table_view
from apportion.model import Model
from apportion.model.canonical import rules_digest
from apportion.model.declared import Declared

_COUNTING = """
    FROM asked SEMI JOIN (FROM known WHERE date BETWEEN ? AND ?) AS inside USING (ingest_id)
"""
_SUMS = (None, "usage")
"""Kinds of changes of which the ledger keeps sums and no lines."""
_WITHOUT_RULES = ("costs", "usage")
"""Formats whose lines name node and dimension themselves."""


def reading(model: Model, table: Table, format_name: str, cost_column: str | None) -> str:
    """The rules that a file is read by, to be recorded; empty where it is read by none.

    A ``cost_column`` that somebody gave for the one ingest is not held to the workspace's setting.
    """
    if format_name in _WITHOUT_RULES:
        return ""
    asked = "" if cost_column or table is USAGE else model.settings.cost_column
    said = {"of": table.name, "rules": rules_digest(model, table.name), "cost_column": asked}
    if table is COSTS:
        # A rule that leads to a node which is not declared leaves its lines unmapped.
        said["nodes"] = _nodes_digest(model)
    return as_json(said)


def _nodes_digest(model: Declared) -> str:
    listed = as_json(sorted(node.id for node in model.nodes))
    return sha256(listed.encode()).hexdigest()


def stale_changes(store: Store, model: Declared) -> list[str]:
    """The changes whose lines are kept and whose costs would be made otherwise now."""
    names = ["ingest_id", "kind", "read_with"]
    rows = read(store, INGESTS, columns=names).to_pylist()
    return [row["ingest_id"] for row in rows if row["kind"] not in _SUMS and is_stale(row, model)]


def read_otherwise(
    store: Store,
    records: pa.Table,
    model: Declared | None,
    first: date,
    last: date,
    *,
    kept: bool = False,
) -> tuple[str, ...]:
    """Names of files whose rows of these days count, and would be others by the rules of now.

    ``records`` are all changes. ``kept`` asks for those whose lines the ledger keeps, so that a run
    makes their costs anew, and not for the others.
    """
    if model is None:
        return ()
    stale = [
        row
        for row in sorted(records.to_pylist(), key=lambda record: record["sequence"])
        if (row["kind"] not in _SUMS) == kept
        and row["first_date"] is not None
        and row["first_date"] <= last
        and row["last_date"] >= first
        and is_stale(row, model)
    ]
    if not stale:
        return ()
    counting = _counting(store, [row["ingest_id"] for row in stale], first, last)
    names = [
        name for row in stale if row["ingest_id"] in counting for name in json.loads(row["files"])
    ]
    return tuple(dict.fromkeys(names))


def is_stale(row: Mapping[str, Any], model: Declared) -> bool:
    """Whether rows of a change, a row of ``ingests``, would be made otherwise now."""
    told = json.loads(row["read_with"] or "{}")
    if not told:
        return False
    if told["cost_column"] and told["cost_column"] != model.settings.cost_column:
        return True
    if "nodes" in told and told["nodes"] != _nodes_digest(model):
        return True
    return bool(told["rules"] != rules_digest(model, told["of"]))


def _counting(store: Store, ingest_ids: Iterable[str], first: date, last: date) -> set[str]:
    connection = database.connect()
    connection.register("asked", pa.table({"ingest_id": pa.array(ingest_ids, pa.string())}))
    pins = pinned_versions(store)
    found: set[str] = set()
    for table in (COSTS, USAGE):
        connection.execute("DROP VIEW IF EXISTS known")
        table_view(connection, table, files(store, table, pins[table.name]), "known")
        found |= {each for (each,) in connection.execute(_COUNTING, [first, last]).fetchall()}
    return found
