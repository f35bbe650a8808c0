"""Allowances for people and programs."""

import sys
from collections.abc import Sequence
from typing import Any

from apportion.cli.csv_output import write_csv
from apportion.cli.output import heading, put, put_json, say, say_next
from apportion.cli.suggestions import Suggestions
from apportion.cli.tables import Head, table
from apportion.model import Allowance, Model
from apportion.rating.allowance import Resolved
from apportion.rating.calendar import financial_year
from apportion.report.allowance_origin import origin_said
from apportion.report.usage_questions import named


def put_json_rows(model: Model, account: str, year: int, found: Sequence[Resolved]) -> None:
    """An object with an allowance for each channel."""
    put_json(
        {
            "account": account,
            "year": year,
            "allowances": [_resolved(model, each) for each in found],
        }
    )


def _resolved(model: Model, each: Resolved) -> dict[str, Any]:
    return {
        "channel": each.channel,
        "unit": model.channel_index[each.channel].unit,
        "units": each.units,
        "is_default": each.is_default,
        "origin": str(each.origin),
    }


def put_csv(model: Model, found: Sequence[Resolved]) -> None:
    """A row for each channel."""
    names = ("account", "year", "channel", "unit", "units", "is_default", "origin")
    rows = []
    for each in found:
        data = _resolved(model, each)
        data["is_default"] = str(each.is_default).lower()
        rows.append([each.account, each.year, *data.values()])
    write_csv(sys.stdout, names, rows)


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


def put_json_changed(model: Model, before: Resolved, changed: Sequence[Allowance]) -> None:
    """What it was, and every year that changed."""
    put_json(
        {
            "account": before.account,
            "channel": before.channel,
            "before": _resolved(model, before),
            "changed": [
                {"year": each.year, "units": each.units, "custom": each.custom} for each in changed
            ],
        }
    )


def put_csv_changed(model: Model, changed: Sequence[Allowance]) -> None:
    """A row for each year that changed."""
    rows = [
        [
            each.account,
            each.year,
            each.channel,
            model.channel_index[each.channel].unit,
            each.units,
            str(each.custom).lower(),
        ]
        for each in changed
    ]
    write_csv(sys.stdout, ("account", "year", "channel", "unit", "units", "custom"), rows)


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
