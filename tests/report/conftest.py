"""The small company's result, as the engine makes it, tampered with, and seen in part."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from roll_up import COSTS, FIRST, MODEL, SECOND

import apportion as ap
from apportion.report.listing import Wanted

Attribute = Callable[..., ap.Result]
Tamper = Callable[..., ap.Result]


@pytest.fixture
def attribute() -> Attribute:
    """The result of a model (the small company's) and costs, a line each."""

    def run(model: dict[str, Any] | None = None, costs: str = COSTS) -> ap.Result:
        rows = [line.split() for line in costs.strip().splitlines()]
        names = ("node", "date", "dimension", "amount")
        table = pa.table(dict(zip(names, zip(*rows, strict=True), strict=True)))
        days = pa.array([date.fromisoformat(row[1]) for row in rows], pa.date32())
        table = table.set_column(1, "date", days)
        usage = pa.table(
            {
                "node": pa.array([], pa.string()),
                "date": pa.array([], pa.date32()),
                "metric": pa.array([], pa.string()),
                "value": pa.array([], pa.string()),
            }
        )
        return ap.attribute(ap.Model.from_dict(model or MODEL), table, usage, FIRST, SECOND)

    return run


@pytest.fixture
def result(attribute: Attribute) -> ap.Result:
    return attribute()


@pytest.fixture
def wanted() -> Wanted:
    return Wanted(FIRST, SECOND)


@pytest.fixture
def tampered(result: ap.Result) -> Tamper:
    """The result, with the row of a node on the first day changed behind everybody's back."""

    def change(node: str, /, **changes: str) -> ap.Result:
        rows = result.allocations.to_pylist()
        changed = [row for row in rows if (row["node"], row["date"]) == (node, FIRST)]
        exact = {
            name: Decimal(value) if name in changed[0] and name != "node" else value
            for name, value in changes.items()
        }
        changed[0].update(exact)
        table = pa.Table.from_pylist(rows, schema=result.allocations.schema)
        return replace(result, allocation_batches=table)

    return change


@pytest.fixture
def only() -> Callable[..., duckdb.DuckDBPyConnection]:
    """A connection on which some nodes alone are to be seen, and what they gave one another."""

    def narrowed(result: ap.Result, *nodes: str) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect()
        for name in ("allocations", "contributions"):
            rows = getattr(result, name)
            sides = ("node",) if name == "allocations" else ("source", "receiver")
            kept = [row for row in rows.to_pylist() if all(row[side] in nodes for side in sides)]
            connection.register(name, pa.Table.from_pylist(kept, schema=rows.schema))
        return connection

    return narrowed
