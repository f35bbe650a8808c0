"""How large the graph is, and how far cost can travel in it on one day."""

import numpy as np
import pyarrow as pa

from apportion.model import Model
from apportion.reconcile.reconciliation import GraphSize
from apportion.ways import longest_ways


def graph_size(model: Model, windows: pa.Table) -> GraphSize:
    """Measure the graph. ``windows`` are the edges' days in the period."""
    infrastructure = sum(node.is_infrastructure for node in model.nodes)
    return GraphSize(
        nodes=len(model.nodes),
        products=len(model.nodes) - infrastructure,
        infrastructure_nodes=infrastructure,
        edges=windows.num_rows,
        max_depth=_max_depth(model, windows),
    )


def _max_depth(model: Model, windows: pa.Table) -> int:
    """The longest way on any day. Edges of different days make no way together (`A6`)."""
    place = {node.id: position for position, node in enumerate(model.nodes)}
    source, receiver = (
        np.array([place[each] for each in windows[name].to_pylist()], dtype=np.int64)
        for name in ("source", "receiver")
    )
    first, last = (
        windows[name].cast(pa.int32()).to_numpy().astype(np.int64) for name in ("first", "last")
    )
    depth = 0
    # A way grows longer only on a day on which an edge begins.
    for day in np.unique(first).tolist():
        active = (first <= day) & (day <= last)
        ways = longest_ways(len(model.nodes), source[active], receiver[active])
        depth = max(depth, int(ways.max(initial=0)))
    return depth
