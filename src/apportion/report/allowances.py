"""Allowances for programs: what is free, and what became of it when one was set."""

from collections.abc import Sequence
from typing import Any

from apportion.model import Allowance, Model
from apportion.rating.allowance import Resolved
from apportion.report.csv_text import Lines


def as_data(model: Model, account: str, year: int, found: Sequence[Resolved]) -> dict[str, Any]:
    """An account's year, with an allowance for each channel."""
    return {
        "account": account,
        "year": year,
        "allowances": [_resolved(model, each) for each in found],
    }


def _resolved(model: Model, each: Resolved) -> dict[str, Any]:
    return {
        "channel": each.channel,
        "unit": model.channel_index[each.channel].unit,
        "units": each.units,
        "is_default": each.is_default,
        "origin": str(each.origin),
    }


def flat(model: Model, found: Sequence[Resolved]) -> Lines:
    """A row for each channel."""
    names = ("account", "year", "channel", "unit", "units", "is_default", "origin")
    rows = []
    for each in found:
        data = _resolved(model, each)
        data["is_default"] = str(each.is_default).lower()
        rows.append([each.account, each.year, *data.values()])
    return names, rows


def changed_as_data(model: Model, before: Resolved, changed: Sequence[Allowance]) -> dict[str, Any]:
    """What it was, and every year that changed."""
    return {
        "account": before.account,
        "channel": before.channel,
        "before": _resolved(model, before),
        "changed": [
            {"year": each.year, "units": each.units, "custom": each.custom} for each in changed
        ],
    }


def changed_flat(model: Model, changed: Sequence[Allowance]) -> Lines:
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
    return ("account", "year", "channel", "unit", "units", "custom"), rows
