"""Cost of infrastructure that leads to no product stays unallocated (`A20`)."""

from collections.abc import Iterable

from apportion.findings import Finding, Severity
from apportion.model.declared import Declared
from apportion.model.paths import neighbours, reachable

NAME = "dead-ends"
NEEDS_WHOLE = True


def check(model: Declared) -> Iterable[Finding]:
    """Warn of infrastructure from which no product can be reached, on any day."""
    graph = model.graph
    live = graph.live()
    against = neighbours(graph.nodes, graph.receiver[live], graph.source[live])
    products = [place for place, node in enumerate(model.nodes) if not node.is_infrastructure]
    # An edge to a name nobody declared is another finding; its source has somewhere to go.
    unknown = set(graph.source[(graph.receiver < 0) & (graph.source >= 0)].tolist())
    leads_on = reachable([*products, *unknown], against)
    for node, is_used in zip(model.nodes, leads_on, strict=True):
        if not is_used:
            yield Finding(
                "dead_end",
                f"The {node.type.value} {node.id} has no way to any product, so its cost would "
                "stay unallocated.",
                node.where,
                "Add an edge from it towards the products that use it.",
                Severity.WARNING,
                details={"node": node.id},
            )
