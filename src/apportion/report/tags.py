"""How much cost carries each tag, and each value of one."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from apportion import database
from apportion.ledger.counting_lines import counting_bill_lines
from apportion.ledger.disk import Store
from apportion.model import Model


@dataclass(frozen=True, slots=True)
class TagCost:
    """Cost of the lines that carry a tag, in one currency.

    ``value`` is null where all values are told together, and ``values`` how many there are.
    """

    tag: str
    value: str | None
    values: int
    currency: str
    amount: Decimal
    lines: int


@dataclass(frozen=True, slots=True)
class Tags:
    """The tags, the dearest first, and all cost of bills by currency, tagged or not."""

    rows: tuple[TagCost, ...]
    all_cost: dict[str, Decimal]
    untagged: dict[str, Decimal]


_CARRIED = """
    create table carried as
    select "Tags" as tags, "BillingCurrency" as currency, coalesce(sum(cost), 0) as amount,
           count(*)::bigint as lines
    from lines group by all
"""
_BY_TAG = """
    select tag, null, count(distinct value), currency, sum(amount), sum(lines)::bigint
    from (select unnest(map_keys(tags)) as tag, unnest(map_values(tags)) as value, currency,
                 amount, lines from carried)
    group by tag, currency order by abs(sum(amount)) desc, tag, currency
"""
_BY_VALUE = """
    select $tag, value, 1, currency, sum(amount), sum(lines)::bigint
    from (select map_extract(tags, $tag)[1] as value, currency, amount, lines from carried)
    where value is not null
    group by value, currency order by abs(sum(amount)) desc, value, currency
"""
_ALL = "select currency, sum(amount) from carried group by currency order by currency"
_UNTAGGED = """
    select currency, sum(amount) from carried where tags is null or cardinality(tags) = 0
    group by currency order by currency
"""


def tags(
    store: Store,
    model: Model,
    tag: str = "",
    first: date | None = None,
    last: date | None = None,
) -> Tags:
    """The tags of the charges that begin on some days, or the values of one ``tag``.

    Raises ``LedgerError``.
    """
    connection = database.connect()
    counting_bill_lines(connection, store, model.settings.cost_column, first, last)
    connection.execute(_CARRIED)
    found = connection.execute(_BY_VALUE, {"tag": tag}) if tag else connection.execute(_BY_TAG)
    rows = tuple(TagCost(*row) for row in found.fetchall())
    totals = dict(connection.execute(_ALL).fetchall())
    return Tags(rows, totals, dict(connection.execute(_UNTAGGED).fetchall()))
