"""Signs in a bill that another cost was meant, or that a cost counts twice.

Each is a question to the bill's own columns: is the cost that was chosen blank or 0 where another
is not, are purchases of commitments counted beside the usage they pay for, is what was unused of
them paid by nobody.
"""

from collections.abc import Sequence

from duckdb import (
    ColumnExpression,
    ConstantExpression,
    DuckDBPyConnection,
    DuckDBPyRelation,
    Error,
    SQLExpression,
)

from apportion.findings import Finding, IngestError, Place, Severity
from apportion.ingest import cells
from apportion.ingest.acceptance import Accepted
from apportion.ingest.connection import open_lines
from apportion.ingest.decimals import AMOUNT_DECIMALS, is_blank, is_nothing, shown
from apportion.ingest.header import NUMBERS
from apportion.ingest.incoming import Context, FileReport
from apportion.ingest.inspected import Column, SafeFile
from apportion.ingest.words import count_of, readable
from apportion.ledger.bill_lines import COSTS

_ONCE = "billed"
"""The one cost that a commitment has on its purchase alone."""

_TWICE = {
    "effective": "though a purchase has none by the standard, because the usage that it pays for "
    "has its cost",
    "contracted": "and the usage that they pay for counts its own ContractedCost too",
    "list": "and the usage that they pay for counts its own ListCost too",
}


def commitment_cell(file: SafeFile, context: Context) -> tuple[cells.Cell, tuple[Column, ...]]:
    """Whether a line is what a commitment was bought for, or what of it was unused.

    Gives the columns that tell, too. Of a cost that cannot count twice it is not asked.
    """
    category, commitment = file.find("ChargeCategory"), file.find("CommitmentDiscountId")
    value = ColumnExpression("commitment")
    if context.cost_column == _ONCE or category is None or commitment is None:
        return cells.Cell("commitment", ConstantExpression(""), value), ()
    status = file.find("CommitmentDiscountStatus")
    nothing = is_nothing(cells.text_of(commitment).fragment(), commitment.nulls)
    purchase = _is_word(category, "purchase")
    unused = _is_word(status, "unused") if status else "false"
    raw = f"case when {nothing} then '' when {purchase} then 'bought' when {unused} then 'unused'"
    told = tuple(column for column in (category, commitment, status) if column)
    return cells.Cell("commitment", SQLExpression(f"{raw} else '' end"), value), told


def _is_word(column: Column, word: str) -> str:
    return f"coalesce(lower(trim({cells.text_of(column).fragment()})) = '{word}', false)"


def commitment_findings(groups: DuckDBPyRelation, context: Context) -> list[Finding]:
    """A warning for each currency in which purchases of commitments have the chosen cost."""
    found = (
        groups.filter("commitment = 'bought' and amount <> 0")
        .aggregate("currency, sum(amount), cast(sum(lines) as bigint)", "currency")
        .order("currency")
        .fetchall()
    )
    column = COSTS[context.cost_column]
    remedy = "Take `--cost-column effective` or `billed`, which have such a cost once; or leave "
    if context.cost_column == "effective":
        remedy = "Take `--cost-column billed`, which has such a cost once; or leave "
    return [
        Finding(
            "commitment_twice",
            f"Purchases of commitments count {readable(shown(amount))} {currency} of {column} on "
            f"{count_of(lines, 'line')}, {_TWICE[context.cost_column]}.",
            remedy=f"{remedy}the purchases out of the file.",
            severity=Severity.WARNING,
            details={"currency": currency, "amount": shown(amount), "lines": lines},
        )
        for currency, amount, lines in found
    ]


def unused_findings(groups: DuckDBPyRelation, context: Context) -> list[Finding]:
    """A warning where what was unused of commitments has no effective cost at all."""
    counted = groups.filter("commitment = 'unused'").aggregate(
        "cast(coalesce(sum(lines), 0) as bigint), coalesce(max(abs(amount)), 0)"
    )
    lines, most = counted.fetchall()[0]
    if context.cost_column != "effective" or not lines or most:
        return []
    message = (
        f"What was unused of commitments has no EffectiveCost on {count_of(lines, 'line')}, where "
        "the standard has what was paid for it; so the bill sums to less than was paid."
    )
    remedy = "Compare with `--cost-column billed`, and ask the provider about the export."
    return [Finding("empty_cost", message, remedy=remedy, severity=Severity.WARNING)]


def outside_notes(groups: DuckDBPyRelation) -> list[str]:
    """What arose outside the period that the bill names, as corrections do and wrong days.

    A day more at either end is no matter, because periods may begin in another time zone.
    """
    before = "coalesce(day < cast(billed_from as date) - 1, false)"
    after = "coalesce(day > cast(billed_to as date), false)"
    found = (
        groups.filter(f"{before} or {after}")
        .aggregate(
            "currency, sum(amount), cast(sum(lines) as bigint), min(day), max(day)", "currency"
        )
        .order("currency")
        .fetchall()
    )
    return [
        f"Outside the billing period: {count_of(lines, 'charge')} of {readable(shown(amount))} "
        f"{currency}, on days from {first} to {last}."
        for currency, amount, lines, first, last in found
    ]


def zero_findings(
    connection: DuckDBPyConnection, files: Sequence[SafeFile], accepted: Accepted, context: Context
) -> list[Finding]:
    """A warning for each file, of a bill that costs nothing, in which another cost has amounts.

    Asked are what was used and what was invoiced; a free tier has a list price too.
    """
    if accepted.groups.filter("amount <> 0").limit(1).fetchall():
        return []
    others = [flag for flag in ("effective", "billed") if flag != context.cost_column]
    found: list[Finding] = []
    for file, report in zip(files, accepted.files, strict=True):
        lines = open_lines(connection, file, context.limits.line)
        try:
            chosen = _amounts(lines, file, [context.cost_column])
            other = _amounts(lines, file, others)
        except Error:
            # As below: some lines were rejected.
            continue
        if chosen or not other:
            continue
        flag, count, amount = other[0]
        message = (
            f"{COSTS[context.cost_column]} is 0 in all {count_of(report.accepted, 'line')}, where "
            f"{COSTS[flag]} has {amount} on {count_of(count, 'line')}."
        )
        remedy = f"Take `--cost-column {flag}`, or write `cost_column: {flag}` in apportion.yaml."
        found.append(Finding("empty_cost", message, Place(file.name), remedy, Severity.WARNING))
    return found


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
    others = [flag for flag in COSTS if flag != context.cost_column]
    return max(_amounts(lines, file, others), key=lambda each: each[1], default=None)


def _amounts(
    lines: DuckDBPyRelation, file: SafeFile, flags: Sequence[str]
) -> list[tuple[str, int, str]]:
    """Those costs that have amounts: flag, lines and amounts."""
    found: list[tuple[str, int, str]] = []
    currency = file.find("BillingCurrency")
    assert currency is not None
    for flag in flags:
        column = file.find(COSTS[flag])
        if column is None or column.holds not in NUMBERS:
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
    return found


_SHOWN = 5
