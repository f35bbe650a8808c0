"""How large a graph is, and how far cost can travel in it on one day."""

from typing import Any


def equal(source: str, receiver: str, **window: str) -> dict[str, str]:
    return {"source": source, "receiver": receiver, "strategy": "equal", **window}


def size(write: Any, kinds: str, *edges: dict[str, str], **archived: str) -> dict[str, int]:
    """The graph of some nodes: a small letter is infrastructure, a capital a product."""
    nodes = [
        {
            "id": name,
            "type": "product" if name.isupper() else "shared",
            **({"archived_on": archived[name]} if name in archived else {}),
        }
        for name in kinds
    ]
    return write({"nodes": nodes, "edges": list(edges)}, "").prove().graph.to_dict()


def test_a_chain_and_a_short_cut(write: Any) -> None:
    edges = (equal("a", "b"), equal("b", "P"), equal("a", "P"), equal("P", "Q"))
    assert size(write, "abPQR", *edges) == {
        "nodes": 5,
        "products": 3,
        "infrastructure_nodes": 2,
        "edges": 4,
        "max_depth": 3,
    }


def test_no_edges(write: Any) -> None:
    assert size(write, "aP")["max_depth"] == 0


def test_edges_of_other_periods_do_not_count(write: Any) -> None:
    edges = (equal("a", "P", active_to="2023-12-31"), equal("P", "Q", active_from="2024-01-03"))
    graph = size(write, "aPQ", *edges)
    assert (graph["edges"], graph["max_depth"]) == (0, 0)


def test_edges_of_different_days_make_no_way_together(write: Any) -> None:
    edges = (equal("a", "b", active_to="2024-01-01"), equal("b", "P", active_from="2024-01-02"))
    graph = size(write, "abP", *edges)
    assert (graph["edges"], graph["max_depth"]) == (2, 1)


def test_an_edge_that_turned_round_is_no_circle(write: Any) -> None:
    edges = (equal("P", "Q", active_to="2024-01-01"), equal("Q", "P", active_from="2024-01-02"))
    assert size(write, "PQ", *edges)["max_depth"] == 1


def test_an_archive_ends_the_edges_of_either_end(write: Any) -> None:
    edges = (equal("a", "b"), equal("b", "P"), equal("a", "Q"))
    assert size(write, "abPQ", *edges, b="2024-01-02")["edges"] == 3
    gone = size(write, "abPQ", *edges, b="2024-01-01")
    assert (gone["edges"], gone["max_depth"]) == (1, 1)
    assert size(write, "abPQ", *edges, b="0001-01-01")["edges"] == 1
