"""Usage billing as one would do it by hand: a loop over rows in Fractions. Imports nothing of ours.

A model is the dictionary that ``Model.from_dict`` takes, with dates as dates; a row of usage is a
dictionary with the columns of the contract.
"""

from collections import defaultdict
from datetime import date
from fractions import Fraction
from typing import Any

Row = dict[str, Any]
KEY = (
    "date",
    "account",
    "channel",
    "provider",
    "rate_multiplier",
    "international",
    "template",
)
FIGURES = (
    "notifications_sent",
    "chargeable_units",
    "free_allowance_used",
    "charged_units",
    "cost",
)


def start_of(model: Row) -> tuple[int, int]:
    text = model.get("financial_year_start", "04-01")
    return int(text[:2]), int(text[3:])


def year_of(model: Row, day: date) -> int:
    return day.year if day >= date(day.year, *start_of(model)) else day.year - 1


def month_starts(model: Row, year: int) -> list[date]:
    """The first days of a year's months; a month too short for the day begins on its last."""
    first_month, day = start_of(model)
    starts = []
    for step in range(12):
        month = first_month + step
        of_year, of_month = (year, month) if month <= 12 else (year + 1, month - 12)
        try_day = day
        while True:
            try:
                starts.append(date(of_year, of_month, try_day))
                break
            except ValueError:
                try_day -= 1
    return starts


def period_of(model: Row, day: date) -> int:
    return sum(start <= day for start in month_starts(model, year_of(model, day)))


def type_of(model: Row, account: str) -> str:
    for known in model["accounts"]:
        if known["id"] == account:
            return known.get("organisation_type") or "other"
    raise KeyError(account)


def allowance(model: Row, account: str, channel: str, year: int, used_before: int) -> int:
    own = {
        each["year"]: each
        for each in model.get("allowances", [])
        if each["account"] == account and each["channel"] == channel
    }
    if year in own:
        return own[year]["units"]
    if year - 1 in own and own[year - 1].get("custom"):
        return own[year - 1]["units"]
    if "high_volume_threshold" in model and used_before > model["high_volume_threshold"]:
        return 0
    for kind in (type_of(model, account), "other"):
        best = None
        for each in model.get("default_allowances", []):
            if each["channel"] != channel or each["organisation_type"] != kind:
                continue
            if each["valid_from_year"] > year:
                continue
            if best is None or each["valid_from_year"] > best["valid_from_year"]:
                best = each
        if best is not None:
            return best["units"]
    return 0


def rate_on(model: Row, channel: str, day: date) -> Fraction | None:
    found = None
    for each in sorted(model["rates"], key=lambda rate: rate["valid_from"]):
        if each["channel"] == channel and each["valid_from"] <= day:
            found = Fraction(each["rate"])
    return found


def latest_rows(rows: list[Row]) -> list[Row]:
    """Of rows with one key the last, at the place where it stood."""
    last = {tuple(row[key] for key in KEY): number for number, row in enumerate(rows)}
    return [row for number, row in enumerate(rows) if number in set(last.values())]


def rate_rows(model: Row, rows: list[Row]) -> list[Row]:
    """The rows with what they cost and why, in their order."""
    billed = {each["id"]: each.get("billed", True) for each in model["channels"]}
    rows = [dict(row) for row in latest_rows(rows)]
    for row in rows:
        row["year"] = year_of(model, row["date"])
        row["period"] = period_of(model, row["date"])
        times = row["rate_multiplier"] if billed[row["channel"]] else 1
        row["chargeable_units"] = row["billable_units"] * times
    meters = defaultdict(list)
    for row in rows:
        meters[row["account"], row["channel"], row["year"]].append(row)
    for (account, channel, year), of_meter in meters.items():
        before = sum(
            row["chargeable_units"] for row in meters.get((account, channel, year - 1), [])
        )
        whole = allowance(model, account, channel, year, before)
        left = whole
        order = ("date", "provider", "rate_multiplier", "international", "template")
        for row in sorted(of_meter, key=lambda each: tuple(each[key] for key in order)):
            row["rate"] = Fraction(0)
            if billed[channel]:
                found = rate_on(model, channel, row["date"])
                if found is None and row["chargeable_units"]:
                    raise LookupError(channel, row["date"])
                row["rate"] = found or Fraction(0)
            row["allowance"] = whole
            row["remaining_before"] = left
            row["free_allowance_used"] = min(left, row["chargeable_units"])
            left -= row["free_allowance_used"]
            row["remaining_after"] = left
            row["charged_units"] = row["chargeable_units"] - row["free_allowance_used"]
            row["cost"] = row["charged_units"] * row["rate"]
    return rows


def summed(rows: list[Row], keys: tuple[str, ...]) -> dict[tuple[Any, ...], Row]:
    """The figures of rows, summed over what they have in common."""
    sums: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        figures = sums.setdefault(tuple(row[key] for key in keys), dict.fromkeys(FIGURES, 0))
        for figure in FIGURES:
            figures[figure] += row[figure]
    return dict(sorted(sums.items()))
