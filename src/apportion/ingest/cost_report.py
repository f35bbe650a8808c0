"""What is told after costs came in: totals that were proved, and what each rule took."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_UP, Decimal, localcontext

from duckdb import DuckDBPyConnection, DuckDBPyRelation

from apportion.derive.cost_rows import CostRows
from apportion.derive.nodes import UNMAPPED
from apportion.findings import Finding, IngestError, Place, Severity
from apportion.ingest.connection import open_lines
from apportion.ingest.decimals import shown
from apportion.ingest.first_reading import Layout, raw_cells
from apportion.ingest.incoming import Context, FileReport, MappedAmount, Total
from apportion.ingest.inspected import Holds
from apportion.ingest.words import count_of, readable
from apportion.model.spelling import did_you_mean
from apportion.model.types import MappingRule

_MOST_NODES = 20
_FLOAT_BITS = 24
_DIGITS = 100
"""More than any total has, so that arithmetic on them is exact."""


def proved_totals(files: Sequence[FileReport], rows: CostRows) -> tuple[Total, ...]:
    """Per currency what the files hold and what the rows hold.

    Raises ``IngestError`` (``total_mismatch``) where a line or a digit was lost on the way from
    the files, whose totals are proved, to the rows.
    """
    with localcontext() as context:
        context.prec = _DIGITS
        return _proved(files, rows)


def _proved(files: Sequence[FileReport], rows: CostRows) -> tuple[Total, ...]:
    held: dict[str, Decimal] = {}
    for file in files:
        for currency, text in file.totals.items():
            held[currency] = held.get(currency, Decimal(0)) + Decimal(text)
    lines = sum(file.accepted for file in files)
    if lines != rows.lines or held != dict(rows.exact):
        message = (
            f"The files hold {lines} lines and {_texts(held)}, the rows were made of "
            f"{rows.lines} lines and {_texts(rows.exact)}."
        )
        raise IngestError([Finding("total_mismatch", message, remedy="Please report this.")])
    return tuple(
        Total(
            currency,
            shown(held[currency]),
            shown(rows.totals[currency]),
            shown(rows.totals[currency] - held[currency]),
        )
        for currency in sorted(held)
    )


def _texts(amounts: Mapping[str, Decimal]) -> str:
    return ", ".join(f"{shown(amount)} {name}" for name, amount in sorted(amounts.items()))


def float_findings(
    connection: DuckDBPyConnection, layouts: Sequence[Layout], context: Context
) -> list[Finding]:
    """A warning for each file whose amounts are floats of 32 bits, with what they may be off by.

    Such a number is the nearest of those that 24 bits can tell apart.
    """
    findings: list[Finding] = []
    for layout in layouts:
        column = layout.number.cell.column
        if column is None or column.holds is not Holds.FLOAT:
            continue
        lines = raw_cells(open_lines(connection, layout.file, context.limits.line), layout)
        amounts = (
            lines.select(
                layout.cell("currency").value.alias("currency"),
                layout.number.cell.value.alias("amount"),
            )
            .aggregate("currency, sum(abs(amount))", "currency")
            .order("currency")
            .fetchall()
        )
        most = [(name, Decimal(held or 0) / 2**_FLOAT_BITS) for name, held in amounts]
        off = " and ".join(f"{_rounded_up(error)} {name}" for name, error in most)
        findings.append(
            Finding(
                "rounded_amounts",
                f"The column {column.name!r} holds floats of 32 bits, which keep 7 digits; the "
                f"file's total may be off by up to {off}.",
                Place(layout.file.name),
                "Export it as decimals, as doubles or as text.",
                Severity.WARNING,
            )
        )
    return findings


def _rounded_up(error: Decimal) -> str:
    """Two digits of a bound, never less than it."""
    return shown(error.quantize(Decimal(1).scaleb(error.adjusted() - 1), ROUND_UP))


def rounding_findings(totals: Sequence[Total], rows: CostRows, scale: int) -> list[Finding]:
    """A warning that says how many amounts were rounded and what that did to the totals."""
    if not rows.rounded:
        return []
    differences = ", ".join(f"{readable(total.difference)} {total.currency}" for total in totals)
    return [
        Finding(
            "rounded_amounts",
            f"More than {scale} decimals in {count_of(rows.rounded, 'sum')} of lines. Each bill's "
            f"total was rounded once; the rows differ from the files by {differences}.",
            remedy=""
            if scale >= 9
            else "Raise `scale` in apportion.yaml, up to 9, to keep more decimals.",
            severity=Severity.WARNING,
            details={"count": rows.rounded},
        )
    ]


def mapped_amounts(
    mapped: DuckDBPyRelation, rules: Sequence[MappingRule]
) -> tuple[tuple[MappedAmount, ...], tuple[MappedAmount, ...]]:
    """What each rule took, and what lies on ``unmapped:`` nodes, by currency.

    ``mapped`` has ``rule`` (the index of the rule, -1 for none), ``node``, ``currency``,
    ``amount``, ``lines``.
    """
    keys = "rule, node, currency"
    sums = "sum(amount) as amount, cast(sum(lines) as bigint) as lines"
    loose = f"starts_with(node, '{UNMAPPED}')"
    taken = mapped.filter(f"not {loose}").aggregate(f"rule, currency, {sums}", "rule, currency")
    left = mapped.filter(loose).aggregate(f"{keys}, {sums}", keys)
    return (
        tuple(
            MappedAmount(_rule(rules, rule), "", currency, shown(amount), lines)
            for rule, currency, amount, lines in taken.order("rule, currency").fetchall()
        ),
        tuple(
            MappedAmount(_rule(rules, rule), node, currency, shown(amount), lines)
            for rule, node, currency, amount, lines in left.order(keys).fetchall()
        ),
    )


def _rule(rules: Sequence[MappingRule], index: int) -> str:
    return f"{rules[index].node} ({rules[index].where})" if index >= 0 else ""


def unmapped_findings(unmapped: Sequence[MappedAmount]) -> list[Finding]:
    """A warning for each node that holds what no rule took."""
    return [
        Finding(
            "unmapped_cost",
            f"No mapping rule took {count_of(each.lines, 'line')}, {readable(each.amount)} "
            f"{each.currency} in all; they are on {each.node!r} and show as unallocated.",
            remedy="Add a rule under `mapping:` that takes them; the next run applies it.",
            severity=Severity.WARNING,
            details={"node": each.node, "lines": each.lines},
        )
        for each in unmapped
        if not each.rule
    ]


def lacking_findings(
    mapped: DuckDBPyRelation, rules: Sequence[MappingRule], nodes: Sequence[str]
) -> list[Finding]:
    """Warnings for nodes that rules name and the model lacks, the dearest first.

    ``mapped`` has ``rule``, ``lacking`` (the node's name, null where it is declared),
    ``currency``, ``amount``, ``lines``.
    """
    keys = "rule, lacking, currency"
    found = (
        mapped.filter("lacking is not null")
        .aggregate(f"{keys}, sum(amount) as amount, cast(sum(lines) as bigint) as lines", keys)
        .order("abs(amount) desc, lacking, rule, currency")
    )
    rows = found.fetchall()
    findings = [
        Finding(
            "unknown_node",
            f"The mapping rule for {rules[rule].node!r} leads to {name!r}, which the model does "
            f"not declare. Kept as unmapped: {count_of(lines, 'line')}, {readable(shown(amount))} "
            f"{currency}.",
            rules[rule].where,
            f"{did_you_mean(name, nodes)} Declare the node or mend the rule; the next run applies "
            "it.".strip(),
            Severity.WARNING,
            {"node": name, "lines": lines},
        )
        for rule, name, currency, amount, lines in rows[:_MOST_NODES]
    ]
    if len(rows) > _MOST_NODES:
        findings.append(
            Finding(
                "unknown_node",
                f"Rules lead to {count_of(len(rows) - _MOST_NODES, 'more node')} not declared.",
                remedy="Declare them, or let a rule for all the others come last; the next run "
                "applies it.",
                severity=Severity.WARNING,
            )
        )
    return findings
