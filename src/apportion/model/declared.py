"""Everything that people declared, as records: what checks look at and runs compute with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from types import MappingProxyType

from apportion.model.billing import (
    OTHER,
    Account,
    Allowance,
    Channel,
    DefaultAllowance,
    Organisation,
    OrganisationType,
    Rate,
)
from apportion.model.graph import Graph, build_graph
from apportion.model.types import (
    Edge,
    ExchangeRate,
    MappingRule,
    MetricNodeRule,
    MetricRule,
    Node,
    Settings,
)


@dataclass(frozen=True)
class Declared:
    """The records of a model, each list in its canonical order.

    Nodes are in order of id; edges of source, receiver and window; rates of pair and day; metrics
    of id. Mapping rules keep the order in which they were written, because the first match wins.
    ``doubtful_nodes`` and ``doubtful_edges`` name what stood in records that had errors, and
    ``doubtful_billing`` lists and what stood in them while anything had: checks must not speak of
    holes that those leave. A valid model has none.
    """

    settings: Settings = field(default_factory=Settings)
    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    exchange_rates: tuple[ExchangeRate, ...] = ()
    mapping: tuple[MappingRule, ...] = ()
    metrics: tuple[MetricRule, ...] = ()
    metric_nodes: tuple[MetricNodeRule, ...] = ()
    organisation_types: tuple[OrganisationType, ...] = ()
    organisations: tuple[Organisation, ...] = ()
    accounts: tuple[Account, ...] = ()
    channels: tuple[Channel, ...] = ()
    rates: tuple[Rate, ...] = ()
    default_allowances: tuple[DefaultAllowance, ...] = ()
    allowances: tuple[Allowance, ...] = ()
    doubtful_nodes: frozenset[str] = frozenset()
    doubtful_edges: frozenset[tuple[str, str]] = frozenset()
    doubtful_billing: frozenset[tuple[str, str]] = frozenset()

    def node(self, name: str) -> Node:
        """The node with an id. Raises ``KeyError`` where there is none."""
        return self.nodes[self.index[name]]

    @cached_property
    def index(self) -> Mapping[str, int]:
        """The position of each id in ``nodes``; of the first one where an id is given twice."""
        positions = range(len(self.nodes) - 1, -1, -1)
        return MappingProxyType({self.nodes[place].id: place for place in positions})

    @cached_property
    def account_index(self) -> Mapping[str, Account]:
        """The accounts by id; the first one where an id is given twice."""
        return MappingProxyType({each.id: each for each in reversed(self.accounts)})

    @cached_property
    def former_ids(self) -> Mapping[str, str]:
        """The id of the account that each former id stands for now (`B21`)."""
        return MappingProxyType(
            {name: each.id for each in reversed(self.accounts) for name in each.former_ids}
        )

    @cached_property
    def channel_index(self) -> Mapping[str, Channel]:
        """The channels by id; the first one where an id is given twice."""
        return MappingProxyType({each.id: each for each in reversed(self.channels)})

    @cached_property
    def organisation_index(self) -> Mapping[str, Organisation]:
        """The declared organisations by id; the first one where an id is given twice."""
        return MappingProxyType({each.id: each for each in reversed(self.organisations)})

    @cached_property
    def own_allowances(self) -> Mapping[tuple[str, str, int], Allowance]:
        """The accounts' own allowances by account, channel and year."""
        return MappingProxyType({(it.account, it.channel, it.year): it for it in self.allowances})

    @cached_property
    def defaults_by_type(self) -> Mapping[tuple[str, str], tuple[DefaultAllowance, ...]]:
        """The default allowances by channel and organisation type, in the order of years."""
        found: dict[tuple[str, str], tuple[DefaultAllowance, ...]] = {}
        for each in self.default_allowances:
            key = each.channel, each.organisation_type
            found[key] = (*found.get(key, ()), each)
        return MappingProxyType(found)

    @cached_property
    def first_rates(self) -> Mapping[str, date]:
        """The day on which the first rate of each channel with rates begins (`B4`)."""
        found: dict[str, date] = {}
        for rate in self.rates:
            found[rate.channel] = min(rate.valid_from, found.get(rate.channel, rate.valid_from))
        return MappingProxyType(found)

    def type_of(self, account: Account) -> str:
        """The account's organisation type: its own, else its organisation's, else ``other``."""
        organisation = self.organisation_index.get(account.organisation)
        return account.organisation_type or (organisation.type if organisation else "") or OTHER

    @cached_property
    def graph(self) -> Graph:
        """The edges as arrays, in the order of ``edges``."""
        return build_graph(self.nodes, self.index, self.edges)
