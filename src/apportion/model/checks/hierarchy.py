"""``part_of`` must have a top: in a circle, a product would be a part of itself (`A25`)."""

from collections.abc import Iterable

from apportion.findings import Finding
from apportion.model.declared import Declared
from apportion.model.paths import circular_parts, shortest_circle
from apportion.model.spelling import way

NAME = "hierarchy"


def check(model: Declared) -> Iterable[Finding]:
    """Find circles of ``part_of``, each named in full."""
    ways = [
        sorted(model.index[parent] for parent in node.part_of if parent in model.index)
        for node in model.nodes
    ]
    alone = [[place] for place, parents in enumerate(ways) if place in parents]
    for part in [*alone, *circular_parts(ways)]:
        circle = [model.nodes[place] for place in shortest_circle(part[0], ways)]
        names = [node.id for node in [*circle, circle[0]]]
        yield Finding(
            "cycle",
            f"The hierarchy runs in a circle: {way(names)}.",
            circle[0].where,
            "Remove one part_of of the circle.",
            details={"cycle": tuple(names)},
            also=tuple(node.where for node in circle[1:]),
        )
