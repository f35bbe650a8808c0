"""Cost flows from infrastructure to products, never back (`A7`).

A product that serves others says so with ``infrastructure: true``.
"""

from collections.abc import Iterable

import numpy as np

from apportion.findings import Finding
from apportion.model.declared import Declared

NAME = "direction"


def check(model: Declared) -> Iterable[Finding]:
    """Find edges from a product to infrastructure."""
    graph = model.graph
    # The last entry stands for unknown nodes, which are another check's business.
    infrastructure = np.array([*(node.is_infrastructure for node in model.nodes), True])
    product = ~infrastructure
    known = (graph.source >= 0) & (graph.receiver >= 0)
    inverted = known & product[graph.source] & infrastructure[graph.receiver]
    for place in np.flatnonzero(inverted).tolist():
        edge = model.edges[place]
        kind = model.node(edge.receiver).type.value
        yield Finding(
            "inverted_edge",
            f"The edge {edge.source} -> {edge.receiver} leads from a product to infrastructure "
            f"({edge.receiver} is a {kind}).",
            edge.where,
            f"Exchange source and receiver, or mark {edge.source} with infrastructure: true.",
            details={"source": edge.source, "receiver": edge.receiver},
        )
