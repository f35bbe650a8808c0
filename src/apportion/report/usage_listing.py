"""Answers about usage and charges as rows with totals, for people and programs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from apportion.amounts.units import RATE_DECIMALS
from apportion.report.column import Column, Kind
from apportion.report.csv_text import Lines
from apportion.report.figures import Figures

TYPE = "notification_type"
"""The column that names the channel."""


@dataclass(frozen=True, slots=True)
class UsageListing:
    """Rows that answer a question about usage, in the order in which they are to be read.

    ``asked`` says what was asked, for programs; ``title`` and ``meaning`` say it for people. Costs
    are exact decimals in ``currency``. ``not_billed`` are the channels that cost nothing, of which
    nothing is free or charged, whatever programs are given for it. Where costs are what accounts
    owe, ``coins`` gives those of the rows as invoices have them, in the smallest coin.
    """

    asked: Mapping[str, str | int]
    title: str
    meaning: str
    currency: str
    columns: tuple[Column, ...]
    rows: pa.Table
    not_billed: frozenset[str] = frozenset()
    coins: Callable[[], Sequence[int]] | None = None

    def totals(self) -> list[dict[str, int | str | Decimal]]:
        """What the rows sum to for each channel: units of different channels are never added."""
        summed = [column.name for column in self.columns if column.summed]
        grouped = self.rows.group_by(TYPE).aggregate([(name, "sum") for name in summed])
        named = grouped.rename_columns([TYPE, *summed]).sort_by(TYPE)
        found: list[dict[str, int | str | Decimal]] = named.to_pylist()
        return found

    @property
    def cost(self) -> Decimal | None:
        """What all rows cost together, or nothing where they have no cost."""
        if "cost" not in self.rows.column_names:
            return None
        total = pc.sum(self.rows["cost"]).as_py()
        return Decimal(0).scaleb(-RATE_DECIMALS) if total is None else total

    def costs_shown(self, limit: int | None = None) -> tuple[list[str], str]:
        """The costs of the rows, rounded such that they sum to the total, which comes beside them.

        Beyond a limit they are one figure, the last (`A3`).
        """
        figures = Figures(self.currency, RATE_DECIMALS)
        if self.coins is not None:
            shown = list(self.coins())
            cut = len(shown) if limit is None else limit
            listed = [*shown[:cut], *([sum(shown[cut:])] if cut < len(shown) else [])]
            return [figures.text(each) for each in listed], figures.text(sum(shown))
        exact = self.rows["cost"].to_pylist()
        if limit is not None and len(exact) > limit:
            exact = [*exact[:limit], pc.sum(self.rows["cost"].slice(limit)).as_py()]
        shown = figures.rounded(exact)
        return [figures.text(each) for each in shown], figures.text(sum(shown))


_AT_ONCE = 10_000


def head(found: UsageListing) -> dict[str, Any]:
    """For programs: what was asked, and the totals of each channel."""
    return {
        **found.asked,
        "currency": found.currency,
        "total_rows": found.rows.num_rows,
        "totals": found.totals(),
        **({} if found.cost is None else {"total_cost": found.cost}),
    }


def rows(found: UsageListing) -> Iterator[dict[str, Any]]:
    """The rows, a few at a time."""
    for batch in found.rows.to_batches(max_chunksize=_AT_ONCE):
        yield from batch.to_pylist()


def flat(found: UsageListing) -> Lines:
    """The rows as a table; a column tells the currency."""
    cells = ([*row.values(), found.currency] for row in rows(found))
    return [*found.rows.column_names, "currency"], cells


TYPE_COLUMN = Column(TYPE, "Type")
_RATE = Column("rate", "Rate", Kind.RATE)
_SENT = Column("notifications_sent", "Sent", Kind.COUNT, summed=True)
_BILLABLE = Column("billable_units", "Billable", Kind.COUNT, summed=True)
_UNITS = Column("chargeable_units", "Units", Kind.COUNT, summed=True)
_FREE = Column("free_allowance_used", "Free", Kind.COUNT, summed=True)
_CHARGED = Column("charged_units", "Charged", Kind.COUNT, summed=True)
_COST = Column("cost", "Cost", Kind.AMOUNT, summed=True)
_ALLOWANCE = Column("allowance", "Allowance", Kind.COUNT, summed=True)
_LEFT = Column("remaining_allowance", "Left", Kind.COUNT, summed=True)
_ACCOUNT = Column("account", "Account")
_NAME = Column("name", "Name")
_DATE = Column("date", "Date", Kind.DATE)

OF_BILLED = frozenset({_FREE, _CHARGED})
"""Columns that say nothing of a channel that is not billed."""

YEARLY = (TYPE_COLUMN, _RATE, _SENT, _UNITS, _FREE, _CHARGED, _COST)
MONTHLY = (Column("month", "Month"), *YEARLY)
ORGANISATION = (
    _ACCOUNT,
    _NAME,
    TYPE_COLUMN,
    _ALLOWANCE,
    _LEFT,
    Column("notifications_sent", "", Kind.COUNT, summed=True),
    _UNITS,
    _CHARGED,
    _COST,
    Column("emails_sent", "Not billed", Kind.COUNT, summed=True),
)
DAILY = (_DATE, TYPE_COLUMN, _SENT, _BILLABLE, _UNITS)
PROVIDERS = (_DATE, Column("provider", "Provider"), *DAILY[1:], _COST)
ACCOUNTS = (_ACCOUNT, _NAME, Column("organisation", "Organisation"), *DAILY[1:])
CHARGES = (
    _ACCOUNT,
    Column("name", ""),
    Column("organisation", ""),
    TYPE_COLUMN,
    Column("allowance", "", Kind.COUNT, summed=True),
    Column("allowance_used_before", "Used before", Kind.COUNT, summed=True),
    _FREE,
    _LEFT,
    Column("notifications_sent", "", Kind.COUNT, summed=True),
    _UNITS,
    _CHARGED,
    _COST,
    Column("contact_names", ""),
    Column("contact_emails", ""),
    Column("reference", "Reference"),
    Column("purchase_order", "Order"),
)


def columns_of(columns: Sequence[Column]) -> list[str]:
    """The names of columns."""
    return [column.name for column in columns]
