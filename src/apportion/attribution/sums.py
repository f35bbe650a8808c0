"""Sums of integers by key, in 64 bits where they fit and refused where they do not."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from apportion.amounts import MAXIMUM_UNITS

Integers = npt.NDArray[np.int64]

SAFE = 2.0**62
"""Below this, a float estimate of a sum proves that the integer sum has not wrapped."""


@dataclass(frozen=True, slots=True)
class Codes:
    """Texts as integers: ``codes`` index ``names``, which are in order of code points."""

    names: tuple[str, ...]
    codes: Integers


def encode(column: pa.ChunkedArray) -> Codes:
    """Number the distinct texts of a column in their order."""
    # All chunks share one dictionary, so that only the codes are copied, not the texts.
    encoded = pc.dictionary_encode(column).combine_chunks()
    names = encoded.dictionary.to_pylist()
    order = sorted(range(len(names)), key=names.__getitem__)
    rank = np.empty(len(names), dtype=np.int64)
    rank[order] = np.arange(len(names))
    codes = encoded.indices.to_numpy().astype(np.int64)
    return Codes(tuple(names[index] for index in order), rank[codes])


def combine(parts: Sequence[tuple[Integers, int]]) -> Integers:
    """One key out of several codes, each with the number of its values."""
    key = np.zeros(parts[0][0].size, dtype=np.int64)
    for codes, size in parts:
        key = key * max(size, 1) + codes
    return key


def sum_by_key(key: Integers, values: Integers) -> tuple[Integers, Integers, Integers]:
    """Sum values by key, keys ascending.

    Returns the sums, the position of the first row of each key, and the positions in the result
    of keys whose sum does not fit in 64 bits (their sum is given as 0).
    """
    if key.size and (np.diff(key) > 0).all():
        return values, np.arange(key.size), np.empty(0, dtype=np.int64)
    unique, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    totals = np.zeros(unique.size, dtype=np.int64)
    np.add.at(totals, inverse, values)
    sizes = np.bincount(inverse, weights=np.abs(values.astype(np.float64)), minlength=unique.size)
    wrapped = []
    for entry in np.flatnonzero(sizes > SAFE):
        exact = sum(int(value) for value in values[inverse == entry])
        fits = abs(exact) <= MAXIMUM_UNITS
        totals[entry] = exact if fits else 0
        if not fits:
            wrapped.append(int(entry))
    return totals, first, np.array(wrapped, dtype=np.int64)
