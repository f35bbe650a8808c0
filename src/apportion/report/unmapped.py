"""Cost that no mapping rule takes, by what its lines say; and the rules that would take it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

from apportion import database
from apportion.derive.costs import asked_of_lines, map_groups, tag_of_line, text_of_column
from apportion.derive.nodes import UNMAPPED
from apportion.findings import QUESTION, Finding, UsageError
from apportion.ledger.bill_lines import WORDS
from apportion.ledger.counting_lines import counting_bill_lines
from apportion.ledger.disk import Store
from apportion.model import Model
from apportion.model.spelling import did_you_mean, one_of

SHORT: dict[str, str] = {
    "account": "SubAccountId",
    "billing_account": "BillingAccountId",
    "category": "ServiceCategory",
    "provider": "ProviderName",
    "region": "RegionId",
    "resource": "ResourceId",
    "service": "ServiceName",
    "sku": "SkuId",
}
"""What people call a column of the specification."""

_TAG = "tag."
_MOST_RULES = 10


@dataclass(frozen=True, slots=True)
class UnmappedGroup:
    """Lines that no rule takes and that agree in what was asked: their money and how many."""

    values: tuple[str | None, ...]
    currency: str
    amount: Decimal
    lines: int


@dataclass(frozen=True, slots=True)
class Unmapped:
    """Unmapped cost by what its lines say, the dearest first; ``total`` is by currency."""

    by: tuple[str, ...]
    groups: tuple[UnmappedGroup, ...]
    total: dict[str, Decimal]
    all_cost: dict[str, Decimal]


_GROUPS = """
    create table line_groups as
    select {columns} {asked} "BillingCurrency" as currency, node, dimension,
           coalesce(sum(cost), 0) as amount, count(*)::bigint as lines
    from lines group by all
"""
_FOUND = """
    select {names} currency, sum(amount), sum(lines)::bigint
    from mapped where starts_with(node, $unmapped)
    group by all order by abs(sum(amount)) desc, {names} currency
"""
_TOTALS = "select currency, sum(amount) from mapped {where} group by currency order by currency"


def unmapped(
    store: Store,
    model: Model,
    by: Sequence[str] = ("service", "account"),
    first: date | None = None,
    last: date | None = None,
) -> Unmapped:
    """What no rule takes of the charges that begin on some days.

    ``by`` are names of ``SHORT``, columns of the specification, or ``tag.NAME``. Raises
    ``UsageError`` (``unknown_name``), ``LedgerError``.
    """
    connection = _mapped(store, model, [(name, _expression(name)) for name in by], first, last)
    names = "".join(f"a{place}, " for place in range(len(by)))
    asked = {"unmapped": UNMAPPED}
    rows = connection.execute(_FOUND.format(names=names), asked).fetchall()
    totals = _TOTALS.format(where="where starts_with(node, $unmapped)")
    return Unmapped(
        tuple(by),
        tuple(UnmappedGroup(tuple(row[:-3]), *row[-3:]) for row in rows),
        dict(connection.execute(totals, asked).fetchall()),
        dict(connection.execute(_TOTALS.format(where="")).fetchall()),
    )


def _mapped(
    store: Store,
    model: Model,
    asked: Sequence[tuple[str, str]],
    first: date | None,
    last: date | None,
) -> duckdb.DuckDBPyConnection:
    """A connection with ``mapped``: groups of lines that agree in what is asked, and their node."""
    connection = database.connect()
    counting_bill_lines(connection, store, model.settings.cost_column, first, last)
    rules = asked_of_lines(model)
    columns = " ".join(f"{value} as a{place}," for place, (_, value) in enumerate(asked))
    connection.execute(_GROUPS.format(columns=columns, asked=rules.sql))
    aliases = [f"a{place}" for place in range(len(asked))]
    kept = (*aliases, "currency", "node", "dimension", "amount", "lines")
    map_groups(connection, "line_groups", rules, model, kept)
    return connection


def _expression(name: str) -> str:
    """What a name stands for, as SQL over a line."""
    if name.startswith(_TAG):
        return tag_of_line(name.removeprefix(_TAG))
    column = SHORT.get(name, name)
    if column not in WORDS:
        known = [*SHORT, *WORDS]
        remedy = did_you_mean(name, known) or f"It is {one_of(SHORT)}, a column, or tag.NAME."
        message = f"Lines of bills have nothing that is named {name!r}."
        raise UsageError([Finding("unknown_name", message, QUESTION, remedy)])
    return text_of_column(column)


@dataclass(frozen=True, slots=True)
class SuggestedRule:
    """A rule that would take some of the unmapped cost, with its money in one currency."""

    rule: dict[str, Any]
    currency: str
    amount: Decimal
    lines: int


def suggested_rules(
    store: Store, model: Model, first: date | None = None, last: date | None = None
) -> tuple[SuggestedRule, ...]:
    """Rules for the largest groups of lines that no rule takes, the dearest first.

    A group is told by a tag that names a node, else by account and service. The node is left to be
    written where the lines do not name one. Raises ``LedgerError``.
    """
    by_tag = _tagged_nodes(store, model, first, last)
    by_service = [
        SuggestedRule(_rule_of(group.values), group.currency, group.amount, group.lines)
        for group in unmapped(store, model, ("account", "service"), first, last).groups
        if any(group.values)
    ]
    # Of as much money a tag comes first, for it says what the node is.
    ordered = sorted(
        [*by_tag, *by_service],
        key=lambda each: (-abs(each.amount), "tag" not in each.rule["when"], repr(each)),
    )
    return tuple(ordered[:_MOST_RULES])


def _rule_of(values: Sequence[str | None]) -> dict[str, Any]:
    account, service = values
    tests = [
        {"column": column, "equals": value}
        for column, value in (("SubAccountId", account), ("ServiceName", service))
        if value is not None
    ]
    when = tests[0] if len(tests) == 1 else {"all": tests}
    return {"when": when, "node": "NODE", "dimension": "{ServiceCategory}"}


_TAGGED = """
    select name, currency, sum(amount), sum(lines)::bigint
    from (
        select unnest(map_keys(a0)) as name, unnest(map_values(a0)) as value, currency, amount,
               lines
        from mapped where starts_with(node, $unmapped)
    )
    where value in (select id from model_nodes)
    group by name, currency order by abs(sum(amount)) desc, name, currency
"""


def _tagged_nodes(
    store: Store, model: Model, first: date | None, last: date | None
) -> list[SuggestedRule]:
    """A rule for each tag whose values are names of nodes."""
    connection = _mapped(store, model, [("Tags", '"Tags"')], first, last)
    rows = connection.execute(_TAGGED, {"unmapped": UNMAPPED}).fetchall()
    return [
        SuggestedRule(
            {
                "when": {"tag": name, "exists": True},
                "node": f"{{tag.{name}}}",
                "dimension": "{ServiceCategory}",
            },
            currency,
            amount,
            lines,
        )
        for name, currency, amount, lines in rows
    ]
