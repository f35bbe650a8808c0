"""The recorded costs in the currency of the result, worked out again from their lines (`A24`)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

import duckdb
import numpy as np
import pyarrow as pa

from apportion.amounts import MAXIMUM_UNITS
from apportion.amounts.columns import arrow_to_units, units_to_arrow
from apportion.model import ExchangeRate, Model
from apportion.reconcile.facts import rate_rows

_COSTS = """
CREATE OR REPLACE TEMP VIEW proof_costs AS
SELECT CAST(node AS VARCHAR) AS node, CAST(date AS DATE) AS date,
       CAST(dimension AS VARCHAR) AS dimension,
       coalesce(nullif(CAST(currency AS VARCHAR), ''), getvariable('proof_currency')) AS currency,
       CAST(amount AS DECIMAL(38, 18)) AS amount
FROM costs
WHERE CAST(date AS DATE) BETWEEN getvariable('proof_start') AND getvariable('proof_end')
"""

_COSTS_WITHOUT_CURRENCY = """
CREATE OR REPLACE TEMP VIEW proof_costs AS
SELECT CAST(node AS VARCHAR) AS node, CAST(date AS DATE) AS date,
       CAST(dimension AS VARCHAR) AS dimension,
       getvariable('proof_currency') AS currency,
       CAST(amount AS DECIMAL(38, 18)) AS amount
FROM costs
WHERE CAST(date AS DATE) BETWEEN getvariable('proof_start') AND getvariable('proof_end')
"""

_OWN = """
CREATE OR REPLACE TEMP TABLE proof_recorded AS
SELECT node, date, dimension, round(sum(amount), getvariable('proof_scale')) AS amount
FROM proof_costs
WHERE currency = getvariable('proof_currency')
GROUP BY node, date, dimension
ORDER BY date
"""

_FOREIGN = """
SELECT c.node, c.date, c.dimension, c.amount, r.position
FROM (
    SELECT node, date, dimension, currency,
           round(sum(amount), getvariable('proof_scale')) AS amount
    FROM proof_costs
    WHERE currency <> getvariable('proof_currency')
    GROUP BY node, date, dimension, currency
) AS c
ASOF LEFT JOIN proof_rates AS r ON r.from_currency = c.currency AND c.date >= r.date
"""

_LEFT_OUT = """
SELECT dimension, sum(amount) FROM proof_recorded
WHERE dimension NOT IN (SELECT dimension FROM proof_dimensions)
GROUP BY dimension
HAVING sum(amount) <> 0
ORDER BY dimension
"""

_REMOVE_LEFT_OUT = """
DELETE FROM proof_recorded
WHERE dimension NOT IN (SELECT dimension FROM proof_dimensions)
"""


def lay_out_recorded(
    connection: duckdb.DuckDBPyConnection,
    model: Model,
    currency: str,
    scale: int,
    dimensions: Sequence[str] | None,
) -> Mapping[str, Decimal]:
    """Make ``proof_recorded``: sums of the recorded lines per node, date, dimension and currency.

    Amounts are in ``currency``, and null where no rate is valid or 64 bits do not hold them.
    Where ``dimensions`` are given, the others were left out of the result on request: they are not
    in the table but in the answer, by dimension (`A22`).
    """
    has_currency = "currency" in connection.table("costs").columns
    connection.execute(_COSTS if has_currency else _COSTS_WITHOUT_CURRENCY)
    connection.execute(_OWN)
    connection.register("proof_rates", rate_rows(model, currency))
    foreign = connection.sql(_FOREIGN).to_arrow_table()
    connection.unregister("proof_rates")
    if foreign.num_rows:
        converted = _converted(foreign, model.exchange_rates, scale)
        connection.register("proof_converted", converted)
        connection.execute("INSERT INTO proof_recorded SELECT * FROM proof_converted")
        connection.unregister("proof_converted")
    if dimensions is not None:
        names = pa.table({"dimension": pa.array(list(dimensions), pa.string())})
        connection.register("proof_dimensions", names)
        left_out = dict(connection.execute(_LEFT_OUT).fetchall())
        connection.execute(_REMOVE_LEFT_OUT)
        connection.unregister("proof_dimensions")
        return left_out
    return {}


def _converted(foreign: pa.Table, rates: Sequence[ExchangeRate], scale: int) -> pa.Table:
    """Each sum times the rate of its day, once, a tie away from zero.

    The integers are Python's, because a rate may have more digits than any fixed width allows.
    """
    units, beyond = arrow_to_units(foreign["amount"], scale)
    position = foreign["position"].fill_null(-1).to_numpy()
    exact = [*(Fraction(rate.rate) for rate in rates), Fraction(0)]
    numerator = np.array([rate.numerator for rate in exact], dtype=object)[position]
    denominator = np.array([rate.denominator for rate in exact], dtype=object)[position]
    product = units.astype(object) * numerator
    rounded = (2 * np.abs(product) + denominator) // (2 * denominator) * np.sign(product)
    known = (position >= 0) & ~beyond & (np.abs(rounded) <= MAXIMUM_UNITS)
    amounts = units_to_arrow(np.where(known, rounded, 0).astype(np.int64), scale)
    # To take from no place is null.
    places = pa.array(np.arange(known.size), mask=~known.astype(np.bool_))
    return foreign.select(["node", "date", "dimension"]).append_column(
        "amount", amounts.take(places)
    )
