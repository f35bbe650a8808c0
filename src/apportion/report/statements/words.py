"""What every layout of a statement says in the same words."""

from calendar import month_name
from datetime import date

from apportion.rating.allowance import Origin
from apportion.report.usage_statement import StatementAllowance, UsageStatement

HOW = (
    "The first units of the financial year are free until the allowance is used up. Every later "
    "unit costs the rate of its day. Costs are exact before they are rounded for this statement, "
    "and the rounded costs add up to the total."
)
NOTHING = "Nothing was used in this period that is billed."


def period(statement: UsageStatement) -> str:
    """Which days a statement is of."""
    return f"{day(statement.first)} to {day(statement.last)}"


def day(of: date) -> str:
    """A day as people write it: ``1 April 2023``. The names of months do not follow the locale."""
    return f"{of.day} {month_name[of.month]} {of.year}"


def origin(statement: UsageStatement, allowance: StatementAllowance) -> str:
    """Why an allowance is what it is, for the customer."""
    year = statement.year
    return {
        Origin.OWN: f"Agreed for {year}",
        Origin.CARRIED: f"Agreed for {year - 1}, carried over",
        Origin.HIGH_VOLUME: f"None after the volume of {year - 1}",
        Origin.DEFAULT: "Standard for the type of organisation",
        Origin.OTHER: "Standard",
        Origin.NONE: "None",
    }[allowance.origin]


def facts(statement: UsageStatement) -> list[tuple[str, str]]:
    """Who is billed and under which references; what is not known is left out."""
    account = statement.account
    known = [
        ("Account", account.name or account.id),
        ("Account id", account.id if account.name else ""),
        ("Organisation", statement.organisation),
        ("Contact", account.contact_names),
        ("E-mail", account.contact_emails),
        ("Reference", account.reference),
        ("Purchase order", account.purchase_order),
        ("Period", period(statement)),
    ]
    return [(label, value) for label, value in known if value]


def counts(statement: UsageStatement) -> list[int | None]:
    """Sent, chargeable, free and charged units of all lines, or nothing for any of them.

    Units of different channels are not added.
    """
    lines = statement.lines
    if len({line.notification_type for line in lines}) > 1:
        return [None] * 4
    return [
        sum(line.notifications_sent for line in lines),
        sum(line.chargeable_units for line in lines),
        sum(line.free_allowance_used for line in lines),
        sum(line.charged_units for line in lines),
    ]
