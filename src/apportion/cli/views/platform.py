"""The demo's second example: what a platform charged beside what it cost, and one account of it."""

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from apportion.cli.names import shown_name
from apportion.cli.output import heading, put, say
from apportion.cli.tables import Head, bar, table
from apportion.model import Model
from apportion.report.margin import Margin, MarginLine
from apportion.report.usage_statement import StatementAllowance, UsageStatement

_PRICE = Decimal("0.0001")
_BAR = 16


@dataclass(frozen=True, slots=True)
class PlatformYear:
    """The platform's folder and model, its margin of a year, and an account's statement of it.

    ``rows`` is how many rows of usage were rated.
    """

    folder: Path
    model: Model
    margin: Margin
    statement: UsageStatement
    rows: int


def as_data(year: PlatformYear) -> dict[str, Any]:
    """The figures for programs."""
    return {
        "folder": str(year.folder),
        "rows": year.rows,
        "margin": asdict(year.margin),
        "statement": asdict(year.statement),
    }


def show(year: PlatformYear) -> None:
    """Say what the platform is, what it charged and cost, and what one account owes."""
    _introduce(year.model, year.rows)
    _show_margin(year.margin)
    _show_statement(year.statement)
    _invite(year)


def _introduce(model: Model, rows: int) -> None:
    say()
    heading("A second example: charges beside cost")
    say(
        f"{model.settings.name} is an invented platform that sends text messages and e-mail for "
        f"{len(model.accounts)} services of {len(model.organisations)} public bodies. {rows:,} "
        "rows of what they sent in two years are in a ledger of its own. Each was rated: the "
        "earliest units of a year are free, all others cost what the rate of their day says. The "
        "same rows split the platform's bills among its products."
    )
    say()


def _show_margin(margin: Margin) -> None:
    heading(f"Margin, {margin.start} to {margin.end}, in {margin.currency}")
    say()
    lines = sorted(margin.lines, key=lambda line: (-line.charges, line.id))
    heads = [Head("Product"), *(Head(title, number=True) for title in _MARGIN_TITLES)]
    put(table(heads, (_margin_row(line) for line in lines), _margin_row(margin.total)))
    for point in _margin_points(margin):
        say(f"- {point}", hang="  ")
    say()


_MARGIN_TITLES = ("Charges", "Cost", "Margin", "Cost a unit", "Rate")


def _margin_row(line: MarginLine) -> tuple[str, ...]:
    name = line.name or "(no product)"
    prices = (_price(line.unit_cost), _price(line.rate))
    return (name, line.charges_shown, line.cost_shown, line.margin_shown, *prices)


def _price(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount.quantize(_PRICE, ROUND_HALF_EVEN)}"


def _margin_points(margin: Margin) -> Iterator[str]:
    products = [line for line in margin.lines if line.id and line.accounts]
    paying = [line for line in products if line.margin >= 0]
    whole = "more" if margin.total.margin < 0 else "less"
    yield (
        f"{len(paying)} of {len(products)} products bring in what they cost. The platform as a "
        f"whole cost {whole} than it charged."
    )
    unbilled = [line.name or line.id for line in margin.lines if line.id and not line.accounts]
    if unbilled:
        yield f"Nobody is billed for {_listed(unbilled)}; the cost is shown all the same."
    if margin.accounts_without_product:
        yield (
            f"{_listed(margin.accounts_without_product)} belong to no product: what they are "
            "charged is shown, and no cost stands against it."
        )


def _show_statement(statement: UsageStatement) -> None:
    account = statement.account
    heading(f"{account.name} ({statement.organisation}), financial year {statement.year}")
    say()
    free = statement.allowances[0]
    heads = [Head("Month"), *(Head(title, number=True) for title in _STATEMENT_TITLES), Head("")]
    put(table(heads, _statement_rows(statement, free), _statement_total(statement, free)))
    say(
        f"{free.units:,} {free.unit}s are free in this year. The bars show how much of that was "
        "left at the end of each month."
    )
    say()


_STATEMENT_TITLES = ("Sent", "Fragments", "Free", "Charged", "Rate", "Cost", "Free ones left")


def _statement_rows(
    statement: UsageStatement, free: StatementAllowance
) -> Iterable[tuple[str, ...]]:
    left = free.units - free.used_before
    for line in statement.lines:
        left -= line.free_allowance_used
        yield (
            line.month,
            f"{line.notifications_sent:,}",
            f"{line.chargeable_units:,}",
            f"{line.free_allowance_used:,}",
            f"{line.charged_units:,}",
            _price(line.rate),
            line.cost_shown,
            f"{left:,}",
            bar(Fraction(left, free.units), _BAR) if free.units else "",
        )


def _statement_total(statement: UsageStatement, free: StatementAllowance) -> tuple[str, ...]:
    lines = statement.lines
    return (
        "Total",
        f"{sum(line.notifications_sent for line in lines):,}",
        f"{sum(line.chargeable_units for line in lines):,}",
        f"{sum(line.free_allowance_used for line in lines):,}",
        f"{sum(line.charged_units for line in lines):,}",
        "",
        statement.total_shown,
        f"{free.remaining:,}",
        "",
    )


def _invite(year: PlatformYear) -> None:
    heading("Where to look next")
    say(f"cd {shown_name(shlex.quote(str(year.folder)))}", "  ")
    for command in commands(year):
        say(shown_name(command), "  ")
    say(f"What there is to find: {shown_name(str(year.folder / 'README.md'))}")


def commands(year: PlatformYear) -> list[str]:
    """What to try in the second example's folder."""
    margin = year.margin
    dearest = max(margin.lines, key=lambda line: line.cost)
    period = f"--from {margin.start:%Y-%m} --to {margin.end:%Y-%m}"
    account, stated = shlex.quote(year.statement.account.id), year.statement.year
    return [
        f"apportion show margin {period}",
        f"apportion usage monthly {account} --year {stated}",
        f"apportion usage statement {account} --year {stated} --out statement.html",
        f"apportion show contributions --node {shlex.quote(dearest.id)} {period}",
    ]


def _listed(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
