"""Cost of infrastructure that leads to no product stays unallocated (`A20`)."""

from collections.abc import Iterable

from apportion.findings import Finding, Severity
from apportion.model.declared import Declared
from apportion.model.paths import neighbours, reachable
from apportion.model.possible import possible_ways

NAME = "dead-ends"


def check(model: Declared) -> Iterable[Finding]:
    """Warn of infrastructure from which no product can be reached, on any day."""
    source, receiver = possible_ways(model)
    known = (source >= 0) & (receiver >= 0)
    against = neighbours(len(model.nodes), receiver[known], source[known])
    starts = [place for place, node in enumerate(model.nodes) if not node.is_infrastructure]
    # What leads to a node that has errors may well lead on to a product.
    starts += source[(source >= 0) & (receiver < 0)].tolist()
    leads_on = reachable(starts, against)
    for place, node in enumerate(model.nodes):
        if not leads_on[place] and model.index[node.id] == place:
            yield Finding(
                "dead_end",
                f"The node {node.id} ({node.type.value}) has no way to any product, so its cost "
                "would stay unallocated.",
                node.where,
                "Add an edge from it towards the products that use it.",
                Severity.WARNING,
                details={"node": node.id},
            )
