"""What an answer assumed, for people: how much there is, and the few that concern most money."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from apportion.cli.output import put, say, say_as_typed
from apportion.cli.suggestions import Suggestions
from apportion.cli.tables import Head, table
from apportion.cli.views.findings import rows_by_source_and_metric
from apportion.cli.words import several

TOLD = 5
"""How many assumptions stand under a reconciliation; the others are counted."""

_WHOLE_FROM = 100
_SMALL_STEP = Decimal("0.1")


def money(amount: Decimal, currency: str) -> str:
    """About how much it is, in whole units where it is not small.

    The same money can stand on the page among figures that are rounded to sum to a total (`A3`),
    which one figure alone could not follow; ``--json`` has every digit.

    >>> money(Decimal("17357.004"), "USD"), money(Decimal("47.594634"), "USD")
    ('about 17,357 USD', 'about 47.6 USD')
    >>> money(Decimal("0.004"), "USD"), money(Decimal(0), "USD")
    ('less than 0.1 USD', '0 USD')
    """
    if not amount:
        return f"0 {currency}"
    step = Decimal(1) if abs(amount) >= _WHOLE_FROM else _SMALL_STEP
    shown = amount.quantize(step)
    return f"about {shown:,f} {currency}" if shown else f"less than {step} {currency}"


def put_assumptions(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """A table of them under a line that counts them, in their order.

    Edges that lack the same metric of one source stand in one line; each counts, as everywhere.
    """
    say(f"{title} ({len(rows):,}):")
    heads = [Head("Code"), Head("What"), Head("Days", number=True), Head("Amount", number=True)]
    shown = [
        (
            each["code"],
            each["message"],
            "" if each["days"] is None else f"{each['days']:,}",
            "" if each["amount"] is None else money(each["amount"], each["currency"]),
        )
        for each in rows_by_source_and_metric(rows)
    ]
    put(table(heads, shown))


def show_assumptions(rows: Sequence[Mapping[str, Any]], suggestions: Suggestions) -> None:
    """What a reconciliation assumed: the few that concern most money, and how many more."""
    if not rows:
        say(
            "Nothing was assumed: no usage was missing, no cost unmapped, no day between bills "
            "without one."
        )
        say()
        return
    together = rows_by_source_and_metric(rows)
    say(f"What was assumed, most money first ({len(rows):,}):")
    for each in together[:TOLD]:
        said = [money(each["amount"], each["currency"])] if each["amount"] else []
        said += [several(each["days"], "day")] if each["days"] else []
        count = f" ({each['together']:,} assumptions)" if each["together"] > 1 else ""
        say(f"- {' on '.join(said)}{': ' if said else ''}{each['message']}{count}")
    if len(together) > TOLD:
        more = suggestions.command("reconcile", "--json")
        shown = sum(each["together"] for each in together[:TOLD])
        say_as_typed(f"- and {len(rows) - shown:,} more: {more}")
    say()
