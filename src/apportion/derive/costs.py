"""Costs by node, day and dimension, from the lines that count (`D2`).

The model's mapping says where a line belongs, its cost column which amount counts. Charges of
several days are divided over them (`A2`), and each bill is rounded once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from duckdb import (
    ColumnExpression,
    ConstantExpression,
    DuckDBPyConnection,
    DuckDBPyRelation,
    Expression,
    SQLExpression,
)

from apportion.derive.cost_rows import MAPPED, CostRows, cost_rows
from apportion.derive.mapping import UNKNOWN, Fields, choose, named_columns, named_tags
from apportion.derive.nodes import UNMAPPED, declared, register_nodes
from apportion.ledger.bill_lines import COST_COLUMNS, MOMENTS, NUMBERS, SPELLINGS, WORDS
from apportion.model import Model

_SUCCESSORS: Mapping[str, str] = {
    "ProviderName": "ServiceProviderName",
    "ServiceProviderName": "ProviderName",
}
"""What a rule means by a column that the bill's version does not have.

Version 1.3 named the provider anew and 1.4 dropped the old name; rules need not change with it.
"""

_FORMER = {other: name for name, other in SPELLINGS.items()}
_PROVIDER = ("ProviderName", "ServiceProviderName", "InvoiceIssuerName")
_USERS = "user:"
"""What AWS puts before the name of a tag that its customer has set."""

MOMENTS_OF_LINE = """
    "ChargePeriodStart"::timestamp as began, "ChargePeriodEnd"::timestamp as ended,
    coalesce(ended > began::date + interval 1 day or ended < began, false) as spans
"""
"""When a line's charge begins and ends, and whether it is divided over several days."""

_GROUPS = """
    select source, period, node, dimension, "BillingCurrency" as currency,
           began::date as day,
           case when spans then began end as start, case when spans then ended end as end_,
           {columns}
           coalesce(sum(cost), 0) as amount, count(*)::bigint as lines
    from (select *, {moments} from {lines})
    group by all
"""


_MAPPED = """
    create table mapped as
    select * exclude (rule, node, dimension, provider, category, wanted, chosen_dimension),
           case when node is not null then -1 else rule end as rule,
           coalesce(node, case when {known} then wanted else concat('{unmapped}', provider) end)
               as node,
           case when node is null and not {known} then wanted end as lacking,
           coalesce(dimension, case when rule < 0 then category else chosen_dimension end)
               as dimension
    from named
"""


@dataclass(frozen=True, slots=True)
class DerivedCosts:
    """Costs, and the groups of lines that they were made of.

    ``mapped`` is a table with the keys of costs and ``rule`` (the index of the rule, -1 for none),
    ``lacking`` (a node that a rule names and the model does not declare), ``amount``, ``lines``.
    """

    mapped: DuckDBPyRelation
    rows: CostRows


def derive_costs(connection: DuckDBPyConnection, lines: str, model: Model) -> DerivedCosts:
    """Derive costs from the relation ``lines``.

    It has the columns of ``bill_lines``, and ``source``, ``period`` (what is rounded together) and
    ``cost`` (the amount that counts). Raises ``IngestError`` (``amount_overflow``).
    """
    asked = asked_of_lines(model)
    groups = _GROUPS.format(columns=asked.sql, moments=MOMENTS_OF_LINE, lines=lines)
    connection.execute(f"create table groups as {groups}")
    mapped = map_groups(connection, "groups", asked, model, (*MAPPED, "amount", "lines"))
    return DerivedCosts(mapped, cost_rows(connection, mapped, model.settings.scale))


@dataclass(frozen=True, slots=True)
class AskedOfLines:
    """What rules ask of a line: lines that agree in it go the same way.

    ``sql`` is the list of expressions over a line, each followed by a comma, and ``fields`` says by
    which alias rules find what they name.
    """

    sql: str
    fields: Fields

    @property
    def aliases(self) -> tuple[str, ...]:
        """The names of the expressions."""
        return (*self.fields.columns.values(), *self.fields.tags.values())


def map_groups(
    connection: DuckDBPyConnection,
    groups: str,
    asked: AskedOfLines,
    model: Model,
    kept: Sequence[str],
) -> DuckDBPyRelation:
    """Make the table ``mapped``: the columns ``kept`` of groups of lines, and where these belong.

    ``kept`` has ``node`` and ``dimension``, which are those of the line before and of the mapping
    after. Besides there are ``rule`` and ``lacking``, as in ``DerivedCosts``.
    """
    register_nodes(connection, model)
    fields = asked.fields
    chosen = choose(model.mapping, fields)
    named = connection.table(groups).select(
        *map(ColumnExpression, kept),
        _first_of(_PROVIDER, fields.columns).alias("provider"),
        _first_of(("ServiceCategory",), fields.columns).alias("category"),
        chosen.rule.alias("rule"),
        chosen.node.alias("wanted"),
        chosen.dimension.alias("chosen_dimension"),
    )
    named.create_view("named")
    connection.execute(_MAPPED.format(known=declared("wanted"), unmapped=UNMAPPED))
    return connection.table("mapped")


def asked_of_lines(model: Model, *others: Model) -> AskedOfLines:
    """What the rules of a model, and of others beside it, ask of a line of a bill."""
    rules = [rule for each in (model, *others) for rule in each.mapping]
    wanted = dict.fromkeys((*named_columns(rules), *_PROVIDER, "ServiceCategory"))
    columns = {name: f"x{place}" for place, name in enumerate(wanted)}
    tags = {name: f"t{place}" for place, name in enumerate(named_tags(rules))}
    values = [
        *(f"{text_of_column(name)} as {alias}," for name, alias in columns.items()),
        *(f"{tag_of_line(name)} as {alias}," for name, alias in tags.items()),
    ]
    return AskedOfLines(" ".join(values), Fields(columns, {}, tags))


def _first_of(names: Sequence[str], columns: Mapping[str, str]) -> Expression:
    """The first of some columns that a line has something in."""
    present = "".join(f"nullif(trim({columns[name]}), ''), " for name in names)
    return SQLExpression(f"coalesce({present}'{UNKNOWN}')")


def text_of_column(name: str) -> str:
    """The text of a column, whatever it is kept as and wherever."""
    if name in WORDS:
        other = _SUCCESSORS.get(name)
        return f'coalesce("{name}", "{other}")' if other else f'"{name}"'
    if name in MOMENTS:
        return f"strftime(\"{name}\"::timestamp, '%Y-%m-%dT%H:%M:%SZ')"
    if name in (*COST_COLUMNS, *NUMBERS):
        return f"regexp_replace(\"{name}\"::varchar, '[.]?0+$', '')"
    if name == "Tags":
        return 'to_json("Tags")::varchar'
    kept = _value_of("other", name)
    return f'coalesce({kept}, "{_FORMER[name]}")' if name in _FORMER else kept


def tag_of_line(name: str) -> str:
    """The value of a tag, also where AWS has put its prefix before the name."""
    return f"coalesce({_value_of('Tags', name)}, {_value_of('Tags', f'{_USERS}{name}')})"


def _value_of(held: str, name: str) -> str:
    """A value of a map, null where it is not there: in half of the time of map_extract."""
    key = ConstantExpression(name)
    return f'map_values("{held}")[list_position(map_keys("{held}"), {key})]'
