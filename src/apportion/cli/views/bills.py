"""Bills by invoice, for people."""

from collections.abc import Sequence
from decimal import Decimal

from apportion.cli.output import put, say, say_next
from apportion.cli.suggestions import Suggestions
from apportion.cli.tables import Head, table
from apportion.cli.words import several
from apportion.ingest.decimals import shown
from apportion.ingest.words import readable
from apportion.report.bills import KINDS, Invoice

_NO_NUMBER = "(no number)"


def show(invoices: Sequence[Invoice], suggestions: Suggestions) -> None:
    """A row an invoice, then the bridge between billed and effective cost over all of them."""
    if not invoices:
        say("No bill whose lines are kept has a billing period with these days.")
        return
    has_stated = any(each.stated is not None for each in invoices)
    heads = [
        Head("Bill"),
        Head("Period", whole=True),
        Head("Invoice"),
        Head("Lines", number=True),
        Head("Billed", number=True),
        Head("Effective", number=True),
        Head("Currency"),
        *([Head("Stated", number=True), Head("Missing", number=True)] if has_stated else []),
    ]
    rows = [
        (
            each.source,
            each.period.replace("/", " to "),
            each.invoice or _NO_NUMBER,
            f"{each.lines:,}",
            _amount(each.billed),
            _amount(each.effective),
            each.currency,
            *([_stated(each.stated), _stated(each.missing)] if has_stated else []),
        )
        for each in invoices
    ]
    put(table(heads, rows))
    for currency in dict.fromkeys(each.currency for each in invoices):
        _show_bridge([each for each in invoices if each.currency == currency], currency)
    say_next(suggestions.command("deliveries", "list"))


def _show_bridge(invoices: Sequence[Invoice], currency: str) -> None:
    """From what was billed to what it costs, each kind of charge in its own row."""
    billed = sum((each.billed for each in invoices), Decimal(0))
    effective = sum((each.effective for each in invoices), Decimal(0))
    kinds = {
        kind: sum((each.bridge.get(kind, Decimal(0)) for each in invoices), Decimal(0))
        for kind in KINDS
    }
    rows = [
        ("billed", _amount(billed)),
        *((KINDS[kind], _amount(amount)) for kind, amount in kinds.items() if amount),
    ]
    left = sum((each.difference for each in invoices), Decimal(0))
    put(
        table(
            [Head(f"From billed to effective, {currency}"), Head("Amount", number=True)],
            rows,
            ("effective", _amount(effective)),
        )
    )
    lines = sum(each.lines for each in invoices)
    say(
        f"The rows above come to the effective cost of {several(lines, 'line')}; the difference is "
        f"{_amount(left)}."
    )
    say()


def _stated(amount: Decimal | None) -> str:
    return "" if amount is None else _amount(amount)


def _amount(amount: Decimal) -> str:
    return readable(shown(amount))
