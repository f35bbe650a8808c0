"""Charges beside cost: what each product, account or organisation leaves (`B19`).

A product's cost is what it keeps of holistic cost. Where several accounts belong to it, they bear
its cost in proportion to what their units would cost without allowances; where nothing would, to
what they sent; where they sent nothing, equally. The parts sum to the whole.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

import duckdb

from apportion.amounts import decimal_text, split
from apportion.amounts.split import round_half_away
from apportion.amounts.units import RATE_DECIMALS
from apportion.findings import Finding, Place, UsageError
from apportion.model import Model
from apportion.model.spelling import one_of
from apportion.rating.views.asking import billed_channels, require_period
from apportion.report.csv_text import Lines
from apportion.report.figures import Figures, to_units
from apportion.report.invoiced import coins_by, invoiced
from apportion.tables import every_day

SCALE = RATE_DECIMALS
"""Decimals of charges and costs, and of what a unit costs."""


class By(StrEnum):
    """What a line of margin stands for."""

    PRODUCT = "product"
    ACCOUNT = "account"
    ORGANISATION = "organisation"


@dataclass(frozen=True, slots=True)
class MarginLine:
    """What one product, account or organisation brings in, costs and leaves.

    ``id`` is empty for accounts without a product, and for what belongs to no organisation or
    account. ``unit_cost`` and ``rate`` are the cost of a chargeable unit of billed channels and
    its price without allowance, on average; none where there were no units, and no cost where there
    is no product. The shown texts are
    rounded such that the lines sum to the total, and cost and margin to charges.
    """

    id: str
    name: str
    accounts: tuple[str, ...]
    products: tuple[str, ...]
    charges: Decimal
    cost: Decimal
    margin: Decimal
    chargeable_units: int
    unit_cost: Decimal | None
    rate: Decimal | None
    charges_shown: str
    cost_shown: str
    margin_shown: str


@dataclass(frozen=True, slots=True)
class Margin:
    """The lines in order of id, and their total.

    ``accounts_without_product`` and ``products_without_account`` are ids; both are in the lines.
    ``cost_without_product`` is what stayed on infrastructure, and is in no line.
    ``gaps`` are stretches of days whose cost no run has computed: neither it nor what was charged
    on these days is in the figures.
    """

    start: date
    end: date
    currency: str
    by: By
    lines: tuple[MarginLine, ...]
    total: MarginLine
    accounts_without_product: tuple[str, ...]
    products_without_account: tuple[str, ...]
    cost_without_product: Decimal
    gaps: tuple[tuple[date, date], ...] = ()


@dataclass(slots=True)
class _Sum:
    """What gathers under one line; money in units of 10^-SCALE."""

    name: str = ""
    accounts: set[str] = field(default_factory=set)
    products: set[str] = field(default_factory=set)
    charges: int = 0
    cost: int = 0
    units: int = 0
    priced: int = 0
    sent: int = 0
    charges_shown: int = 0
    cost_shown: int = 0

    def add(self, other: "_Sum") -> None:
        self.accounts |= other.accounts
        self.products |= other.products
        self.charges += other.charges
        self.cost += other.cost
        self.units += other.units
        self.priced += other.priced
        self.sent += other.sent
        self.charges_shown += other.charges_shown
        self.cost_shown += other.cost_shown


_CHARGED = """
    SELECT account, sum(cost)::DECIMAL(38, 12),
           coalesce(sum(chargeable_units) FILTER (WHERE list_contains(?::VARCHAR[], channel)), 0)
               ::BIGINT,
           sum(chargeable_units::DECIMAL(19, 0) * rate)::DECIMAL(38, 12),
           sum(notifications_sent)::BIGINT
    FROM charges WHERE date BETWEEN ? AND ? AND NOT list_contains(?::DATE[], date)
    GROUP BY account
"""
_KEPT = """
    SELECT node, sum(retained) FROM allocations WHERE date BETWEEN ? AND ? GROUP BY node
"""


def margin(
    connection: duckdb.DuckDBPyConnection,
    model: Model,
    start: date,
    end: date,
    by: By | str = By.PRODUCT,
    currency: str = "",
    gaps: Sequence[tuple[date, date]] = (),
    *,
    costs: duckdb.DuckDBPyConnection | None = None,
) -> Margin:
    """Charges and cost of a period, both ends included, and what is left.

    The connection has the view ``charges``, and it or ``costs`` has ``allocations``, both in
    ``currency``. Raises ``UsageError`` (``invalid_argument``).
    """
    require_period(start, end)
    by = _by(by)
    currency = currency or model.settings.currency
    uncovered = [day for stretch in gaps for day in every_day(*stretch)]
    accounts = _charged(connection, model, start, end, uncovered)
    products, without_product = _kept(costs or connection, model, start, end)
    for account in accounts.values():
        for product in account.products:
            products.setdefault(product, 0)
    _bear(accounts, products)
    taken = {product for account in accounts.values() for product in account.products}
    alone = {
        product: _Sum(products={product}, cost=cost)
        for product, cost in products.items()
        if product not in taken
    }
    figures = Figures(currency, SCALE)
    _round(connection, model, start, end, uncovered, accounts, alone, figures)
    sums = _gathered(model, by, accounts, alone)
    return Margin(
        start,
        end,
        currency,
        by,
        *_lines(sums, figures),
        tuple(sorted(name for name, each in accounts.items() if not each.products)),
        tuple(sorted(alone)),
        _amounts([without_product])[0],
    )


def _by(word: By | str) -> By:
    if word not in list(By):
        message = f"There is no margin by {word!r}."
        remedy = f"It is by {one_of(By)}."
        raise UsageError([Finding("invalid_argument", message, Place("<question>"), remedy)])
    return By(word)


def _charged(
    connection: duckdb.DuckDBPyConnection,
    model: Model,
    start: date,
    end: date,
    uncovered: Sequence[date],
) -> dict[str, _Sum]:
    """Every declared account, and those that only the ledger knows."""
    found = {
        account.id: _Sum(
            name=account.name,
            accounts={account.id},
            products={account.product} if account.product else set(),
        )
        for account in model.account_index.values()
    }
    given = [billed_channels(model), start, end, uncovered]
    for name, charges, units, priced, sent in connection.execute(_CHARGED, given).fetchall():
        account = found.setdefault(name, _Sum(accounts={name}))
        account.charges, account.units = to_units(charges, SCALE), units
        account.priced, account.sent = to_units(priced, SCALE), sent
    return found


def _round(
    connection: duckdb.DuckDBPyConnection,
    model: Model,
    start: date,
    end: date,
    uncovered: Sequence[date],
    accounts: dict[str, _Sum],
    alone: dict[str, _Sum],
    figures: Figures,
) -> None:
    """Round charges as invoices have them, and costs together, once for whatever lines stand for.

    So a line has the same text by account and by organisation, where it is of the same accounts.
    """
    coins = coins_by(invoiced(connection, model, start, end, uncovered=uncovered), ["account"])
    parts = [*sorted(accounts.items()), *sorted(alone.items())]
    costs = figures.rounded(_amounts(each.cost for _, each in parts))
    for (name, each), cost in zip(parts, costs, strict=True):
        each.charges_shown = coins.get((name,), 0) if each.accounts else 0
        each.cost_shown = cost


def _kept(
    connection: duckdb.DuckDBPyConnection, model: Model, start: date, end: date
) -> tuple[dict[str, int], int]:
    """What each product kept, and what all other nodes did."""
    kept = {
        node: to_units(amount, SCALE)
        for node, amount in connection.execute(_KEPT, [start, end]).fetchall()
        if amount
    }
    of_products = {
        node: units
        for node, units in kept.items()
        if node in model.index and not model.node(node).is_infrastructure
    }
    return of_products, sum(kept.values()) - sum(of_products.values())


def _bear(accounts: dict[str, _Sum], products: dict[str, int]) -> None:
    """Let the accounts of a product bear its cost, in order of id."""
    sharing: dict[str, list[_Sum]] = {}
    for _, account in sorted(accounts.items()):
        for product in account.products:
            sharing.setdefault(product, []).append(account)
    for product, members in sharing.items():
        weights = [each.priced for each in members]
        if not any(weights):
            weights = [each.sent for each in members]
        if not any(weights):
            weights = [1] * len(members)
        parts = split(products[product], weights)
        for account, part in zip(members, parts, strict=False):
            account.cost += part


def _gathered(
    model: Model, by: By, accounts: dict[str, _Sum], alone: dict[str, _Sum]
) -> dict[str, _Sum]:
    sums: dict[str, _Sum] = {}

    def add(key: str, name: str, part: _Sum) -> None:
        sums.setdefault(key, _Sum(name=name)).add(part)

    for account_id, part in accounts.items():
        account = model.account_index.get(account_id)
        if by is By.ACCOUNT:
            add(account_id, part.name, part)
        elif by is By.ORGANISATION:
            owner = account.organisation if account else ""
            known = model.organisation_index.get(owner)
            add(owner, known.name if known else "", part)
        else:
            product = next(iter(part.products), "")
            add(product, _name(model, product), part)
    for product, part in alone.items():
        if by is By.PRODUCT:
            add(product, _name(model, product), part)
        else:
            add("", "", part)
    return sums


def _name(model: Model, node: str) -> str:
    return model.node(node).name if node in model.index else ""


def _lines(sums: dict[str, _Sum], figures: Figures) -> tuple[tuple[MarginLine, ...], MarginLine]:
    ordered = sorted(sums.items())
    whole = _Sum(name="Total")
    for _, each in ordered:
        whole.add(each)
    lines = tuple(_line(key, each, figures) for key, each in ordered)
    return lines, _line("", whole, figures)


def _line(key: str, each: _Sum, figures: Figures) -> MarginLine:
    charges, spent = _amounts((each.charges, each.cost))
    return MarginLine(
        id=key,
        name=each.name,
        accounts=tuple(sorted(each.accounts)),
        products=tuple(sorted(each.products)),
        charges=charges,
        cost=spent,
        margin=charges - spent,
        chargeable_units=each.units,
        unit_cost=_by_unit(each.cost, each.units) if each.products else None,
        rate=_by_unit(each.priced, each.units),
        charges_shown=figures.text(each.charges_shown),
        cost_shown=figures.text(each.cost_shown),
        # Rounded apart, what is left would not be what the row says it is.
        margin_shown=figures.text(each.charges_shown - each.cost_shown),
    )


def _amounts(units: Iterable[int]) -> Sequence[Decimal]:
    return [Decimal(decimal_text(each, SCALE)) for each in units]


def _by_unit(money: int, units: int) -> Decimal | None:
    if not units:
        return None
    exact = Fraction(money, units)
    return Decimal(decimal_text(round_half_away(exact.numerator, exact.denominator), SCALE))


def as_data(found: Margin) -> dict[str, Any]:
    """All figures exactly, without what is rounded for people."""
    return {
        "start_date": found.start,
        "end_date": found.end,
        "currency": found.currency,
        "by": str(found.by),
        "lines": [{"id": line.id, "name": line.name, **_exact(line)} for line in found.lines],
        "total": _exact(found.total),
        "accounts_without_product": found.accounts_without_product,
        "products_without_account": found.products_without_account,
        "cost_without_product": found.cost_without_product,
        "days_without_run": [{"from": first, "to": last} for first, last in found.gaps],
    }


def _exact(line: MarginLine) -> dict[str, Any]:
    return {
        "accounts": line.accounts,
        "products": line.products,
        "charges": line.charges,
        "holistic_cost": line.cost,
        "margin": line.margin,
        "chargeable_units": line.chargeable_units,
        "unit_cost": line.unit_cost,
        "rate": line.rate,
    }


def flat(found: Margin) -> Lines:
    """The lines; those without id hold what belongs to no product or account."""
    rows = []
    for line in found.lines:
        exact = _exact(line)
        for name in ("accounts", "products"):
            exact[name] = ";".join(exact[name])
        rows.append([line.id, line.name, *exact.values(), found.currency])
    names = ["id", "name", *_exact(found.total), "currency"]
    return names, rows
