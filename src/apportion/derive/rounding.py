"""Amounts with more decimals than are kept: rounded so that their total is rounded once.

Within a source, period and currency the exact amounts are summed up in canonical order; each row
gets the difference of two neighbouring rounded sums. No row is a whole unit off, and the rows sum
to the rounded total.
"""

from duckdb import ColumnExpression, DuckDBPyRelation, SQLExpression

TOTALS = ("source", "period", "currency")
"""What a total is kept for: a bill."""


def rounded(rows: DuckDBPyRelation, order: tuple[str, ...], scale: int) -> DuckDBPyRelation:
    """Replace ``amount`` by its conserving rounding to ``scale`` decimals.

    ``rows`` has ``source``, ``period``, ``currency``, the columns in ``order`` (which tell any
    two rows of a bill apart) and an exact decimal ``amount``. A tie is rounded away from zero.
    """
    others = [ColumnExpression(name) for name in rows.columns if name != "amount"]
    partition = [ColumnExpression(name) for name in TOTALS]
    # Nulls must stand somewhere, and always in the same place.
    ordered = [ColumnExpression(name).asc().nulls_first() for name in order]
    reached = ColumnExpression("amount").sum().over(partition, ordered, rows=(None, 0))
    cumulative = rows.select(
        *others, SQLExpression(f"round(({reached.fragment()}), {scale})").alias("reached")
    )
    before = ColumnExpression("reached").sum()
    previous = before.over(partition, ordered, rows=(-1, -1))
    amount = SQLExpression(f"reached - coalesce(({previous.fragment()}), 0)")
    return cumulative.select(*others, amount.alias("amount"))
