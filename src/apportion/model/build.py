"""From raw lists to records: the table of list kinds, and the one pass over it.

A new kind of list is a file in ``kinds``, a row in ``LIST_KINDS`` and a field in ``Declared``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from apportion.findings import Finding
from apportion.model.declared import Declared
from apportion.model.fields import Shape
from apportion.model.kinds import (
    accounts,
    allowances,
    channels,
    edges,
    exchange_rates,
    mapping,
    metrics,
    nodes,
)
from apportion.model.kinds.settings import build_settings
from apportion.model.raw import RawSettings

Raws = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class ListKind:
    """A kind of list: its keys, its builder, and whether its records are flat enough for tables."""

    shape: Shape
    build: Callable[[Raws, list[Finding]], tuple[Any, ...]]
    in_tables: bool = False


LIST_KINDS: Mapping[str, ListKind] = MappingProxyType(
    {
        "nodes": ListKind(nodes.SHAPE, nodes.build_nodes, in_tables=True),
        "edges": ListKind(edges.SHAPE, edges.build_edges, in_tables=True),
        "exchange_rates": ListKind(
            exchange_rates.SHAPE, exchange_rates.build_exchange_rates, in_tables=True
        ),
        "mapping": ListKind(mapping.SHAPE, mapping.build_mapping),
        "metrics": ListKind(metrics.SHAPE, metrics.build_metrics, in_tables=True),
        "metric_nodes": ListKind(mapping.METRIC_NODE_SHAPE, mapping.build_metric_nodes),
        "organisation_types": ListKind(
            accounts.TYPE_SHAPE, accounts.build_organisation_types, in_tables=True
        ),
        "organisations": ListKind(
            accounts.ORGANISATION_SHAPE, accounts.build_organisations, in_tables=True
        ),
        "accounts": ListKind(accounts.SHAPE, accounts.build_accounts, in_tables=True),
        "channels": ListKind(channels.SHAPE, channels.build_channels, in_tables=True),
        "rates": ListKind(channels.RATE_SHAPE, channels.build_rates, in_tables=True),
        "default_allowances": ListKind(
            allowances.DEFAULT_SHAPE, allowances.build_default_allowances, in_tables=True
        ),
        "allowances": ListKind(allowances.SHAPE, allowances.build_allowances, in_tables=True),
    }
)

NAMED = ("organisation_types", "organisations", "accounts", "channels")
"""The lists of usage billing whose records others name."""


def build(settings: RawSettings, lists: Mapping[str, Raws], findings: list[Finding]) -> Declared:
    """Build every list. Records with errors are left out and their problems added to findings."""
    built: dict[str, Any] = {
        name: kind.build(lists.get(name, ()), findings) for name, kind in LIST_KINDS.items()
    }
    model = Declared(settings=build_settings(settings, findings), **built)
    return _with_doubts(model, lists) if findings else model


def _with_doubts(model: Declared, lists: Mapping[str, Raws]) -> Declared:
    """Add what the records that were left out had named."""
    ids = [raw.get("id") for raw in lists.get("nodes", ())]
    names = {name for name in ids if isinstance(name, str)}
    pairs = {pair for raw in lists.get("edges", ()) for pair in edges.named_pairs(raw)}
    return replace(
        model,
        doubtful_nodes=frozenset(names - {node.id for node in model.nodes}),
        doubtful_edges=frozenset(pairs - {(e.source, e.receiver) for e in model.edges}),
        doubtful_billing=frozenset(
            (kind, name)
            for kind, key in (*((kind, "id") for kind in NAMED), ("rates", "channel"))
            for raw in lists.get(kind, ())
            if isinstance(name := raw.get(key), str)
        ),
    )
