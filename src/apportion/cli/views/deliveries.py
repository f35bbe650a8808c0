"""Deliveries for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from apportion.cli.names import shown_name
from apportion.cli.output import heading, put, say, say_next
from apportion.cli.suggestions import Suggestions
from apportion.cli.tables import Head, table
from apportion.cli.views.ingests import show_moved
from apportion.cli.views.moved_costs import amount_text, show_moved_costs, span
from apportion.cli.views.runs import words_of
from apportion.cli.words import few, several
from apportion.ledger.bill_lines import COSTS
from apportion.ledger.inventory import Standing

if TYPE_CHECKING:
    from apportion.ledger.inventory import Delivered, Event, Inventoried, Part
    from apportion.ledger.record_ingest import Recorded
    from apportion.ledger.runs import Run

ROWS_SHOWN = 40
COMMANDS_SHOWN = 3
_DONE = {"delivery": "delivered", "withdrawal": "withdrawn", "restoration": "restored"}


def show_list(found: Sequence[Delivered], unlisted: int, suggestions: Suggestions) -> None:
    """A line per delivery, and how many of them count."""
    if not found:
        say("No delivery of costs is kept here yet.")
        _say_unlisted(unlisted)
        say_next(suggestions.command("ingest", "FORMAT", "FILE"))
        return
    heads = [
        Head("Delivery", whole=True),
        Head("Files"),
        Head("Source"),
        Head("Period", whole=True),
        Head("Lines", number=True),
        Head("Effective", number=True),
        Head("Standing"),
    ]
    rows = [
        (
            each.delivery,
            few([file.name for file in each.files]),
            few(each.sources),
            _periods(each),
            f"{each.lines:,}",
            _total(each, "effective"),
            str(each.standing),
        )
        for each in found
    ]
    put(table(heads, rows))
    counted = Counter(each.standing for each in found)
    told = ", ".join(f"{counted[each]:,} {_COUNTED[each]}" for each in Standing if counted[each])
    say(f"{'1 delivery' if len(found) == 1 else f'{len(found):,} deliveries'}: {told}.")
    _say_unlisted(unlisted)
    say()
    say_next(suggestions.command("deliveries", "show", found[0].delivery))


_COUNTED = {
    Standing.COUNTS: "counting",
    Standing.IN_PART: "counting in part",
    Standing.SUPERSEDED: "superseded",
    Standing.WITHDRAWN: "withdrawn",
    Standing.REPEAT: "repeating others",
}


def _say_unlisted(unlisted: int) -> None:
    if unlisted:
        said = several(unlisted, "ingest")
        say(f"Beside these, {said} of usage or by older programs, of which no lines are kept.")


def _periods(found: Delivered) -> str:
    """From the first of its periods to the last."""
    bounds = [period.split("/") for period in found.periods]
    if not bounds:
        return ""
    return span(f"{min(first for first, _ in bounds)}/{max(last for _, last in bounds)}")


def _total(found: Delivered, column: str) -> str:
    """The sum of a cost column in each currency; nothing where no line has that column."""
    sums = [(currency, known[column]) for currency, known in found.totals.items()]
    return ", ".join(
        f"{amount_text(Decimal(sum_))} {name}" for name, sum_ in sums if sum_ is not None
    )


def _amount(amount: Decimal | None) -> str:
    return "" if amount is None else amount_text(amount)


def show_delivery(found: Inventoried, suggestions: Suggestions) -> None:
    """All that is known of a delivery."""
    delivery = found.delivery
    heading(f"Delivery {delivery.delivery}: {standing_of(delivery)}")
    say()
    answered = {"replace": "all there is of its periods", "append": "added to what was there"}
    sums = {
        f"{name.capitalize()} cost": total for name in COSTS if (total := _total(delivery, name))
    }
    for label, value in {
        "Recorded": f"{delivery.at:%Y-%m-%d %H:%M:%S} UTC, by apportion {delivery.program}",
        "Format": delivery.format,
        "Said": answered.get(delivery.answer, ""),
        "Cost column": delivery.cost_column,
        "Lines": f"{delivery.lines:,}",
        **sums,
    }.items():
        if value:
            say(f"{label:<16} {value}", "  ")
    say()
    _show_files(delivery)
    _show_parts(found)
    _show_history(found.history)
    command = "restore" if delivery.standing is Standing.WITHDRAWN else "withdraw"
    if delivery.standing is not Standing.REPEAT:
        words = ("deliveries", command, delivery.delivery, "--reason", "TEXT")
        say_next(suggestions.command(*words))


def standing_of(found: Delivered) -> str:
    """Whether a delivery counts, and if not, why."""
    others = few(found.superseded_by)
    return {
        Standing.COUNTS: "it counts",
        Standing.IN_PART: f"a part of it counts; {others} supersedes the rest",
        Standing.SUPERSEDED: f"superseded by {others}",
        Standing.WITHDRAWN: "withdrawn",
        Standing.REPEAT: f"all of it was there already, in {few(found.repeats)}",
    }[found.standing]


def _show_files(delivery: Delivered) -> None:
    heads = [
        Head("File"),
        Head("Lines", number=True),
        Head("Bytes", number=True),
        Head("SHA-256", whole=True),
    ]
    rows = [
        (each.name, _count(each.lines), _count(each.size), each.sha256 or "")
        for each in delivery.files
    ]
    put(table(heads, rows[:ROWS_SHOWN]))
    _say_more(len(rows))
    if delivery.outcome == "sums":
        say("An older program took them and kept sums of their lines; each sum is a line here.")
        say()


def _count(count: int | None) -> str:
    return "" if count is None else f"{count:,}"


def _show_parts(found: Inventoried) -> None:
    if not found.parts:
        return
    heads = [
        Head("Source"),
        Head("Period", whole=True),
        Head("Lines", number=True),
        Head("Billed", number=True),
        Head("Effective", number=True),
        Head("Currency"),
        Head("Standing"),
    ]
    taken_back = found.delivery.standing is Standing.WITHDRAWN
    rows = [
        (
            each.source,
            span(each.period),
            f"{each.lines:,}",
            _amount(each.billed),
            _amount(each.effective),
            each.currency,
            _part_standing(each, taken_back=taken_back),
        )
        for each in found.parts[:ROWS_SHOWN]
    ]
    put(table(heads, rows))
    _say_more(len(found.parts))
    brought = sum(each.lines for each in found.parts)
    if brought < found.delivery.lines:
        less = found.delivery.lines - brought
        say(f"{several(less, 'line')} of the files counted already, by another delivery.")
        say()


def _part_standing(part: Part, *, taken_back: bool) -> str:
    if taken_back:
        return "withdrawn"
    if part.counts and not part.lines:
        return "declared to have none"
    counts = "counts, beside others" if part.mode == "add" else "counts"
    return counts if part.counts else f"superseded by {part.superseded_by}"


def _show_history(history: Sequence[Event]) -> None:
    for each in history:
        reason = f": {shown_name(each.reason)}" if each.reason else ""
        say(f"{each.at:%Y-%m-%d %H:%M:%S} UTC {_DONE[each.kind]}{reason}")
    if history:
        say()


def _say_more(count: int) -> None:
    if count > ROWS_SHOWN:
        say(f"... and {count - ROWS_SHOWN:,} more; --json gives them all.")


def show_changed(
    kind: str,
    delivery: str,
    recorded: Recorded,
    outdated: Sequence[Run],
    suggestions: Suggestions,
) -> None:
    """What a withdrawal or a restoration moved, and which runs it left behind."""
    counts = "counts again" if kind == "restoration" else "counts no more"
    say(f"Delivery {delivery} {counts}; {kind} {recorded.ingest_id} is recorded.")
    replaced = f" in place of {recorded.replaced_rows:,}" if recorded.replaced_rows else ""
    say(f"Of its days there are {several(recorded.rows, 'row')} of costs now{replaced}.")
    say()
    show_moved(recorded.moved)
    show_moved_costs(recorded.moved_costs)
    commands = [suggestions.command(*words_of(run)) for run in outdated[:COMMANDS_SHOWN]]
    if outdated:
        named = few([run.run_id for run in outdated])
        said = "Runs answer" if len(outdated) > 1 else "A run answers"
        say(f"{said} for these days with the figures of before: {named}.")
    elif recorded.days[0] is not None:
        first, last = map(str, recorded.days)
        commands = [suggestions.command("run", "--from", first, "--to", last)]
    if commands:
        say()
        say_next(*commands)
