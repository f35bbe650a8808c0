"""Listings for people and programs."""

from decimal import Decimal
from typing import Any

from apportion.cli.output import heading, put, say
from apportion.cli.tables import Head, table
from apportion.cli.words import several
from apportion.report.column import Column, Kind
from apportion.report.figures import Figures, percent_text, percent_units
from apportion.report.listing import Listing


def show(found: Listing, title: str, node: str = "") -> None:
    """A table whose shown rows, and one line for all others, sum to the totals under it.

    ``node`` is the name of the one that was asked for, if it was one.
    """
    heading(title)
    say()
    if not found.total_rows:
        say("There is nothing in this period that passes the filters.")
        return
    hidden = found.total_rows - found.rows.num_rows
    figures = Figures(found.currency, found.scale)
    shown = found.amounts_shown()
    columns = [column for column in found.columns if column.title]
    cells = {
        column.name: [figures.text(each) for each in shown[column.name]]
        if column.kind is Kind.AMOUNT
        else [_text(column, value) for value in found.rows[column.name].to_pylist()]
        for column in columns
    }
    count = found.rows.num_rows + (1 if hidden and found.totals else 0)
    rows = [
        [(*cells[column.name], "")[min(row, len(cells[column.name]))] for column in columns]
        for row in range(count)
    ]
    if count > found.rows.num_rows:
        rows[-1][0] = f"{hidden:,} more"
    total = [figures.text(sum(shown[column.name])) if column.summed else "" for column in columns]
    heads = [
        Head(column.title, number=column.kind in _NUMBERS, whole=column.kind is Kind.DATE)
        for column in columns
    ]
    put(table(heads, rows, ["Total", *total[1:]] if found.totals else None))
    if found.node_totals:
        said = {name: figures.texts([each])[0] for name, each in found.node_totals.items()}
        say(
            f"In all {node} received {said['received']} {found.currency} and passed on "
            f"{said['given']} {found.currency}."
        )
    if hidden:
        say(
            f"{found.rows.num_rows:,} of {several(found.total_rows, 'row')} "
            f"{'is' if found.rows.num_rows == 1 else 'are'} shown; --limit 0 shows all, "
            "--csv and --json give them to other programs."
        )


_NUMBERS = frozenset({Kind.AMOUNT, Kind.SHARE, Kind.COUNT})


def _text(column: Column, value: Any) -> str:
    if value is None:
        return ""
    if column.kind is Kind.SHARE:
        shown = percent_units([Decimal(repr(value))], Decimal(1))
        return percent_text(shown[0]) if shown else ""
    return f"{value:,}" if column.kind is Kind.COUNT else str(value)
