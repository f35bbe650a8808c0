"""Cost that flows in a circle would never come to rest (`A7`).

A circle counts only where all its edges are active on one day, so its days are part of what is
said. The graph of all edges of all days is looked at first: nearly always it has no circle, and
then no day has one.
"""

from collections.abc import Iterable

import numpy as np

from apportion.findings import Finding, Place
from apportion.model.days import BEGINNING, END, Span, intersect_spans, merge_spans, span_text
from apportion.model.declared import Declared
from apportion.model.graph import Graph, Integers
from apportion.model.paths import circular_parts, neighbours, shortest_circle
from apportion.model.spelling import way
from apportion.model.windows import change_days

NAME = "cycles"

Pairs = tuple[tuple[int, int], ...]


def check(model: Declared) -> Iterable[Finding]:
    """Find circles: for every day and every circular part at least one, with all its days."""
    graph = model.graph
    live = graph.live()
    ways = neighbours(graph.nodes, graph.source[live], graph.receiver[live])
    part_of_node = np.full(graph.nodes, -1, dtype=np.int64)
    parts = circular_parts(ways)
    for number, part in enumerate(parts):
        part_of_node[part] = number
    inside = part_of_node[graph.source[live]]
    inside = np.where(inside == part_of_node[graph.receiver[live]], inside, -1)
    for number in range(len(parts)):
        yield from _circles(model, live[inside == number])


def _circles(model: Declared, edges: Integers) -> Iterable[Finding]:
    """The circles of one part, day by day where its edges change."""
    graph = model.graph
    first, last = graph.first[edges], graph.last[edges]
    by_pair = _by_pair(graph, edges)
    found: dict[Pairs, list[Span]] = {}
    for day in change_days(first, last, BEGINNING, END):
        # A circle that is known already explains this day; when it is mended others show.
        if any(begin <= day <= end for days in found.values() for begin, end in days):
            continue
        active = edges[(first <= day) & (last >= day)]
        ways = neighbours(graph.nodes, graph.source[active], graph.receiver[active])
        for part in circular_parts(ways):
            circle = shortest_circle(part[0], ways)
            pairs = tuple(zip(circle, [*circle[1:], circle[0]], strict=True))
            if pairs not in found:
                found[pairs] = _days(graph, [by_pair[pair] for pair in pairs])
    for pairs, days in found.items():
        names = [model.nodes[node].id for node, _ in (*pairs, pairs[0])]
        own = [place for pair in pairs for place in by_pair[pair]]
        for begin, end in days:
            inside = [at for at in own if graph.first[at] <= end and graph.last[at] >= begin]
            places = sorted(model.edges[at].where for at in inside)
            yield _finding(names, places, (begin, end))


def _by_pair(graph: Graph, edges: Integers) -> dict[tuple[int, int], list[int]]:
    found: dict[tuple[int, int], list[int]] = {}
    sources, receivers = graph.source[edges].tolist(), graph.receiver[edges].tolist()
    for source, receiver, place in zip(sources, receivers, edges.tolist(), strict=True):
        found.setdefault((source, receiver), []).append(place)
    return found


def _days(graph: Graph, pairs: list[list[int]]) -> list[Span]:
    """The days on which every pair of a circle has an active edge."""
    common: list[Span] = [(BEGINNING, END)]
    for places in pairs:
        spans = ((int(graph.first[place]), int(graph.last[place])) for place in places)
        common = intersect_spans(common, merge_spans(spans))
    return merge_spans(common)


def _finding(names: list[str], places: list[Place], span: Span) -> Finding:
    return Finding(
        "cycle",
        f"Cost would flow in a circle: {way(names)}, {span_text(span)}.",
        places[0],
        "Remove one of these edges, or end its window before the others begin.",
        details={"cycle": tuple(names), "days": span_text(span)},
        also=tuple(places[1:]),
    )
