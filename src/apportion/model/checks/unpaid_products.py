"""A product that no infrastructure cost can reach will show no cost, or only its own.

Products that others are ``part_of`` are headings, which roll up what is below them, and need no
edge of their own.
"""

from collections.abc import Iterable

from apportion.findings import Finding, Severity
from apportion.model.declared import Declared
from apportion.model.paths import neighbours, reachable

NAME = "unpaid-products"
NEEDS_WHOLE = True


def check(model: Declared) -> Iterable[Finding]:
    """Warn of products to which no infrastructure leads, on any day."""
    graph = model.graph
    live = graph.live()
    ways = neighbours(graph.nodes, graph.source[live], graph.receiver[live])
    starts = [place for place, node in enumerate(model.nodes) if node.is_infrastructure]
    paid = reachable(starts, ways)
    headings = {parent for node in model.nodes for parent in node.part_of}
    for node, is_paid in zip(model.nodes, paid, strict=True):
        if not is_paid and node.id not in headings:
            yield Finding(
                "unpaid_product",
                f"No infrastructure cost can reach the product {node.id}.",
                node.where,
                "Add an edge to it, or remove it if nothing serves it.",
                Severity.WARNING,
                details={"node": node.id},
            )
