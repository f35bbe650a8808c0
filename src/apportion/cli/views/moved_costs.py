"""What a change did to costs, for people: by source and period, then by node."""

import calendar
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from apportion.cli.names import shown_name
from apportion.cli.output import say, say_as_typed
from apportion.cli.words import several
from apportion.ledger.moved_costs import MovedCosts, MovedNode

PERIODS_SHOWN = 5
NODES_SHOWN = 3


def show_moved_costs(changes: Sequence[MovedCosts]) -> None:
    """A sentence for each source and period of which something was known, and its nodes."""
    known = [each for each in changes if each.lines_before]
    for each in known[:PERIODS_SHOWN]:
        say(sentence(each))
        _show_nodes(each.nodes)
    if len(known) > PERIODS_SHOWN:
        say(f"... and {len(known) - PERIODS_SHOWN:,} more sources and periods moved.")
    if known:
        say()


def sentence(moved: MovedCosts) -> str:
    """What was known and what is now, in money and lines, and which days went."""
    before, after = amount_text(moved.before), amount_text(moved.after)
    gone = ""
    if moved.days_gone:
        days = span(f"{moved.first_gone}/{moved.last_gone}")
        of_days = days if moved.days_gone == 1 else f"{moved.days_gone:,} days, {days}"
        gone = f"; {amount_text(moved.amount_gone)} of {of_days}, went"
    return (
        f"{shown_name(moved.source)}, {span(moved.period)}: {before} {moved.currency} was known, "
        f"{after} now{gone} ({several(moved.lines_before, 'line')} before, "
        f"{moved.lines_after:,} now)."
    )


def _show_nodes(nodes: Sequence[MovedNode]) -> None:
    shown = nodes[:NODES_SHOWN]
    told = [(shown_name(e.node), amount_text(e.before), amount_text(e.after)) for e in shown]
    widths = [max(map(len, column)) for column in zip(*told, strict=True)]
    for node, before, after in told:
        name, was, now = node.ljust(widths[0]), before.rjust(widths[1]), after.rjust(widths[2])
        say_as_typed(f"{name}  {was} before, {now} now", "  ")
    if len(nodes) > NODES_SHOWN:
        say(f"... and {several(len(nodes) - NODES_SHOWN, 'more node')}", "  ")


def span(period: str) -> str:
    """A period as people say it: a month, months, a day, or the first and the last day.

    >>> span("2024-01-01/2024-01-31"), span("2024-01-01/2024-03-31"), span("2024-01-05/2024-01-05")
    ('2024-01', '2024-01 to 2024-03', '2024-01-05')
    """
    first, last = map(date.fromisoformat, period.split("/"))
    if first == last:
        return str(first)
    if first.day == 1 and last.day == calendar.monthrange(last.year, last.month)[1]:
        months = f"{first:%Y-%m}", f"{last:%Y-%m}"
        return months[0] if months[0] == months[1] else " to ".join(months)
    return f"{first} to {last}"


def amount_text(amount: Decimal) -> str:
    """An amount with as many decimals as it has, two at least.

    >>> amount_text(Decimal("1234.5000")), amount_text(Decimal("0.12345"))
    ('1,234.50', '0.12345')
    """
    plain = amount.normalize()
    exponent = plain.as_tuple().exponent
    return f"{plain:,.2f}" if isinstance(exponent, int) and exponent > -2 else f"{plain:,f}"
