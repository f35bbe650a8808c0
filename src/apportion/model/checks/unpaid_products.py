"""A product that no infrastructure cost can reach will show no cost, or only its own.

Products that others are ``part_of`` are headings, which roll up what is below them, and need no
edge of their own.
"""

from collections.abc import Iterable

from apportion.findings import Finding, Severity
from apportion.model.declared import Declared
from apportion.model.paths import neighbours, reachable
from apportion.model.possible import possible_ways

NAME = "unpaid-products"


def check(model: Declared) -> Iterable[Finding]:
    """Warn of products to which no infrastructure leads, on any day."""
    source, receiver = possible_ways(model)
    known = (source >= 0) & (receiver >= 0)
    ways = neighbours(len(model.nodes), source[known], receiver[known])
    starts = [place for place, node in enumerate(model.nodes) if node.is_infrastructure]
    # What comes from a node that has errors may well be infrastructure cost.
    starts += receiver[(source < 0) & (receiver >= 0)].tolist()
    paid = reachable(starts, ways)
    headings = {parent for node in model.nodes for parent in node.part_of}
    for place, node in enumerate(model.nodes):
        if not paid[place] and node.id not in headings and model.index[node.id] == place:
            yield Finding(
                "unpaid_product",
                f"No infrastructure cost can reach the product {node.id}.",
                node.where,
                "Add an edge to it, or remove it if nothing serves it.",
                Severity.WARNING,
                details={"node": node.id},
            )
