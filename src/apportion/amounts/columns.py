"""Arrow decimals to integer units and back (`A1`).

It stands apart from ``units``, so that whoever only reads a model need not load Arrow.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

PRECISION = 38
"""Digits of the Arrow decimals that hold amounts: what sums of 64-bit units can need."""


def units_to_arrow(units: npt.NDArray[np.int64], scale: int) -> pa.Decimal128Array:
    """Give units as an Arrow decimal column, without computing on them.

    An Arrow decimal of 128 bits is two little-endian words; the upper one repeats the sign.
    """
    words = np.empty((units.size, 2), dtype="<i8")
    words[:, 0] = units.reshape(-1)
    words[:, 1] = words[:, 0] >> 63
    buffers = [None, pa.py_buffer(words)]
    return pa.Decimal128Array.from_buffers(pa.decimal128(PRECISION, scale), units.size, buffers)


def arrow_to_units(
    column: pa.Array | pa.ChunkedArray, scale: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Read an Arrow decimal column as units, with a mask of the cells that do not fit 64 bits.

    The column must have no nulls and at most ``scale`` decimals; cells under the mask are 0.
    """
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    exact = array.cast(pa.decimal128(PRECISION, scale))
    if exact.null_count:
        raise ValueError("an amount column holds nulls")
    raw = np.frombuffer(exact.buffers()[1] or b"", dtype="<i8")
    words = raw[2 * exact.offset : 2 * (exact.offset + len(exact))].reshape(-1, 2)
    low, high = words[:, 0], words[:, 1]
    overflow = high != (low >> 63)
    # The most negative number has no mirror, so it is refused like any other overflow.
    overflow |= low == np.iinfo(np.int64).min
    return np.where(overflow, 0, low), overflow
