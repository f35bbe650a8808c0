"""What an upgrade of a ledger moved over, for people."""

from apportion.cli.output import put, say, say_next
from apportion.cli.suggestions import Suggestions
from apportion.cli.tables import Head, table
from apportion.cli.words import few, several
from apportion.ledger.upgrade import Upgraded
from apportion.report.upgraded import LOST


def show(upgraded: Upgraded, suggestions: Suggestions) -> None:
    """What was moved over, what could not be recovered, and what may be typed next."""
    if not upgraded.changed:
        say("Nothing to do: no older program wrote what this ledger holds.")
    elif not upgraded.rows:
        say("Moved over. The ledger holds no costs, so nothing was lost.")
    else:
        _show_moved(upgraded)
    say()
    say_next(suggestions.command("audit"))


def _show_moved(upgraded: Upgraded) -> None:
    rows = several(upgraded.rows, "row")
    deliveries = "1 delivery" if upgraded.deliveries == 1 else f"{upgraded.deliveries:,} deliveries"
    say(f"Moved over {deliveries} with {rows} of costs:")
    heads = [Head("Currency"), Head("Costs", number=True)]
    put(
        table(
            heads, [(name, f"{amount.normalize():,f}") for name, amount in upgraded.totals.items()]
        )
    )
    say("No figure changed: costs, usage, runs and ratings are as they were.")
    say(
        "The lines of these bills could not be recovered, because they were never kept: "
        f"{few(LOST)} are not known. A changed mapping or cost column does not move these costs "
        "until their bills are ingested again, each for the whole of its period."
    )
