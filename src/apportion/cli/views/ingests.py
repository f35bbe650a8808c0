"""What an ingest brought, for people and programs."""

from collections.abc import Sequence
from pathlib import Path

from apportion.cli.messages import tell
from apportion.cli.names import shown_name
from apportion.cli.output import put, say, say_next
from apportion.cli.suggestions import Suggestions
from apportion.cli.tables import Head, table
from apportion.cli.views.moved_costs import show_moved_costs
from apportion.cli.words import several
from apportion.ingest.incoming import IngestReport, Kind, MappedAmount
from apportion.ingest.words import readable
from apportion.ledger.moved import Moved
from apportion.outcomes import IngestOutcome

ROWS_SHOWN = 10
SOURCES_SHOWN = 5


def show(outcome: IngestOutcome, reject_file: Path | None, suggestions: Suggestions) -> None:
    """Lines, totals, and that the ledger holds exactly what the files hold."""
    report = outcome.report
    tell(report.findings, suggestions)
    _show_files(report)
    _show_totals(report)
    _show_unmapped(report.unmapped)
    for sentence in report.notes:
        say(shown_name(sentence))
    if report.sources:
        say(_said_by(report))
    say(_recorded(outcome))
    show_moved(outcome.recorded.moved)
    show_moved_costs(outcome.recorded.moved_costs)
    if report.rejected and reject_file is not None:
        say(f"The rejected lines, with reasons, are in {shown_name(str(reject_file))}.")
    if outcome.days is not None:
        first, last = outcome.days
        say()
        if report.kind is Kind.BILLABLE:
            say_next(suggestions.command("rate"))
        else:
            say_next(suggestions.command("run", "--from", str(first), "--to", str(last)))


def _said_by(report: IngestReport) -> str:
    names = [repr(shown_name(name)) for name in report.sources[:SOURCES_SHOWN]]
    if len(report.sources) > SOURCES_SHOWN:
        names.append(f"{len(report.sources) - SOURCES_SHOWN:,} more")
    subject = "The sources are" if len(names) > 1 else "The source is"
    guess = ", after the file's name; --source NAME says it" if report.source_is_a_guess else ""
    return f"{subject} {', '.join(names)}{guess}."


def _recorded(outcome: IngestOutcome) -> str:
    recorded = outcome.recorded
    if recorded.ingest_id:
        replaced = f" in place of {recorded.replaced_rows:,}" if recorded.replaced_rows else ""
        return f"Recorded {several(recorded.rows, 'row')}{replaced}."
    known = f" from {shown_name(recorded.same_as)}" if recorded.same_as else ""
    return (
        f"Nothing changed: the ledger has the same {several(recorded.rows, 'row')} already{known}."
    )


def show_moved(changes: Sequence[Moved]) -> None:
    """What changed of what the ledger had, each currency, metric or channel in its own row."""
    if not changes:
        return
    heads = [
        Head("Replaced"),
        Head("Before", number=True),
        Head("Now", number=True),
        Head("Difference", number=True),
        Head("Days gone", number=True),
    ]
    rows = [
        (
            shown_name(each.what),
            *(f"{amount.normalize():,f}" for amount in (each.before, each.after)),
            f"{(each.after - each.before).normalize():,f}",
            f"{each.days_gone:,}",
        )
        for each in changes[:ROWS_SHOWN]
    ]
    _put(heads, rows, len(changes))


def _show_files(report: IngestReport) -> None:
    heads = [
        Head("File"),
        Head("Lines", number=True),
        Head("Accepted", number=True),
        Head("Rejected", number=True),
        Head("Why"),
    ]
    rows = [
        (
            each.file,
            f"{each.lines_read:,}",
            f"{each.accepted:,}",
            f"{each.rejected:,}",
            ", ".join(f"{reason} {count:,}" for reason, count in each.rejections.items()),
        )
        for each in report.files
    ]
    put(
        table(
            heads if report.rejected else heads[:-1],
            [row[: 5 if report.rejected else 4] for row in rows],
        )
    )


def _show_totals(report: IngestReport) -> None:
    if not report.totals:
        return
    heads = [
        Head("Currency"),
        Head("In the files", number=True),
        Head("In the ledger", number=True),
        Head("Difference", number=True),
    ]
    rows = [
        (each.currency, readable(each.file), readable(each.rows), readable(each.difference))
        for each in report.totals
    ]
    put(table(heads, rows))


def _show_unmapped(unmapped: Sequence[MappedAmount]) -> None:
    _show_kept(
        [each for each in unmapped if not each.rule],
        "No mapping rule takes these lines; they will be seen as unallocated:",
    )
    _show_kept(
        [each for each in unmapped if each.rule],
        "The node to which a rule leads these lines is not declared; they will be seen as "
        "unallocated:",
    )


def _show_kept(unmapped: Sequence[MappedAmount], why: str) -> None:
    if not unmapped:
        return
    say(why)
    heads = [
        Head("Kept on"),
        Head("Lines", number=True),
        Head("Amount", number=True),
        Head("Currency"),
    ]
    rows = [
        (each.node, f"{each.lines:,}", readable(each.amount), each.currency)
        for each in unmapped[:ROWS_SHOWN]
    ]
    _put(heads, rows, len(unmapped))


def _put(heads: Sequence[Head], rows: Sequence[Sequence[str]], count: int) -> None:
    """The first rows as a table, and of how many more nothing is said."""
    put(table(heads, rows))
    if count > len(rows):
        say(f"... and {count - len(rows):,} more.")
