"""A window that ends before it begins holds no day, so its edge would never count (`A5`)."""

from collections.abc import Iterable

from apportion.findings import Finding
from apportion.model.declared import Declared

NAME = "inverted-windows"


def check(model: Declared) -> Iterable[Finding]:
    """Find windows that are the wrong way round."""
    for edge in model.edges:
        first, last = edge.active_from, edge.active_to
        if first is not None and last is not None and last < first:
            yield Finding(
                "inverted_window",
                f"The window of edge {edge.source} -> {edge.receiver} begins on {first} "
                f"and ends before, on {last}.",
                edge.where,
                "Exchange the two days or correct one; both are included in the window.",
                details={"source": edge.source, "receiver": edge.receiver},
            )
