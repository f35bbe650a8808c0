"""What was written, for people."""

from pathlib import Path

from apportion.cli.names import shown_name
from apportion.cli.output import say, say_next
from apportion.cli.suggestions import Suggestions
from apportion.report.statements import words
from apportion.report.usage_questions import named
from apportion.report.usage_statement import UsageStatement


def show(statement: UsageStatement, written: Path, suggestions: Suggestions) -> None:
    """The file, whom it is for, and what it comes to."""
    account = statement.account
    say(
        f"Wrote {shown_name(str(written))}: {named(account.name, account.id)}, "
        f"{words.period(statement)}, {statement.currency} {statement.total_shown}."
    )
    lines = "1 line" if len(statement.lines) == 1 else f"{len(statement.lines):,} lines"
    say(f"Its {lines} as printed sum to its total." if statement.lines else words.NOTHING)
    say()
    say_next(suggestions.command("usage", "monthly", account.id, "--year", str(statement.year)))
