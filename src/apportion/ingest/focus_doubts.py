"""Signs in a bill that another cost was meant, or that a cost counts twice.

Each is a question to the bill's own columns: is the cost that was chosen blank where another is
not, and are purchases of commitments counted beside the usage they pay for.
"""

from collections.abc import Mapping, Sequence

from duckdb import (
    ColumnExpression,
    DuckDBPyConnection,
    DuckDBPyRelation,
    Error,
    SQLExpression,
)

from apportion.findings import Finding, IngestError, Place, Severity
from apportion.ingest import cells
from apportion.ingest.acceptance import Accepted
from apportion.ingest.connection import open_lines
from apportion.ingest.decimals import AMOUNT_DECIMALS, is_blank, shown
from apportion.ingest.focus_columns import COSTS
from apportion.ingest.header import NUMBERS
from apportion.ingest.incoming import Context, FileReport
from apportion.ingest.inspected import SafeFile
from apportion.ingest.words import count_of, readable

COMMITMENT_COLUMNS = ("ChargeCategory", "CommitmentDiscountId")
"""What tells a purchase of a commitment."""

_TWICE = frozenset({"contracted", "list"})
"""Costs that a commitment has on its purchase and on the usage it pays for."""


def counts_commitments_twice(context: Context) -> bool:
    """Whether the chosen cost stands both on a purchase and on what it pays for."""
    return context.cost_column in _TWICE


def commitment_findings(
    groups: DuckDBPyRelation, names: Mapping[str, str], context: Context
) -> list[Finding]:
    """A warning for each currency in which purchases of commitments have the chosen cost."""
    if not counts_commitments_twice(context) or not set(COMMITMENT_COLUMNS) <= names.keys():
        return []
    category, commitment = (names[name] for name in COMMITMENT_COLUMNS)
    bought = f"lower(trim({category})) = 'purchase' and coalesce(trim({commitment}), '') != ''"
    found = (
        groups.filter(f"{bought} and amount <> 0")
        .aggregate("currency, sum(amount), cast(sum(lines) as bigint)", "currency")
        .order("currency")
        .fetchall()
    )
    column = COSTS[context.cost_column]
    return [
        Finding(
            "commitment_twice",
            f"Purchases of commitments count {readable(shown(amount))} {currency} of {column} on "
            f"{count_of(lines, 'line')}, and the usage that they pay for counts its own "
            f"{column} too.",
            remedy="Take `--cost-column effective` or `billed`, which have such a cost once; or "
            "leave the purchases out of the file.",
            severity=Severity.WARNING,
            details={"currency": currency, "amount": shown(amount), "lines": lines},
        )
        for currency, amount, lines in found
    ]


def blank_findings(
    connection: DuckDBPyConnection,
    files: Sequence[SafeFile],
    accepted: Accepted,
    context: Context,
) -> list[Finding]:
    """A warning for each file that lacks the chosen cost on some lines, which count as nothing.

    Raises ``IngestError`` (``empty_cost``) where most lines lack it and another cost has amounts
    on them: then that cost was meant.
    """
    counted = accepted.groups.filter("blanks > 0").aggregate(
        "file, cast(sum(blanks) as bigint)", "file"
    )
    blanks = dict(counted.order("file").fetchall())
    found = [
        _blank_finding(connection, files[index], blanks[index], accepted.files[index], context)
        for index in blanks
    ]
    if any(finding.severity is Severity.ERROR for finding in found):
        raise IngestError(found)
    return found


def _blank_finding(
    connection: DuckDBPyConnection,
    file: SafeFile,
    blanks: int,
    report: FileReport,
    context: Context,
) -> Finding:
    chosen = file.find(COSTS[context.cost_column])
    assert chosen is not None
    said = f"No {chosen.name} on {blanks:,} of {count_of(report.accepted, 'line')}"
    details = {"count": blanks}
    lines = open_lines(connection, file, context.limits.line).filter(
        is_blank(chosen.id, chosen.holds, chosen.nulls)
    )
    try:
        other = _fullest(lines, file, context)
    except Error:
        # A file with lines that were rejected may not be readable in one go.
        other = None
    where = Place(file.name)
    if other is None:
        said = f"{said}; it counts as 0."
        return Finding("invalid_value", said, where, severity=Severity.WARNING, details=details)
    flag, count, amount = other
    message = f"{said}, where {COSTS[flag]} has {amount} on {count_of(count, 'line')}."
    remedy = (
        f"Take `--cost-column {flag}`, or write `cost_column: {flag}` in apportion.yaml; or fill "
        f"in {chosen.name} where nothing is owed with 0."
    )
    if 2 * blanks > report.accepted:
        return Finding("empty_cost", message, where, remedy, details=details)
    message = f"{message.removesuffix('.')}; it counts as 0."
    return Finding("empty_cost", message, where, remedy, Severity.WARNING, details)


def _fullest(
    lines: DuckDBPyRelation, file: SafeFile, context: Context
) -> tuple[str, int, str] | None:
    """Of the other costs the one with amounts on most lines: its flag, lines and amounts."""
    found: list[tuple[str, int, str]] = []
    currency = file.find("BillingCurrency")
    assert currency is not None
    for flag, name in COSTS.items():
        column = file.find(name)
        if flag == context.cost_column or column is None or column.holds not in NUMBERS:
            continue
        value = cells.number("other", column, AMOUNT_DECIMALS).cell.value
        rows = (
            lines.select(
                cells.text_of(currency).alias("currency"),
                ColumnExpression(column.id).alias("other"),
            )
            .select("currency", value.alias("amount"))
            .filter(SQLExpression("amount <> 0"))
            .aggregate("currency, sum(amount), count(*)", "currency")
            .order("currency")
            .fetchall()
        )
        if rows:
            amounts = " and ".join(
                f"{readable(shown(amount))} {name or 'without a currency'}"
                for name, amount, _ in rows[:_SHOWN]
            )
            found.append((flag, sum(count for _, _, count in rows), amounts))
    return max(found, key=lambda each: each[1], default=None)


_SHOWN = 5


def account_findings(file: SafeFile) -> list[Finding]:
    """A warning where account numbers are stored as numbers, so that leading zeros are gone."""
    column = file.find("BillingAccountId")
    if column is None or column.holds not in NUMBERS[1:]:
        return []
    return [
        Finding(
            "wrong_type",
            "The column 'BillingAccountId' holds numbers, so leading zeros of an account are lost "
            "and it counts as another account than in a file that has them.",
            Place(file.name),
            "Export it as text; if the ledger has this bill already, do not count it twice.",
            Severity.WARNING,
        )
    ]
