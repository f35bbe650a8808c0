"""Allowances for people and programs."""

from collections.abc import Sequence

from apportion.cli.output import heading, put, say, say_next
from apportion.cli.suggestions import Suggestions
from apportion.cli.tables import Head, table
from apportion.model import Allowance, Model
from apportion.rating.allowance import Resolved
from apportion.rating.calendar import financial_year
from apportion.report.allowance_origin import origin_said
from apportion.report.usage_questions import named


def show(
    model: Model,
    account: str,
    year: int,
    found: Sequence[Resolved],
    suggestions: Suggestions,
) -> None:
    """What is free, and where that comes from."""
    heading(f"{_name(model, account)}, {_span(model, year)}")
    say()
    if not found:
        say("No channel is billed, so nothing needs to be free.")
        return
    heads = [Head("Channel"), Head("Free units", number=True), Head("Unit"), Head("Where from")]
    rows = [
        (
            each.channel,
            f"{each.units:,}",
            model.channel_index[each.channel].unit,
            _origin(model, each),
        )
        for each in found
    ]
    put(table(heads, rows))
    channel = ["--channel", found[0].channel] if len(found) > 1 else []
    asked = (account, "UNITS", "--year", str(year), *channel)
    say_next(suggestions.command("allowance", "set", *asked))


def show_changed(
    model: Model,
    before: Resolved,
    changed: Sequence[Allowance],
    suggestions: Suggestions,
    *,
    has_usage: bool,
) -> None:
    """Every year that changed."""
    first = changed[0]
    unit = model.channel_index[first.channel].unit
    what = f"{first.channel} ({unit})" if unit else first.channel
    years = ", ".join(str(each.year) for each in changed if each.units == first.units)
    say(
        f"{_name(model, first.account)} now has {first.units:,} free units of {what} in {years}. "
        f"Before, {before.units:,} were free in {before.year} ({_origin(model, before)})."
    )
    say(
        "It carries over to the year after."
        if first.custom
        else "It does not carry over to the year after."
    )
    say()
    if has_usage:
        say("Charges follow with the next rating.")
        say_next(suggestions.command("rate"))
    else:
        say_next(suggestions.command("ingest", "billable", "FILE"))


def _origin(model: Model, found: Resolved) -> str:
    said = origin_said(model, found.account, found.origin, found.year)
    return f"a default, {said}" if found.is_default else said


def _name(model: Model, account: str) -> str:
    return named(model.account_index[account].name, account)


def _span(model: Model, year: int) -> str:
    calendar = financial_year(model.settings)
    return f"{calendar.first(year)} to {calendar.last(year)}"
