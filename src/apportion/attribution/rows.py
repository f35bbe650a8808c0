"""Flows as Arrow rows: allocations per node and contributions per edge (`A17`).

The order of rows is part of the result: by date, dimension, then node; or by date, dimension, the
source's level, source, receiver. It does not depend on how the period was cut into slices.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from apportion.amounts.columns import PRECISION, units_to_arrow
from apportion.attribution.graph import Integers
from apportion.attribution.problem import Problem
from apportion.attribution.slices import SliceFlow

_TEXT = pa.dictionary(pa.int32(), pa.string())


def allocation_schema(scale: int) -> pa.Schema:
    """Per node, date and dimension: direct, indirect, holistic, given and retained (`A17`)."""
    amount = pa.decimal128(PRECISION, scale)
    keys = [("node", _TEXT), ("date", pa.date32()), ("dimension", _TEXT), ("currency", _TEXT)]
    names = ("direct", "indirect", "holistic", "given", "retained")
    return pa.schema([*keys, *((name, amount) for name in names)])


def contribution_schema(scale: int) -> pa.Schema:
    """Per edge, date and dimension: the share, to be read, and the amount, which counts."""
    return pa.schema(
        [
            ("source", _TEXT),
            ("receiver", _TEXT),
            ("date", pa.date32()),
            ("dimension", _TEXT),
            ("currency", _TEXT),
            ("share", pa.float64()),
            ("amount", pa.decimal128(PRECISION, scale)),
        ]
    )


@dataclass(frozen=True, slots=True)
class Names:
    """The texts that rows refer to, as Arrow arrays shared by all batches."""

    nodes: pa.Array
    dimensions: pa.Array
    currency: pa.Array
    scale: int


def names_of(problem: Problem) -> Names:
    """The texts of a problem."""
    return Names(
        pa.array(problem.nodes, pa.string()),
        pa.array(problem.costs.dimensions, pa.string()),
        pa.array([problem.costs.currency], pa.string()),
        problem.costs.scale,
    )


def allocation_rows(flow: SliceFlow, names: Names) -> pa.RecordBatch:
    """One row per node, day and dimension where cost arose, came or went."""
    indirect = flow.holistic - flow.direct
    keep = np.flatnonzero((flow.direct != 0) | (indirect != 0) | (flow.given != 0))
    day, dimension, node = _positions(keep, flow.holistic.shape)
    holistic, given = flow.holistic.reshape(-1)[keep], flow.given.reshape(-1)[keep]
    columns = (
        flow.direct.reshape(-1)[keep],
        indirect.reshape(-1)[keep],
        holistic,
        given,
        holistic - given,
    )
    return pa.RecordBatch.from_arrays(
        [
            _text(node, names.nodes),
            _dates(day, flow.slice.first),
            _text(dimension, names.dimensions),
            _text(np.zeros(keep.size, dtype=np.int32), names.currency),
            *(units_to_arrow(column, names.scale) for column in columns),
        ],
        schema=allocation_schema(names.scale),
    )


def contribution_rows(flow: SliceFlow, names: Names) -> pa.RecordBatch:
    """One row per active edge, day and dimension in which the source had cost to give."""
    graph = flow.slice.epoch.graph
    has_cost = (flow.holistic != 0)[:, :, graph.source]
    shape = flow.parts.shape
    if has_cost.all():
        # Nearly every company's case, and there is nothing to pick out.
        edge = np.tile(np.arange(shape[2], dtype=np.int32), shape[0] * shape[1])
        dimension = np.tile(np.repeat(np.arange(shape[1], dtype=np.int32), shape[2]), shape[0])
        day = np.repeat(np.arange(shape[0], dtype=np.int32), shape[1] * shape[2])
        parts, share = flow.parts.reshape(-1), flow.share.reshape(-1)
    else:
        keep = np.flatnonzero(has_cost)
        day, dimension, edge = _positions(keep, shape)
        parts, share = flow.parts.reshape(-1)[keep], flow.share[day, dimension, edge]
    return pa.RecordBatch.from_arrays(
        [
            _text(graph.source.astype(np.int32)[edge], names.nodes),
            _text(graph.receiver.astype(np.int32)[edge], names.nodes),
            _dates(day, flow.slice.first),
            _text(dimension, names.dimensions),
            _text(np.zeros(parts.size, dtype=np.int32), names.currency),
            pa.array(share),
            units_to_arrow(parts, names.scale),
        ],
        schema=contribution_schema(names.scale),
    )


def _positions(
    keep: Integers, shape: tuple[int, ...]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    day, dimension, column = np.unravel_index(keep, shape)
    return day.astype(np.int32), dimension.astype(np.int32), column.astype(np.int32)


def _text(codes: npt.NDArray[np.integer], names: pa.Array) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32, copy=False)), names)


def _dates(day: npt.NDArray[np.int32], first: int) -> pa.Array:
    return pa.array(day + np.int32(first)).cast(pa.date32())
