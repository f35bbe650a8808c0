"""Integer units to text, and to Arrow decimals and back (`A1`)."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

MAXIMUM_UNITS = 2**63 - 1
"""The largest amount, in units. The smallest is its negative, so that every amount has a mirror."""

PRECISION = 38
"""Digits of the Arrow decimals that hold amounts: what sums of 64-bit units can need."""


def decimal_text(units: int, scale: int) -> str:
    """Print units as a decimal with all ``scale`` digits.

    >>> decimal_text(-12500000000, 9)
    '-12.500000000'
    """
    digits = str(abs(units)).rjust(scale + 1, "0")
    sign = "-" if units < 0 else ""
    if scale == 0:
        return sign + digits
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}"


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
