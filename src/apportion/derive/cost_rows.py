"""From mapped groups of lines to the rows of the ledger: summed, rounded, spread over days."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from duckdb import ColumnExpression, DuckDBPyConnection, DuckDBPyRelation, SQLExpression

from apportion.amounts.columns import arrow_to_units, units_to_arrow
from apportion.derive.rounding import TOTALS, rounded
from apportion.derive.spread import spread
from apportion.findings import Finding, IngestError

MAPPED = ("source", "period", "node", "dimension", "currency", "day", "start", "end_")
"""What tells mapped groups apart. ``start`` and ``end_`` are null for a charge of one day."""

_ORDER = ("node", "dimension", "day", "start", "end_")
_KEYS = ("source", "period", "node", "date", "dimension", "currency")
_EPOCH = date(1970, 1, 1)
_SHOWN = 20
PRECISION = 38


def cost_schema(scale: int) -> pa.Schema:
    """Rows of costs, as the ledger's table without its own columns, at the workspace's scale.

    ``lines`` counts the lines of the file that have a part in the row.
    """
    return pa.schema(
        [
            ("source", pa.string()),
            ("period", pa.string()),
            ("node", pa.string()),
            ("date", pa.date32()),
            ("dimension", pa.string()),
            ("currency", pa.string()),
            ("amount", pa.decimal128(PRECISION, scale)),
            ("lines", pa.int64()),
        ]
    )


@dataclass(frozen=True, slots=True)
class CostRows:
    """Rows in canonical order.

    ``totals`` are theirs by currency, ``exact`` those of the lines they were made of, ``lines``
    how many these were, ``rounded`` how many groups had more decimals than are kept.
    """

    table: pa.Table
    totals: Mapping[str, Decimal]
    exact: Mapping[str, Decimal]
    lines: int
    rounded: int


def cost_rows(connection: DuckDBPyConnection, mapped: DuckDBPyRelation, scale: int) -> CostRows:
    """Make rows of mapped groups.

    ``mapped`` has the columns ``MAPPED``, ``amount`` (an exact decimal) and ``lines``.

    Raises ``IngestError``: ``amount_overflow`` where a sum does not fit in 64 bits,
    ``total_mismatch`` where a bill's rows are not its total rounded once.
    """
    keys = ", ".join(MAPPED)
    summed = mapped.aggregate(f"{keys}, sum(amount) as amount, sum(lines) as lines", keys)
    summed.create("summed")
    exact = connection.table("summed")
    charges = rounded(exact, _ORDER, scale).select(
        *[ColumnExpression(name) for name in (*MAPPED[:5], "day", "amount", "lines")],
        SQLExpression("epoch_us(coalesce(start, cast(day as timestamp)))").alias("first"),
        SQLExpression("epoch_us(coalesce(end_, cast(day as timestamp)))").alias("last"),
    )
    table = charges.to_arrow_table()
    units, overflow = arrow_to_units(table["amount"], scale)
    _refuse(table.filter(pa.array(overflow)), scale)
    parts = spread(units, table["first"].to_numpy(), table["last"].to_numpy())
    rows = _sum(connection, table, parts.charge, parts.day, parts.units, scale)
    _prove(connection, exact, rows, scale)
    found = rows.group_by("currency").aggregate([("amount", "sum")]).to_pylist()
    totals = {row["currency"]: row["amount_sum"] for row in found}
    by_currency = exact.aggregate(
        "currency, sum(amount) as amount, cast(sum(lines) as bigint) as lines, "
        f"count_if(amount != round(amount, {scale})) as rounded",
        "currency",
    ).fetchall()
    return CostRows(
        rows,
        totals,
        {currency: amount for currency, amount, _, _ in by_currency},
        sum(lines for _, _, lines, _ in by_currency),
        sum(count for _, _, _, count in by_currency),
    )


def _sum(
    connection: DuckDBPyConnection,
    charges: pa.Table,
    charge: np.ndarray,
    day: np.ndarray,
    units: np.ndarray,
    scale: int,
) -> pa.Table:
    """Sum the parts of charges per row of the ledger."""
    parts = pa.table(
        {"charge": charge, "date": pa.array(day.astype(np.int32)).cast(pa.date32()), "units": units}
    )
    names = ("source", "period", "node", "dimension", "currency", "lines")
    numbered = charges.select(names).append_column("charge", pa.array(np.arange(charges.num_rows)))
    connection.register("parts", parts)
    connection.register("charges", numbered)
    keys = ", ".join(_KEYS)
    table = (
        connection.table("parts")
        .join(connection.table("charges"), "charge")
        .aggregate(
            f"{keys}, cast(sum(units) as decimal(38,0)) as units, "
            "cast(sum(lines) as bigint) as lines",
            keys,
        )
        .order(keys)
        .to_arrow_table()
    )
    total, overflow = arrow_to_units(table["units"], 0)
    _refuse(table.rename_columns({"date": "day"}).filter(pa.array(overflow)), scale)
    amount = units_to_arrow(total, scale)
    table = table.set_column(table.schema.get_field_index("units"), "amount", amount)
    schema = cost_schema(scale)
    return table.select(schema.names).cast(schema)


def _refuse(rows: pa.Table, scale: int) -> None:
    if rows.num_rows:
        raise IngestError(
            [
                Finding(
                    "amount_overflow",
                    f"The lines of {row['node']!r} on {row['day']} in {row['dimension']!r} sum to "
                    f"what does not fit in 64 bits at {scale} decimals.",
                    remedy="Check the amounts, or lower `scale` in apportion.yaml.",
                    details={"node": row["node"], "date": row["day"]},
                )
                for row in rows.slice(0, _SHOWN).to_pylist()
            ]
        )


def _prove(
    connection: DuckDBPyConnection, exact: DuckDBPyRelation, rows: pa.Table, scale: int
) -> None:
    """Each bill's rows must sum to its exact total, rounded once."""
    connection.register("rows_made", rows.select([*TOTALS, "amount"]))
    keys = ", ".join(TOTALS)
    wanted = exact.aggregate(f"{keys}, round(sum(amount), {scale}) as wanted", keys)
    made = connection.table("rows_made").aggregate(f"{keys}, sum(amount) as made", keys)
    differing = wanted.join(made, list(TOTALS), how="full").filter("wanted is distinct from made")
    for source, period, currency, expected, found in differing.limit(1).fetchall():
        message = (
            f"The rows of {source!r} for {period} sum to {found} {currency}, and its lines to "
            f"{expected}."
        )
        raise IngestError([Finding("total_mismatch", message, remedy="Please report this.")])


def days_of(rows: pa.Table) -> tuple[date, date]:
    """The first and the last day of rows."""
    bounds = pc.min_max(rows["date"])
    return bounds["min"].as_py(), bounds["max"].as_py()
