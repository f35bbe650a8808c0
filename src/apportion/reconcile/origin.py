"""How much of what products keep began as their own bill, and not on infrastructure (`A21`)."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from apportion.amounts.columns import arrow_to_units
from apportion.reconcile.evidence import Evidence

_FINE = 10**30
"""Parts of a unit in which origins are counted, so that cutting them off leaves no trace."""

_ROWS = """
CREATE OR REPLACE TEMP TABLE proof_rows AS
SELECT row_number() OVER () - 1 AS row, a.node, a.date, a.dimension, a.direct, a.holistic,
       a.retained
FROM proof_allocations AS a
JOIN proof_nodes AS n ON n.node = a.node AND NOT n.infrastructure
JOIN proof_giving AS g ON g.node = a.node AND a.date BETWEEN g.first AND g.last
"""

_AMOUNTS = """
SELECT direct, holistic, retained FROM proof_rows ORDER BY row
"""

_LINKS = """
SELECT s.row AS source, r.row AS receiver, c.amount
FROM proof_contributions AS c
JOIN proof_rows AS s ON s.node = c.source AND s.date = c.date AND s.dimension = c.dimension
JOIN proof_rows AS r ON r.node = c.receiver AND r.date = c.date AND r.dimension = c.dimension
"""

Numbers = npt.NDArray[np.object_]


def residual_of_own_bills(evidence: Evidence) -> int:
    """The part, in units, of the partial cost centres' residual that began as products' own bills.

    Cost flows from product to product without regard to where it began, so each contribution
    and each residual holds own bills in the same proportion as its product. What a product has in
    all may be 0 although its bill is not; then it gave nothing, and the bill stays with it.
    """
    connection = evidence.connection
    connection.execute(_ROWS)
    rows = connection.sql(_AMOUNTS).to_arrow_table()
    direct, holistic, retained = (_units(rows[name], evidence.scale) for name in rows.column_names)
    if not direct.any():
        connection.execute("DROP TABLE proof_rows")
        return 0
    links = connection.sql(_LINKS).to_arrow_table()
    connection.execute("DROP TABLE proof_rows")
    own = _spread(direct * _FINE, holistic, links, evidence.scale)
    whole = np.where(holistic == 0, 1, holistic)
    kept = np.where(holistic == 0, own, own * retained // whole)
    sum_kept = int(kept.sum())
    sign = -1 if sum_kept < 0 else 1
    return sign * ((2 * abs(sum_kept) + _FINE) // (2 * _FINE))


def _spread(own: Numbers, holistic: Numbers, links: pa.Table, scale: int) -> Numbers:
    """Own bills on each row, with what came along the links, a step at a time."""
    source, receiver = (links[name].to_numpy() for name in ("source", "receiver"))
    amount = _units(links["amount"], scale)
    result, moving = own.copy(), own
    while moving.any():
        going = np.flatnonzero(moving[source])
        origin = source[going]
        arriving = np.zeros_like(own)
        parts = moving[origin] * amount[going] // holistic[origin]
        np.add.at(arriving, receiver[going], parts)
        result, moving = result + arriving, arriving
    return result


def _units(column: pa.ChunkedArray, scale: int) -> Numbers:
    units, _ = arrow_to_units(column, scale)
    return units.astype(object)
