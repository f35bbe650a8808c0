"""A node's id stands for one thing; two records with one id would leave open which counts."""

from collections.abc import Iterable

from apportion.findings import Finding
from apportion.model.declared import Declared
from apportion.model.types import Node

NAME = "duplicate-nodes"


def check(model: Declared) -> Iterable[Finding]:
    """Find ids that are declared more than once."""
    first: dict[str, Node] = {}
    for node in model.nodes:
        if (known := first.setdefault(node.id, node)) is not node:
            yield Finding(
                "duplicate_key",
                f"The node {node.id} is declared twice; it stands first at {known.where}.",
                node.where,
                "Keep one of the two, or give one another id.",
                details={"node": node.id, "first": known.where},
            )
