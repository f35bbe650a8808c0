"""A node that gives cost to itself would give it for ever (`A7`)."""

from collections.abc import Iterable

from apportion.findings import Finding
from apportion.model.declared import Declared

NAME = "self-loops"


def check(model: Declared) -> Iterable[Finding]:
    """Find edges from a node to itself."""
    for edge in model.edges:
        if edge.source == edge.receiver:
            yield Finding(
                "self_loop",
                f"The edge {edge.source} -> {edge.receiver} leads from a node to itself.",
                edge.where,
                "Remove it: what no edge takes stays on the node.",
                details={"node": edge.source},
            )
