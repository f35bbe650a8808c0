"""What an audit of a ledger checked and found, for people."""

from apportion.cli.messages import tell
from apportion.cli.names import shown_name
from apportion.cli.output import put, say
from apportion.cli.suggestions import Suggestions
from apportion.cli.tables import Head, table
from apportion.cli.words import several
from apportion.ledger.audited import Audit


def show(audit: Audit, suggestions: Suggestions) -> None:
    """Files, bytes and rows of each table, money, what was not compared, and one sentence."""
    tell(audit.findings, suggestions)
    heads = [
        Head("Table"),
        Head("Files", number=True),
        Head("Bytes", number=True),
        Head("Rows", number=True),
    ]
    rows = [
        (each.name, f"{each.files:,}", f"{each.bytes:,}", f"{each.rows:,}") for each in audit.tables
    ]
    total = (
        "All",
        f"{sum(each.files for each in audit.tables):,}",
        f"{sum(each.bytes for each in audit.tables):,}",
        f"{sum(each.rows for each in audit.tables):,}",
    )
    put(table(heads, rows, total))
    _show_money(audit)
    for why, count in sorted(audit.not_compared.items()):
        say(f"Costs of {several(count, 'source')} were not made anew: {shown_name(why)}.")
    if audit.changes_in_part:
        changes = several(audit.changes_in_part, "change")
        say(
            f"Of {changes} of costs or usage some rows have been replaced since. Their digests "
            "say nothing of the rows that are left."
        )
    if audit.holds:
        say("Everything that was checked is as it was recorded.")
    else:
        damages = several(len(audit.findings), "damage")
        say(f"The ledger is not as it was recorded: {damages} found.")


def _show_money(audit: Audit) -> None:
    currencies = sorted({*audit.money, *audit.costs})
    heads = [
        Head("Currency"),
        Head("Lines kept", number=True),
        Head("Costs made anew", number=True),
    ]
    rows = [
        (
            currency,
            *(
                f"{amounts[currency].normalize():,f}" if currency in amounts else ""
                for amounts in (audit.money, audit.costs)
            ),
        )
        for currency in currencies
    ]
    if rows:
        put(table(heads, rows))
    say(
        f"{several(audit.lines, 'line')} of {audit.deliveries:,} "
        f"{'delivery' if audit.deliveries == 1 else 'deliveries'} were compared with their "
        f"recorded sums, and the rows of {several(audit.changes, 'change')} with their digests."
    )
