"""Split charges (FOCUS 1.3) that stand beside the charge they were split from.

The standard does not settle which of the two a bill's reader counts, so both are, and it is said.
"""

from collections.abc import Sequence
from decimal import Decimal

from duckdb import ColumnExpression, DuckDBPyConnection, DuckDBPyRelation, Error, SQLExpression

from apportion.findings import Finding, Place, Severity
from apportion.ingest import cells
from apportion.ingest.connection import open_lines
from apportion.ingest.decimals import AMOUNT_DECIMALS, is_nothing, shown
from apportion.ingest.incoming import Context
from apportion.ingest.inspected import Column, SafeFile
from apportion.ingest.words import count_of, readable
from apportion.ledger.bill_lines import COSTS
from apportion.model.values import show

_METHOD = "AllocatedMethodId"
_RESOURCE = "ResourceId"


def allocated_findings(
    connection: DuckDBPyConnection, files: Sequence[SafeFile], context: Context
) -> list[Finding]:
    """A warning for each currency in which resources have charges both split and not.

    Lines of which the chosen cost is 0 count nothing twice. Of a file with lines that were rejected
    nothing is known.
    """
    if not any(file.find(_METHOD) for file in files):
        return []
    parts = [
        charges for file in files if (charges := _charges(connection, file, context)) is not None
    ]
    if not parts:
        return []
    charges = parts[0]
    for part in parts[1:]:
        charges = charges.union(part)
    try:
        found = _beside(charges)
    except Error:
        # A file with lines that were rejected may not be readable in one go.
        return []
    where = Place(", ".join(file.name for file in files if file.find(_METHOD)))
    return [_finding(row, where, COSTS[context.cost_column]) for row in found]


_Found = tuple[str, Decimal, int, int, int, str]
"""Currency, money of the split charges, how many, how many others, resources, one of these."""


def _beside(charges: DuckDBPyRelation) -> list[_Found]:
    resources = charges.aggregate(
        "resource, currency, sum(amount) filter (split) as amount, "
        "count(*) filter (split) as parts, count(*) filter (not split) as origins",
        "resource, currency",
    )
    summed = resources.filter("parts > 0 and origins > 0").aggregate(
        "currency, sum(amount), cast(sum(parts) as bigint), cast(sum(origins) as bigint), "
        "count(*), min(resource)",
        "currency",
    )
    return summed.order("currency").fetchall()


def _finding(row: _Found, where: Place, column: str) -> Finding:
    currency, amount, parts, origins, resources, first = row
    money = shown(amount)
    return Finding(
        "allocated_beside_origin",
        f"{count_of(parts, 'line')} with an {_METHOD} count {readable(money)} {currency} of "
        f"{column} beside {count_of(origins, 'line')} without one of the same {_RESOURCE} "
        f"({count_of(resources, 'resource')}, such as {show(first)}); if the former are parts of "
        "the latter, that money counts twice.",
        where,
        f"Leave one of the two out of the export: the lines with an {_METHOD}, or those without "
        "that they were split from.",
        Severity.WARNING,
        {"currency": currency, "amount": money, "lines": parts, "resources": resources},
    )


def _charges(
    connection: DuckDBPyConnection, file: SafeFile, context: Context
) -> DuckDBPyRelation | None:
    """The charges of resources that cost something, and whether they are parts of another."""
    resource, method = file.find(_RESOURCE), file.find(_METHOD)
    cost, currency = file.find(COSTS[context.cost_column]), file.find("BillingCurrency")
    if resource is None or cost is None or currency is None:
        return None
    value = cells.number("number", cost, AMOUNT_DECIMALS).cell.value
    settings = context.model.settings
    money = cells.currency("currency", currency, settings.currency or "USD")
    lines = open_lines(connection, file, context.limits.line)
    charges = lines.select(
        cells.text_of(resource).alias("resource"),
        money.raw.alias("currency"),
        ColumnExpression(cost.id).alias("number"),
        SQLExpression(f"not {_says_nothing(resource)}").alias("named"),
        SQLExpression(f"not {_says_nothing(method)}" if method else "false").alias("split"),
    )
    return (
        charges.filter("named")
        .select("resource", "split", money.value.alias("currency"), value.alias("amount"))
        .filter("amount <> 0")
    )


def _says_nothing(column: Column) -> str:
    return is_nothing(cells.text_of(column).fragment(), column.nulls)
