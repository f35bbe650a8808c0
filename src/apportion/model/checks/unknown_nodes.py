"""Edges and hierarchies must name declared nodes; a misspelt id would lose its cost in silence."""

from collections.abc import Iterable, Iterator

from apportion.findings import Finding, Place
from apportion.model.declared import Declared
from apportion.model.spelling import did_you_mean

NAME = "unknown-nodes"

# Looking for a similar name among all nodes is slow, and nobody reads the hundredth suggestion.
_SUGGESTIONS = 20


def check(model: Declared) -> Iterable[Finding]:
    """Find names that no node has."""
    remedies: dict[str, str] = {}
    for role, name, owner, where in _named(model):
        if name in model.index or name in model.doubtful_nodes:
            continue
        if name not in remedies:
            guess = did_you_mean(name, model.index) if len(remedies) < _SUGGESTIONS else ""
            remedies[name] = guess or "Declare it under nodes."
        yield Finding(
            "unknown_node",
            f"{owner} names {name!r} as {role}, which is not a declared node.",
            where,
            remedies[name],
            details={"node": name},
        )


def _named(model: Declared) -> Iterator[tuple[str, str, str, Place]]:
    """Role, name, who names it, and where."""
    for edge in model.edges:
        if edge.source in model.index and edge.receiver in model.index:
            continue
        owner = f"The edge {edge.source} -> {edge.receiver}"
        yield "source", edge.source, owner, edge.where
        yield "receiver", edge.receiver, owner, edge.where
    for node in model.nodes:
        for parent in node.part_of:
            yield "part_of", parent, f"The node {node.id}", node.where
