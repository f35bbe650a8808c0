"""Charges beside cost, for people and programs."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from apportion.cli.output import heading, put, say, say_next
from apportion.cli.suggestions import Suggestions
from apportion.cli.tables import Head, table
from apportion.report.figures import Figures, without_separators
from apportion.report.margin import SCALE, By, Margin, MarginLine

_TITLES = {By.PRODUCT: "Product", By.ACCOUNT: "Account", By.ORGANISATION: "Organisation"}


LINES_SHOWN = 1_000
"""Lines that are laid out for people: nobody reads more, and a hundred thousand take minutes."""


def show(found: Margin, company: str, suggestions: Suggestions) -> None:
    """The lines with their total, and who stands outside of the comparison."""
    heading(f"{company}, {found.start} to {found.end}, in {found.currency}")
    say()
    if not found.lines:
        say("There is neither an account nor a product with cost.")
        return
    heads = [
        Head(_TITLES[found.by]),
        Head("Charges", number=True),
        Head("Cost", number=True),
        Head("Margin", number=True),
        Head("Units", number=True),
        Head("Cost a unit", number=True),
        Head("Rate", number=True),
    ]
    rows = [(_label(line, found.by), *_figures(line)) for line in found.lines[:LINES_SHOWN]]
    hidden = found.lines[LINES_SHOWN:]
    if hidden:
        rows.append((f"{len(hidden):,} more", *_together(hidden), "", "", ""))
    put(table(heads, rows, ("Total", *_figures(found.total))))
    if hidden:
        say(
            f"{LINES_SHOWN:,} of {len(found.lines):,} lines are shown; --csv and --json give all "
            "to other programs."
        )
    say(
        "Margin is what is charged less what the products cost, with the infrastructure that "
        f"reached them; {_without_product(found)}. Rate is the price of a unit before any "
        "allowance."
    )
    if found.accounts_without_product:
        say(f"Accounts without a product, so without cost: {_ids(found.accounts_without_product)}.")
    if found.products_without_account:
        say(
            "Products without an account, so without charges: "
            f"{_ids(found.products_without_account)}."
        )
    say()
    period = ("--from", str(found.start), "--to", str(found.end))
    if found.by is By.PRODUCT:
        say_next(suggestions.command("show", "margin", *period, "--by", str(By.ACCOUNT)))
    else:
        say_next(suggestions.command("usage", "platform", "accounts", *period))


def _together(lines: Sequence[MarginLine]) -> tuple[str, ...]:
    """What lines charge, cost and leave as shown, in all."""
    shown = [(line.charges_shown, line.cost_shown, line.margin_shown) for line in lines]
    return tuple(
        f"{sum(Decimal(without_separators(text)) for text in column):,}"
        for column in zip(*shown, strict=True)
    )


def _without_product(found: Margin) -> str:
    if not found.cost_without_product:
        return "no cost was left without one"
    figures = Figures(found.currency, SCALE)
    (shown,) = figures.texts([found.cost_without_product])
    return f"{shown} {found.currency} reached no product and is in no line"


def _figures(line: MarginLine) -> tuple[str, ...]:
    return (
        line.charges_shown,
        line.cost_shown,
        line.margin_shown,
        f"{line.chargeable_units:,}",
        *("" if each is None else _unit_price(each) for each in (line.unit_cost, line.rate)),
    )


_SIXTH = Decimal("0.000001")


def _unit_price(average: Decimal) -> str:
    """An average, so rounded: six decimals tell prices of a hundredth of a coin apart."""
    return format(average.quantize(_SIXTH, ROUND_HALF_UP), ",f")


def _label(line: MarginLine, by: By) -> str:
    if not line.id:
        return f"(no {by})"
    return line.name or line.id


_LISTED = 10


def _ids(ids: tuple[str, ...]) -> str:
    more = f" and {len(ids) - _LISTED:,} more" if len(ids) > _LISTED else ""
    return ", ".join(ids[:_LISTED]) + more
