"""By which rules files were read into the ledger, and which of them would be read otherwise now.

The ledger keeps sums, not the lines of files. So a change of the mapping or of the cost column
reaches a figure only when the files are ingested again; a run alone changes nothing.
"""

import json
from collections.abc import Iterable
from datetime import date
from typing import Any

import pyarrow as pa

from apportion import database
from apportion.ledger.disk import Store
from apportion.ledger.runs import pinned_versions
from apportion.ledger.schemas import COSTS, USAGE, Table
from apportion.ledger.store import as_json, files
from apportion.ledger.views import table_view
from apportion.model import Model
from apportion.model.canonical import rules_digest
from apportion.model.declared import Declared

_COUNTING = """
    FROM asked SEMI JOIN (FROM known WHERE date BETWEEN ? AND ?) AS inside USING (ingest_id)
"""
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
    return as_json(said)


def read_otherwise(
    store: Store, records: pa.Table, model: Declared | None, first: date, last: date
) -> tuple[str, ...]:
    """Names of files whose rows of these days count, and would be others by the rules of now.

    ``records`` are all ingests.
    """
    if model is None:
        return ()
    stale = [
        row
        for row in sorted(records.to_pylist(), key=lambda record: record["sequence"])
        if row["first_date"] <= last and row["last_date"] >= first and _is_stale(row, model)
    ]
    if not stale:
        return ()
    counting = _counting(store, [row["ingest_id"] for row in stale], first, last)
    names = [
        name for row in stale if row["ingest_id"] in counting for name in json.loads(row["files"])
    ]
    return tuple(dict.fromkeys(names))


def _is_stale(row: dict[str, Any], model: Declared) -> bool:
    told = json.loads(row["read_with"] or "{}")
    if not told:
        return False
    if told["cost_column"] and told["cost_column"] != model.settings.cost_column:
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
