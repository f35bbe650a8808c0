"""Nodes: what has, receives or gives cost (`A4`)."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from apportion.findings import Finding
from apportion.model.fields import Fields, Shape
from apportion.model.types import Node, NodeType
from apportion.model.values import is_name

_TYPES = tuple(kind.value for kind in NodeType)


def _subject(raw: Mapping[str, Any]) -> str:
    return f"node {raw['id']}" if is_name(raw.get("id")) else "the node"


MEANINGS = MappingProxyType(
    {
        "id": "What bills are mapped to and what edges name; at most 200 characters.",
        "type": "`resource`, `shared` or `platform` (infrastructure), or `product`.",
        "name": "Its name for people.",
        "part_of": "The products under which it is shown, one or a list. It moves no money.",
        "labels": "Names with values: whatever you want to say of it.",
        "archived_on": "From this day on it has no edges.",
        "infrastructure": "`true` for a product that serves others as a platform does (`A4`).",
    }
)
SHAPE = Shape(
    keys=frozenset(MEANINGS),
    meanings=MEANINGS,
    required=MappingProxyType({"id": "checkout", "type": "product"}),
    synonyms=MappingProxyType(
        {"kind": "type", "parent": "part_of", "tags": "labels", "archived": "archived_on"}
    ),
    subject=_subject,
)


def build_nodes(raws: Sequence[Mapping[str, Any]], findings: list[Finding]) -> tuple[Node, ...]:
    """Read the nodes, in order of their ids."""
    nodes = (_node(Fields(raw, SHAPE, findings)) for raw in raws)
    return tuple(sorted((node for node in nodes if node), key=lambda node: (node.id, node.where)))


def _node(fields: Fields) -> Node | None:
    node = Node(
        id=fields.identifier("id"),
        type=NodeType(fields.choice("type", _TYPES, "product", "unknown_type")),
        name=fields.text("name"),
        part_of=tuple(sorted({name for name, _ in fields.identifiers("part_of")})),
        labels=fields.labels("labels"),
        archived_on=fields.day("archived_on"),
        infrastructure=fields.flag("infrastructure"),
        where=fields.place(),
    )
    return None if fields.broken else node
