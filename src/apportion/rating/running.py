"""The one expression that rates: every row's share of the allowance, and its cost (`B7`-`B9`).

It is an Ibis expression over tables that ``plan`` names, so that every engine that Ibis speaks to
gives the same rows. Accounts, channels, providers and templates come as numbers in the order of
their names: the order in which the allowance is used is then that of one whole number a row.
"""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from apportion.rating.calendar import FinancialYear

if TYPE_CHECKING:
    import ibis.expr.types as ir

USAGE = "billable_usage"
ACCOUNTS = "rating_accounts"
CHANNELS = "rating_channels"
PROVIDERS = "rating_providers"
TEMPLATES = "rating_templates"
ALLOWANCES = "rating_allowances"
RATES = "rating_rates"

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


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many of each there are, so that several numbers can be one.

    ``multipliers`` is one more than the largest rate multiplier, ``first_year`` the earliest
    financial year of the usage and ``years`` how many there are from it to the latest.
    """

    channels: int
    providers: int
    templates: int
    multipliers: int
    first_year: int
    years: int

    @property
    def fit_one_number(self) -> bool:
        """Whether a day and all that orders its rows are one number of 64 bits."""
        days = date.max.toordinal()
        return days * self.providers * self.multipliers * 2 * self.templates < 2**63


def rated_rows(calendar: FinancialYear, sizes: Sizes, extra: tuple[str, ...] = ()) -> "ir.Table":
    """Rated rows: the usage with the columns of ``charges.RATED``.

    ``extra`` are further columns of whole numbers that the usage has and the rows keep.
    """
    # Takes half a second, which only those who rate should pay.
    import ibis  # noqa: PLC0415

    numbered = _numbered(calendar, sizes, extra)
    allowances = ibis.table({"meter": "int64", "allowance": "int64"}, name=ALLOWANCES)
    rates = ibis.table(
        {
            "channel_number": "int64",
            "valid_from": "date",
            "valid_before": "date",
            "rate": "decimal(18, 9)",
        },
        name=RATES,
    )
    rows = numbered.join(allowances, "meter").join(
        rates,
        [
            "channel_number",
            numbered["date"] >= rates["valid_from"],
            numbered["date"] < rates["valid_before"],
        ],
    )
    order = [rows["place"]] if sizes.fit_one_number else [rows["place"], rows["within"]]
    # By row and not by range: rows of one day must not share one remainder.
    by_row = ibis.window(group_by=rows["meter"], order_by=order, preceding=(None, 1))
    used = rows["chargeable_units"].sum().over(by_row).fill_null(0)
    # Engines sum whole numbers into wider ones, which would make the cost a float in some.
    spent = ibis.least(used, rows["allowance"]).cast("decimal(38, 0)").cast("int64")
    rows = rows.mutate(remaining_before=rows["allowance"] - spent)
    free = ibis.least(rows["remaining_before"], rows["chargeable_units"])
    rows = rows.mutate(
        free_allowance_used=free,
        charged_units=rows["chargeable_units"] - free,
        remaining_after=rows["remaining_before"] - free,
    )
    # A whole number of 19 digits times a decimal of 18 is exact in 38.
    rows = rows.mutate(cost=(rows["charged_units"] * rows["rate"]).cast("decimal(38, 9)"))
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


def units_used(calendar: FinancialYear, sizes: Sizes) -> "ir.Table":
    """Chargeable units of each meter, for those that have rows."""
    numbered = _numbered(calendar, sizes, ())
    return numbered.group_by("meter").aggregate(units=numbered["chargeable_units"].sum())


def _numbered(calendar: FinancialYear, sizes: Sizes, extra: tuple[str, ...]) -> "ir.Table":
    """The usage with its meter, its place in the order of use, and its chargeable units."""
    import ibis  # noqa: PLC0415

    usage = ibis.table({**_USAGE, **dict.fromkeys(extra, "int64")}, name=USAGE)
    channel_kind = {"channel": "string", "channel_number": "int64", "billed": "boolean"}
    channels = ibis.table(channel_kind, name=CHANNELS)
    accounts = ibis.table({"account": "string", "account_number": "int64"}, name=ACCOUNTS)
    rows = usage.join(accounts, "account").join(channels, "channel")
    provider: ir.IntegerValue = ibis.literal(0)
    template: ir.IntegerValue = ibis.literal(0)
    if sizes.providers > 1:
        providers = ibis.table({"provider": "string", "provider_number": "int64"}, name=PROVIDERS)
        rows = rows.join(providers, "provider")
        provider = rows["provider_number"]
    if sizes.templates > 1:
        templates = ibis.table({"template": "string", "template_number": "int64"}, name=TEMPLATES)
        rows = rows.join(templates, "template")
        provider = rows["provider_number"] if sizes.providers > 1 else provider
        template = rows["template_number"]
    year = calendar.year_column(rows["date"])
    meter = rows["account_number"] * sizes.channels + rows["channel_number"]
    day = rows["date"].delta(ibis.date(1, 1, 1), unit="day")
    place = day * sizes.providers + provider
    place = place * sizes.multipliers + rows["rate_multiplier"]
    within = rows["international"].cast("int64") * sizes.templates + template
    if sizes.fit_one_number:
        place = place * 2 * sizes.templates + within
    multiplier = ibis.ifelse(rows["billed"], rows["rate_multiplier"], 1)
    return rows.mutate(
        year=year.cast("int64"),
        period=calendar.period_column(rows["date"]).cast("int64"),
        meter=meter * sizes.years + (year - sizes.first_year),
        place=place,
        within=within,
        chargeable_units=rows["billable_units"] * multiplier,
    )
