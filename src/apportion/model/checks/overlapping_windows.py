"""Two edges of one pair on one day would give the receiver two shares (`A5`)."""

from collections.abc import Iterable

import numpy as np

from apportion.findings import Finding
from apportion.model.days import span_text
from apportion.model.declared import Declared

NAME = "overlapping-windows"


def check(model: Declared) -> Iterable[Finding]:
    """Find edges whose window reaches into that of an edge of the same pair."""
    graph = model.graph
    sources = _numbered([edge.source for edge in model.edges])
    receivers = _numbered([edge.receiver for edge in model.edges])
    first, last = graph.first, graph.declared_last
    order = np.lexsort((last, first, receivers, sources))
    order = order[first[order] <= last[order]]
    before, after = order[:-1], order[1:]
    same = (sources[before] == sources[after]) & (receivers[before] == receivers[after])
    reaching, previous = -1, -1
    for place in np.flatnonzero(same).tolist():
        one, other = int(before[place]), int(after[place])
        # An early window may reach over several later ones.
        reaching = reaching if one == previous else one
        if last[reaching] >= first[other]:
            yield _overlap(model, reaching, other)
        if last[other] > last[reaching]:
            reaching = other
        previous = other


def _numbered(names: list[str]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """One number for each distinct name. Unknown nodes count too, so positions will not do."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], dtype=np.int64)


def _overlap(model: Declared, one: int, other: int) -> Finding:
    graph = model.graph
    # The later in the file is the one to blame.
    one, other = sorted((one, other), key=lambda place: model.edges[place].where)
    first = max(int(graph.first[one]), int(graph.first[other]))
    last = min(int(graph.declared_last[one]), int(graph.declared_last[other]))
    edge, known = model.edges[other], model.edges[one]
    return Finding(
        "overlapping_edges",
        f"The edge {edge.source} -> {edge.receiver} is there twice {span_text((first, last))}; "
        f"the other stands at {known.where}.",
        edge.where,
        "End one window on the day before the other begins: both ends are included.",
        details={"source": edge.source, "receiver": edge.receiver, "other": known.where},
    )
