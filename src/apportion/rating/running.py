"""The one expression that rates: every row's share of the allowance, and its cost (`B7`-`B9`).

It is an Ibis expression over tables that ``plan`` names, so that every engine that Ibis speaks to
gives the same rows. What tells rows apart comes as numbers in the order of names and days: the
order in which the allowance is used is then that of one whole number a row. Names, rates and
allowances are joined again once the rows have been gone through, which are many and should be slim
while they are sorted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir

USAGE = "billable_usage"
ACCOUNTS = "rating_accounts"
DAYS = "rating_days"
PROVIDERS = "rating_providers"
TEMPLATES = "rating_templates"
METERS = "rating_meters"

_USAGE = {
    "date": "date",
    "account": "string",
    "channel": "string",
    "provider": "string",
    "rate_multiplier": "int64",
    "international": "boolean",
    "template": "string",
    "billable_units": "int64",
    "notifications_sent": "int64",
}
_DAYS = {
    "channel": "string",
    "date": "date",
    "day": "int64",
    "channel_number": "int64",
    "year_number": "int64",
    "billed": "boolean",
    "year": "int64",
    "period": "int64",
    "rate": "decimal(21, 12)",
}
_METERS = {"meter": "int64", "account": "string", "allowance": "int64"}
_CARRIED = (
    "provider",
    "rate_multiplier",
    "international",
    "template",
    "billable_units",
    "notifications_sent",
)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many of each there are, so that several numbers can be one.

    ``meters`` counts what may have an allowance of its own, ``days`` days of channels, ``years``
    the financial years from the first to the last with usage; ``multipliers`` is one more than the
    largest rate multiplier. ``keys_repeat`` where an account can have rows under former ids, too.
    """

    meters: int
    channels: int
    years: int
    days: int
    providers: int
    multipliers: int
    templates: int
    keys_repeat: bool = False

    @property
    def fit_one_number(self) -> bool:
        """Whether a day and all that orders its rows are one number of 64 bits."""
        return self.days * self.providers * self.multipliers * 2 * self.templates < 2**63

    @property
    def are_small(self) -> bool:
        """Whether the numbers, and what is made of them, fit in 32 bits, which sort quicker."""
        place = self.days * self.providers * self.multipliers
        return max(self.meters, place, 2 * self.templates) < 2**31


def rated_rows(sizes: Sizes, extra: tuple[str, ...] = ()) -> "ir.Table":
    """Rated rows: the usage with the columns of ``charges.RATED``.

    ``extra`` are further columns of whole numbers that the usage has and the rows keep.
    """
    # Takes half a second, which only those who rate should pay.
    import ibis  # noqa: PLC0415

    numbered = _numbered(sizes, extra)
    order = [numbered["place"]] if sizes.fit_one_number else [numbered["place"], numbered["within"]]
    if sizes.keys_repeat:
        order += [numbered["billable_units"], numbered["notifications_sent"]]
    # By row and not by range: rows of one day must not share one remainder.
    by_row = ibis.window(group_by=numbered["meter"], order_by=order, preceding=(None, 1))
    running = numbered.select(
        "meter",
        "day",
        "chargeable_units",
        *_CARRIED,
        *extra,
        used=numbered["chargeable_units"].sum().over(by_row),
    )
    days = ibis.table(_DAYS, name=DAYS).select("day", "channel", "date", "year", "period", "rate")
    rows = running.join(ibis.table(_METERS, name=METERS), "meter").join(days, "day")
    used = rows["used"].fill_null(0)
    # Engines sum whole numbers into wider ones, which would make the cost a float in some.
    spent = ibis.least(used, rows["allowance"]).cast("decimal(38, 0)").cast("int64")
    rows = rows.mutate(remaining_before=rows["allowance"] - spent)
    free = ibis.least(rows["remaining_before"], rows["chargeable_units"])
    rows = rows.mutate(
        free_allowance_used=free,
        charged_units=rows["chargeable_units"] - free,
        remaining_after=rows["remaining_before"] - free,
    )
    # The product is exact: whoever has more than 38 digits of cost is left out before (`failures`).
    rows = rows.mutate(cost=(rows["charged_units"] * rows["rate"]).cast("decimal(38, 12)"))
    return rows.select(
        *_USAGE,
        "rate",
        "chargeable_units",
        "remaining_before",
        "free_allowance_used",
        "charged_units",
        "cost",
        "year",
        "period",
        "allowance",
        "remaining_after",
        *extra,
    )


def units_used(sizes: Sizes) -> "ir.Table":
    """Chargeable units of each meter, for those that have rows."""
    numbered = _numbered(sizes, ())
    return numbered.group_by("meter").aggregate(units=numbered["chargeable_units"].sum())


def _numbered(sizes: Sizes, extra: tuple[str, ...]) -> "ir.Table":
    """The usage with its meter, its place in the order of use, and its chargeable units."""
    import ibis  # noqa: PLC0415

    usage = ibis.table({**_USAGE, **dict.fromkeys(extra, "int64")}, name=USAGE)
    accounts = ibis.table({"account": "string", "account_number": "int64"}, name=ACCOUNTS)
    days = ibis.table(_DAYS, name=DAYS).select(
        "channel", "date", "day", "channel_number", "year_number", "billed"
    )
    rows = usage.join(accounts, "account").join(days, ["channel", "date"])
    rows, provider = _number(rows, "provider", PROVIDERS, sizes.providers)
    rows, template = _number(rows, "template", TEMPLATES, sizes.templates)
    meter = rows["account_number"] * sizes.channels + rows["channel_number"]
    place = (rows["day"] * sizes.providers + provider(rows)) * sizes.multipliers
    place += rows["rate_multiplier"]
    # Not a cast, which some engines refuse.
    abroad = ibis.ifelse(rows["international"], 1, 0)
    within = abroad * sizes.templates + template(rows)
    if sizes.fit_one_number:
        place = place * 2 * sizes.templates + within
    multiplier = ibis.ifelse(rows["billed"], rows["rate_multiplier"], 1)
    return rows.select(
        "day",
        *_CARRIED,
        *extra,
        meter=meter * sizes.years + rows["year_number"],
        place=place,
        within=within,
        chargeable_units=rows["billable_units"] * multiplier,
    )


def _number(
    rows: "ir.Table", column: str, table: str, count: int
) -> "tuple[ir.Table, Callable[[ir.Table], ir.IntegerValue]]":
    """The rows with the numbers of a column's names; where there is one name, nothing is joined."""
    import ibis  # noqa: PLC0415

    number = f"{column}_number"
    if count <= 1:
        return rows, lambda _: ibis.literal(0)
    names = ibis.table({column: "string", number: "int64"}, name=table)
    return rows.join(names, column), lambda joined: joined[number]
