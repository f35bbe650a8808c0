"""What other mapping rules would move, before they count (`D2`)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from apportion import database
from apportion.derive.costs import asked_of_lines, map_groups
from apportion.ledger.counting_lines import counting_bill_lines
from apportion.ledger.disk import Store
from apportion.model import Model


@dataclass(frozen=True, slots=True)
class MovedCost:
    """Cost that goes from one node, or kind of cost, to another."""

    from_node: str
    to_node: str
    from_dimension: str
    to_dimension: str
    currency: str
    amount: Decimal
    lines: int


@dataclass(frozen=True, slots=True)
class NodeCost:
    """Cost of a node by the rules of now and by the others."""

    node: str
    currency: str
    now: Decimal
    then: Decimal


@dataclass(frozen=True, slots=True)
class MappingMoves:
    """What would move, and what each node that changes would cost; the dearest first."""

    moves: tuple[MovedCost, ...]
    nodes: tuple[NodeCost, ...]
    all_cost: dict[str, Decimal]


_GROUPS = """
    create table line_groups as
    select row_number() over () as number, *
    from (
        select {asked} "BillingCurrency" as currency, node, dimension,
               coalesce(sum(cost), 0) as amount, count(*)::bigint as lines
        from lines group by all
    )
"""
_MOVES = """
    select b.node, a.node, b.dimension, a.dimension, b.currency, sum(b.amount),
           sum(b.lines)::bigint
    from mapped_now as b join mapped as a using (number)
    where b.node <> a.node or b.dimension <> a.dimension
    group by all order by abs(sum(b.amount)) desc, 1, 2, 3, 4, 5
"""
_NODES = """
    select node, currency, sum(now) as now, sum(later) as later
    from (
        select node, currency, amount as now, 0 as later from mapped_now
        union all select node, currency, 0, amount from mapped
    )
    group by node, currency having sum(now) <> sum(later)
    order by abs(sum(later) - sum(now)) desc, node, currency
"""
_ALL = "select currency, sum(amount) from mapped group by currency order by currency"


def mapping_moves(
    store: Store,
    now: Model,
    other: Model,
    first: date | None = None,
    last: date | None = None,
) -> MappingMoves:
    """What of the charges that begin on some days the rules of ``other`` would move.

    Raises ``LedgerError``.
    """
    connection = database.connect()
    counting_bill_lines(connection, store, now.settings.cost_column, first, last)
    asked = asked_of_lines(now, other)
    connection.execute(_GROUPS.format(asked=asked.sql))
    kept = ("number", "currency", "node", "dimension", "amount", "lines")
    map_groups(connection, "line_groups", asked, now, kept)
    connection.execute("alter table mapped rename to mapped_now")
    connection.execute("drop view named")
    map_groups(connection, "line_groups", asked, other, kept)
    return MappingMoves(
        tuple(MovedCost(*row) for row in connection.execute(_MOVES).fetchall()),
        tuple(NodeCost(*row) for row in connection.execute(_NODES).fetchall()),
        dict(connection.execute(_ALL).fetchall()),
    )
