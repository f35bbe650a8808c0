"""A result and its model laid out side by side in DuckDB, for figures and invariants to read.

These names exist on the connection while a proof is made:

- ``proof_allocations``, ``proof_contributions``, ``proof_costs``: the rows of the period;
- ``proof_nodes`` (node, infrastructure), and ``proof_windows`` (source, receiver, first, last,
  edge): the days of each edge;
- ``proof_giving`` (node, first, last): the stretches of days on which a node has edges to others;
- ``proof_flows`` (source, receiver, first, rows, amount): contributions per edge and window; where
  no window holds them, ``first`` is null;
- ``proof_recorded`` (node, date, dimension, amount): direct cost as the recorded lines say it,
  null where no exchange rate can tell.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from apportion.model import Model
from apportion.reconcile.facts import node_rows, window_rows
from apportion.reconcile.recorded import lay_out_recorded
from apportion.reconcile.sums import Sums, read_sums

_VIEWS = """
CREATE OR REPLACE TEMP VIEW proof_allocations AS
SELECT CAST(node AS VARCHAR) AS node, date, CAST(dimension AS VARCHAR) AS dimension,
       CAST(currency AS VARCHAR) AS currency, direct, indirect, holistic, given, retained
FROM allocations
WHERE date BETWEEN getvariable('proof_start') AND getvariable('proof_end')
  AND (len(getvariable('proof_only')) = 0
       OR list_contains(getvariable('proof_only'), CAST(dimension AS VARCHAR)));

CREATE OR REPLACE TEMP VIEW proof_contributions AS
SELECT CAST(source AS VARCHAR) AS source, CAST(receiver AS VARCHAR) AS receiver, date,
       CAST(dimension AS VARCHAR) AS dimension, CAST(currency AS VARCHAR) AS currency, amount
FROM contributions
WHERE date BETWEEN getvariable('proof_start') AND getvariable('proof_end')
  AND (len(getvariable('proof_only')) = 0
       OR list_contains(getvariable('proof_only'), CAST(dimension AS VARCHAR)));
"""

_GIVING = """
CREATE OR REPLACE TEMP TABLE proof_giving AS
WITH distinct_windows AS (
    -- Windows that are alike would have no order, and the next two steps must see the same one.
    SELECT DISTINCT source, first, last FROM proof_windows
),
reaching AS (
    SELECT source, first, last, max(last) OVER (
        PARTITION BY source ORDER BY first, last
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS reach
    FROM distinct_windows
),
numbered AS (
    SELECT source, first, last, count(*) FILTER (WHERE reach IS NULL OR first > reach + 1) OVER (
        PARTITION BY source ORDER BY first, last ROWS UNBOUNDED PRECEDING
    ) AS stretch
    FROM reaching
)
SELECT source AS node, min(first) AS first, max(last) AS last
FROM numbered
GROUP BY source, stretch
"""

_FLOWS = """
CREATE OR REPLACE TEMP TABLE proof_flows AS
SELECT c.source, c.receiver, w.first, count(*) AS rows, sum(c.amount) AS amount
FROM proof_contributions AS c
LEFT JOIN proof_windows AS w
    ON w.source = c.source AND w.receiver = c.receiver AND c.date BETWEEN w.first AND w.last
GROUP BY ALL
"""

_NOTHING_RECORDED = """
SELECT count(*) = 0 FROM (
    SELECT node FROM proof_recorded GROUP BY node, date, dimension
    HAVING sum(amount) <> 0 OR count(*) > count(amount)
)
"""

_ROWS = """
SELECT (SELECT count(*) FROM proof_allocations) + (SELECT count(*) FROM proof_contributions)
"""

_DAY = timedelta(days=1)
_STRETCH_ROWS = 5_000_000
"""Rows of a result that are grouped at once: enough to keep all threads busy."""

_DROP = """
DROP VIEW IF EXISTS proof_allocations;
DROP VIEW IF EXISTS proof_contributions;
DROP TABLE IF EXISTS proof_giving;
DROP TABLE IF EXISTS proof_flows;
DROP VIEW IF EXISTS proof_costs;
DROP TABLE IF EXISTS proof_recorded;
RESET VARIABLE proof_start;
RESET VARIABLE proof_end;
RESET VARIABLE proof_currency;
RESET VARIABLE proof_scale;
RESET VARIABLE proof_unit;
RESET VARIABLE proof_only;
"""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a proof rests on. ``empty`` says that the period truly holds no cost at all."""

    connection: duckdb.DuckDBPyConnection
    model: Model
    start: date
    end: date
    currency: str
    scale: int
    has_costs: bool
    warnings: pa.Table | None
    windows: pa.Table
    sums: Sums
    empty: bool
    stretches: tuple[tuple[date, date], ...]
    left_out: Mapping[str, Decimal]

    @contextmanager
    def only(self, first: date, last: date) -> Iterator[None]:
        """Let ``proof_allocations`` and ``proof_contributions`` show some days only."""
        _set_period(self.connection, first, last)
        try:
            yield
        finally:
            _set_period(self.connection, self.start, self.end)

    def one(self, sql: str) -> tuple[Any, ...]:
        """The single row that a query gives."""
        row: tuple[Any, ...] = self.connection.execute(sql).fetchall()[0]
        return row


@contextmanager
def lay_out(
    connection: duckdb.DuckDBPyConnection,
    model: Model,
    start: date,
    end: date,
    currency: str,
    scale: int,
    *,
    has_costs: bool,
    warnings: pa.Table | None,
    dimensions: Sequence[str] | None,
    only: Sequence[str],
) -> Iterator[Evidence]:
    """Make the ``proof_`` names on a connection, and remove them afterwards."""
    windows = window_rows(model, start, end)
    try:
        _set_period(connection, start, end)
        connection.execute("SET VARIABLE proof_currency = ?", [currency])
        connection.execute("SET VARIABLE proof_scale = ?", [scale])
        connection.execute("SET VARIABLE proof_unit = ?", [Decimal((0, (1,), -scale))])
        connection.register("proof_nodes", node_rows(model))
        connection.register("proof_windows", windows)
        connection.execute("SET VARIABLE proof_only = CAST(? AS VARCHAR[])", [list(only)])
        connection.execute(_VIEWS)
        connection.execute(_GIVING)
        connection.execute(_FLOWS)
        left_out: Mapping[str, Decimal] = {}
        if has_costs:
            read = [each for each in dimensions or only if not only or each in only]
            asked = None if dimensions is None and not only else read
            left_out = lay_out_recorded(connection, model, currency, scale, asked)
        rows = connection.execute(_ROWS).fetchall()[0][0]
        yield Evidence(
            connection,
            model,
            start,
            end,
            currency,
            scale,
            has_costs,
            warnings,
            windows,
            read_sums(connection, model),
            rows == 0 and _holds_no_cost(connection, warnings, has_costs=has_costs),
            _stretches(start, end, rows),
            left_out,
        )
    finally:
        connection.execute(_DROP)
        connection.unregister("proof_nodes")
        connection.unregister("proof_windows")


def _set_period(connection: duckdb.DuckDBPyConnection, first: date, last: date) -> None:
    connection.execute("SET VARIABLE proof_start = ?", [first])
    connection.execute("SET VARIABLE proof_end = ?", [last])


def _stretches(start: date, end: date, rows: int) -> tuple[tuple[date, date], ...]:
    """The period cut into stretches of days that hold about as many rows as are grouped at once."""
    count = (end - start).days + 1
    days = min(max(count * _STRETCH_ROWS // max(rows, 1), 1), count)
    firsts = [start + timedelta(days=skipped) for skipped in range(0, count, days)]
    return tuple(zip(firsts, [first - _DAY for first in firsts[1:]] + [end], strict=True))


def _holds_no_cost(
    connection: duckdb.DuckDBPyConnection, warnings: pa.Table | None, *, has_costs: bool
) -> bool:
    """Whether it is known that there is no cost, and not merely that there are no rows.

    Rows may have been lost. So the recorded costs must say it, or else the run's own warning.
    """
    if has_costs:
        return bool(connection.execute(_NOTHING_RECORDED).fetchall()[0][0])
    return warnings is not None and "no_cost" in warnings["code"].to_pylist()
