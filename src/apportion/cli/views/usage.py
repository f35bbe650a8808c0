"""Usage and charges for people and programs."""

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from apportion.cli.output import heading, put, say
from apportion.cli.tables import Head, bar, table
from apportion.report.column import Column, Kind
from apportion.report.figures import rate_text
from apportion.report.usage_listing import OF_BILLED, TYPE, UsageListing
from apportion.report.usage_statement import StatementAllowance

_NUMBERS = frozenset({Kind.AMOUNT, Kind.COUNT, Kind.RATE})


def show(found: UsageListing, limit: int | None, empty: str) -> None:
    """A title, what the figures mean, a table, and the totals of each channel.

    ``empty`` is said where there is no row.
    """
    heading(found.title)
    say()
    if not found.rows.num_rows:
        say(empty)
        return
    columns = [column for column in found.columns if column.title]
    hidden = 0 if limit is None else max(found.rows.num_rows - limit, 0)
    costs, total = ([], "") if found.cost is None else found.costs_shown(limit)
    rows = [
        [_cell(found, column, row) for column in columns]
        for row in found.rows.slice(0, limit).to_pylist()
    ]
    if hidden:
        rows.append([f"{hidden:,} more", *[""] * (len(columns) - 1)])
    place = next((at for at, each in enumerate(columns) if each.kind is Kind.AMOUNT), None)
    if place is not None:
        for row, cost in zip(rows, costs, strict=True):
            row[place] = cost
    totals = found.totals()
    put(table(_heads(columns), rows, _footer(found, columns, totals, total)))
    if len(totals) > 1:
        _show_totals(found, columns, totals)
    if hidden:
        say(
            f"{found.rows.num_rows - hidden:,} of {found.rows.num_rows:,} rows are shown; "
            "--limit 0 shows all, --csv and --json give them to other programs."
        )
    say(found.meaning)


def _heads(columns: Sequence[Column]) -> list[Head]:
    return [
        Head(column.title, number=column.kind in _NUMBERS, whole=column.kind is Kind.DATE)
        for column in columns
    ]


def _cell(found: UsageListing, column: Column, row: Mapping[str, Any]) -> str:
    if column in OF_BILLED and row[TYPE] in found.not_billed:
        return ""
    return _text(column, row[column.name])


def _footer(
    found: UsageListing, columns: Sequence[Column], totals: Sequence[dict[str, Any]], cost: str
) -> list[str] | None:
    """Counts are summed where they are all of one channel; costs always."""
    alone = totals[0] if len(totals) == 1 else {}
    cells = [
        cost
        if column.kind is Kind.AMOUNT
        else _cell(found, column, alone)
        if column.summed and alone
        else ""
        for column in columns
    ]
    return ["Total", *cells[1:]] if any(cells) else None


def _show_totals(
    found: UsageListing, columns: Sequence[Column], totals: Sequence[dict[str, Any]]
) -> None:
    counts = [each for each in columns if each.summed and each.kind is Kind.COUNT]
    rows = [
        [str(total[TYPE]), *(_cell(found, column, total) for column in counts)] for total in totals
    ]
    put(table([Head("In all"), *_heads(counts)], rows))


def _text(column: Column, value: Any) -> str:
    if value is None:
        return ""
    if column.kind is Kind.COUNT:
        return f"{value:,}"
    if column.kind is Kind.RATE:
        return rate_text(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def show_allowances(allowances: Sequence[StatementAllowance]) -> None:
    """How much of each allowance is used, with a bar."""
    say()
    heads = [
        Head("Free allowance"),
        Head("Of the year", number=True),
        Head("Used", number=True),
        Head("Left", number=True),
        Head(""),
    ]
    rows = [
        (
            f"{each.notification_type}, {each.unit}" if each.unit else each.notification_type,
            f"{each.units:,}",
            f"{each.used_before + each.used:,}",
            f"{each.remaining:,}",
            bar(Fraction(each.units - each.remaining, each.units)) if each.units else "",
        )
        for each in allowances
    ]
    put(table(heads, rows))
