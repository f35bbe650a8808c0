"""Statements and margins as printed: their lines sum to their totals, and agree with the views."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
from histories_made import History, histories
from hypothesis import given
from hypothesis import strategies as st

import apportion as ap
from apportion.amounts.units import RATE_DECIMALS
from apportion.model.billable_usage import SCHEMA
from apportion.rating.calendar import financial_year
from apportion.report import usage_questions
from apportion.report.figures import Figures
from apportion.report.margin import By, margin
from apportion.report.usage_listing import UsageListing
from apportion.report.usage_statement import usage_statement
from effort import effort

FIRST, LAST = date(2020, 1, 1), date(2030, 1, 1)
YEARS = (2022, 2023, 2024, 2025)


def rated(history: History, **more: Any) -> ap.Charges:
    model = ap.Model.from_dict({**history.model, **more})
    return ap.rate(model, pa.Table.from_pylist(history.rows, schema=SCHEMA))


def number(shown: str) -> Decimal:
    return Decimal(shown.replace(",", ""))


def shown(listing: UsageListing, limit: int | None = None) -> list[Decimal]:
    costs, total = listing.costs_shown(limit)
    assert sum(map(number, costs)) == number(total)
    return [number(each) for each in costs]


currencies = st.sampled_from(["USD", "JPY", "KWD"])


@given(histories(), currencies, st.sampled_from(YEARS))
@effort(60)
def test_a_statement_is_the_sum_of_its_printed_lines_and_the_monthly_view(
    history, currency, by_month
):
    charges = rated(history, currency=currency)
    connection, model = charges.connect(), charges.model
    for account in [each["id"] for each in history.model["accounts"]]:
        for year in YEARS:
            statement = usage_statement(connection, model, account, year)
            printed = [number(line.cost_shown) for line in statement.lines]
            assert sum(printed) == number(statement.total_shown)
            figures = Figures(currency, RATE_DECIMALS)
            # The rule of A3 as Python has it; statements are rounded in SQL.
            alike = figures.texts(line.cost for line in statement.lines)
            assert [line.cost_shown for line in statement.lines] == alike
            assert sum(line.cost for line in statement.lines) == statement.total
            monthly = usage_questions.monthly(charges, account, year)
            assert shown(monthly) == printed
            assert monthly.cost == statement.total
            assert usage_questions.yearly(charges, account, year).cost == statement.total
            if year != by_month:
                continue
            parts = [usage_statement(connection, model, account, year, at) for at in range(1, 13)]
            assert sum(part.total for part in parts) == statement.total
            lines = [line for part in parts for line in part.lines]
            assert [line.cost for line in lines] == [line.cost for line in statement.lines]
            for part in parts:
                assert sum(number(line.cost_shown) for line in part.lines) == (
                    number(part.total_shown)
                )


@given(histories(), currencies, st.sampled_from([None, (5, 9), (1, 1), (12, 3)]))
@effort(30)
def test_no_page_differs_by_a_coin_from_the_statements(history, currency, months):
    """What accounts owe is what their papers say, of a year, of months, and in every margin."""
    charges = rated(history, currency=currency)
    connection, model = charges.connect(), charges.model
    calendar = financial_year(model.settings)
    start, end = calendar.first(2023), calendar.last(2023)
    wanted = range(1, 13)
    if months is not None:
        wanted = range(min(months), max(months) + 1)
        start = calendar.month_first(2023, wanted[0])
        end = calendar.month_first(2023, wanted[-1] + 1) - timedelta(days=1)
    papers = {
        each["id"]: sum(
            number(usage_statement(connection, model, each["id"], 2023, month).total_shown)
            for month in wanted
        )
        for each in history.model["accounts"]
    }
    owed = usage_questions.owed(charges, start, end)
    by_account = dict.fromkeys(papers, Decimal(0))
    for row, cost in zip(owed.rows.to_pylist(), shown(owed), strict=True):
        by_account[row["account"]] += cost
    assert by_account == papers
    if months is None:
        members = usage_questions.organisation(charges, "o", 2023)
        yearly = {name: usage_questions.yearly(charges, name, 2023) for name in papers}
        assert {name: sum(shown(each)) for name, each in yearly.items()} == papers
        ours = set(members.rows["account"].to_pylist())
        assert sum(shown(members)) == sum(papers[name] for name in ours)
    connection.register("allocations", NO_COST)
    lines = margin(connection, model, start, end, By.ACCOUNT).lines
    assert {line.id: number(line.charges_shown) for line in lines if line.id} == papers


NO_COST = pa.table(
    {
        "node": pa.array([], pa.string()),
        "date": pa.array([], pa.date32()),
        "retained": pa.array([], pa.decimal128(38, 9)),
    }
)


@given(histories(), st.integers(0, 5))
@effort(40)
def test_a_listing_sums_to_its_total_wherever_it_is_cut(history, limit):
    charges = rated(history)
    for found in (
        usage_questions.providers(charges, FIRST, LAST),
        usage_questions.organisation(charges, "o", 2023),
        usage_questions.monthly(charges, "a", 2023),
    ):
        assert sum(shown(found, limit)) == sum(shown(found))
        by_channel = [total["cost"] for total in found.totals()]
        assert sum(by_channel) == found.cost


@given(
    histories(),
    st.lists(st.decimals(-9, 99, places=9), min_size=3, max_size=3),
    st.lists(st.sampled_from(["", "p", "q"]), min_size=3, max_size=3),
)
@effort(40)
def test_margin_sums_whatever_it_is_grouped_by(history, costs, products):
    accounts = [
        {**account, **({"product": product} if product else {})}
        for account, product in zip(history.model["accounts"], products, strict=False)
    ]
    nodes = [{"id": each, "type": "product"} for each in ("p", "q", "r")]
    charges = rated(history, accounts=accounts, nodes=nodes)
    connection = charges.connect()
    connection.register(
        "allocations",
        pa.table(
            {
                "node": ["p", "q", "r"],
                "date": pa.array([date(2023, 5, 1)] * 3),
                "retained": pa.array(costs, pa.decimal128(38, 9)),
            }
        ),
    )
    charged = sum(charges["cost"].to_pylist())
    for by in By:
        found = margin(connection, charges.model, FIRST, LAST, by)
        assert found.total.charges == charged
        assert found.total.cost == sum(costs)
        for figure in ("charges", "cost", "margin", "chargeable_units"):
            lines = sum(getattr(line, figure) for line in found.lines)
            assert lines == getattr(found.total, figure)
        for figure in ("charges_shown", "cost_shown", "margin_shown"):
            lines = sum(number(getattr(line, figure)) for line in found.lines)
            assert lines == number(getattr(found.total, figure))
        assert all(line.margin == line.charges - line.cost for line in found.lines)
        listed = {name for line in found.lines for name in (*line.accounts, *line.products)}
        assert listed >= {account["id"] for account in accounts}
        assert listed >= {node for node, cost in zip("pqr", costs, strict=True) if cost}
        alone = set(found.accounts_without_product)
        assert alone == {each["id"] for each in accounts if "product" not in each}
