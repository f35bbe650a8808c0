"""Rating gives what an exact loop gives, and every view is a sum of the same rows."""

from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from typing import Any

import billing_oracle as oracle
import duckdb
import pyarrow as pa
from histories_made import History, histories
from hypothesis import given
from hypothesis import strategies as st

import apportion as ap
from apportion.model.billable_usage import SCHEMA
from apportion.rating import views
from apportion.rating.charges import run_plan
from apportion.rating.failures import failures
from apportion.rating.plan import leave_out, plan
from apportion.report import usage_questions
from apportion.report.usage_statement import usage_statement
from effort import effort

FIRST, LAST = date(2020, 1, 1), date(2030, 1, 1)
BILLED = ("call", "sms")
COMPARED = (
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
)


def rated(history: History) -> ap.Charges:
    model = ap.Model.from_dict(history.model)
    return ap.rate(model, pa.Table.from_pylist(history.rows, schema=SCHEMA))


def exact(rows: Iterable[dict[str, Any]], keys: tuple[str, ...]) -> dict[tuple[Any, ...], Any]:
    """Rows of a view as the oracle gives them."""
    return {
        tuple(Fraction(row[key]) if key == "rate" else row[key] for key in keys): {
            figure: Fraction(row[figure]) for figure in oracle.FIGURES
        }
        for row in rows
    }


@given(histories())
@effort(400)
def test_rows_are_those_of_the_oracle(history):
    expected = oracle.rate_rows(history.model, history.rows)
    charges = rated(history)
    found = charges.to_pylist()
    assert [row["billable_units"] for row in found] == [r["billable_units"] for r in expected]
    for mine, theirs in zip(found, expected, strict=True):
        assert {key: mine[key] for key in oracle.KEY} == {key: theirs[key] for key in oracle.KEY}
        for key in COMPARED:
            assert Fraction(mine[key]) == theirs[key], key


@given(histories(), st.randoms(use_true_random=False))
@effort(60)
def test_the_order_of_arrival_does_not_matter(history, chance):
    rows = oracle.latest_rows(history.rows)
    shuffled = list(rows)
    chance.shuffle(shuffled)

    def by_key(some: list[dict[str, Any]]) -> list[dict[str, Any]]:
        found = rated(History(history.model, some)).to_pylist()
        return sorted(found, key=lambda row: [row[key] for key in oracle.KEY])

    assert by_key(shuffled) == by_key(rows)


@given(histories())
@effort(60)
def test_views_are_sums_of_rows_and_agree_with_each_other(history):
    expected = oracle.rate_rows(history.model, history.rows)
    charges = rated(history)
    names = [account["id"] for account in history.model["accounts"]]
    years = sorted({row["year"] for row in expected} | {2023})
    for year in years:
        members = {
            (row["account"], row["notification_type"]): row
            for row in charges.organisation("o", year).to_pylist()
        }
        assert set(members) == {(name, channel) for name in names for channel in BILLED}
        for name in names:
            of_year = [row for row in expected if (row["account"], row["year"]) == (name, year)]
            monthly = charges.monthly(name, year).to_pylist()
            yearly = charges.yearly(name, year).to_pylist()
            wanted = oracle.summed(of_year, ("channel", "rate"))
            assert exact(yearly, ("notification_type", "rate")) == wanted
            assert [(row["notification_type"], row["rate"]) for row in yearly] == list(wanted)
            for figure in oracle.FIGURES:
                months = sum(row[figure] for row in monthly)
                whole = sum(row[figure] for row in yearly if row["notification_type"] in BILLED)
                assert months == whole
                if figure != "free_allowance_used":
                    mine = [members[name, channel][figure] for channel in BILLED]
                    assert sum(mine) == whole
            sent = sum(r["notifications_sent"] for r in of_year if r["channel"] == "email")
            assert sum(members[name, channel]["emails_sent"] for channel in BILLED) == sent


@given(histories())
@effort(60)
def test_months_are_in_order_and_sum_what_lies_in_them(history):
    expected = oracle.rate_rows(history.model, history.rows)
    charges = rated(history)
    connection, model = charges.connect(), charges.model
    for year in sorted({row["year"] for row in expected}):
        of_year = [row for row in expected if row["year"] == year and row["channel"] in BILLED]
        wanted = oracle.summed(of_year, ("account", "period", "channel", "rate"))
        names = [day.strftime("%B") for day in oracle.month_starts(history.model, year)]
        rows = views.all_monthly(connection, model, year).to_pylist()
        keys = [
            (row["account"], names.index(row["month"]) + 1, row["notification_type"], row["rate"])
            for row in rows
        ]
        assert keys == list(wanted)
        assert list(exact(rows, ("account", "month", "notification_type", "rate")).values()) == (
            list(wanted.values())
        )


@given(histories())
@effort(60)
def test_the_platform_is_the_sum_of_its_days_providers_and_accounts(history):
    expected = oracle.rate_rows(history.model, history.rows)
    charges = rated(history)
    daily = charges.daily(FIRST, LAST).to_pylist()
    providers = charges.providers(FIRST, LAST).to_pylist()
    accounts = charges.accounts(FIRST, LAST).to_pylist()
    for figure in ("notifications_sent", "billable_units", "chargeable_units"):
        whole = sum(row[figure] for row in expected)
        assert [sum(row[figure] for row in rows) for rows in (daily, providers, accounts)] == (
            [whole] * 3
        )
    before_allowance = sum(row["chargeable_units"] * row["rate"] for row in expected)
    assert sum(Fraction(row["cost"]) for row in providers) == before_allowance


@given(histories(), st.integers(0, 364))
@effort(60)
def test_charges_of_the_parts_of_a_year_sum_to_the_year(history, days):
    expected = oracle.rate_rows(history.model, history.rows)
    charges = rated(history)
    for year in sorted({row["year"] for row in expected}):
        starts = oracle.month_starts(history.model, year)
        end = date.fromordinal(oracle.month_starts(history.model, year + 1)[0].toordinal() - 1)
        cut = date.fromordinal(starts[0].toordinal() + days)
        if cut >= end:
            continue
        after = date.fromordinal(cut.toordinal() + 1)
        parts = [charges.charges(starts[0], cut), charges.charges(after, end)]
        of_year = [row for row in expected if row["year"] == year and row["channel"] in BILLED]
        for figure in oracle.FIGURES:
            found = sum(Fraction(r[figure]) for part in parts for r in part.to_pylist())
            assert found == sum(row[figure] for row in of_year)
        for row in parts[1].to_pylist():
            earlier = [
                r["free_allowance_used"]
                for r in of_year
                if (r["account"], r["channel"]) == (row["account"], row["notification_type"])
                and r["date"] <= cut
            ]
            assert row["allowance_used_before"] == sum(earlier)


@given(histories(), st.integers(1, 12))
@effort(60)
def test_statements_are_the_views_and_add_up_as_printed(history, month):
    charges = rated(history)
    connection, model = charges.connect(), charges.model
    for name in model.account_index:
        for year in (2022, 2023, 2024):
            monthly = charges.monthly(name, year).to_pylist()
            whole = usage_statement(connection, model, name, year)
            names = ("month", "notification_type", "rate", "chargeable_units", "cost")
            told = [tuple(getattr(line, each) for each in names) for line in whole.lines]
            assert told == [tuple(row[each] for each in names) for row in monthly]
            assert whole.total == sum(row["cost"] for row in monthly)
            printed = [Fraction(line.cost_shown.replace(",", "")) for line in whole.lines]
            assert sum(printed) == Fraction(whole.total_shown.replace(",", ""))
            assert abs(sum(printed) - Fraction(whole.total)) <= Fraction(1, 200)
            for line, shown in zip(whole.lines, printed, strict=True):
                assert abs(shown - Fraction(line.cost)) < Fraction(1, 100)
            part = usage_statement(connection, model, name, year, month)
            assert part.lines == tuple(line for line in whole.lines if line.month == part.month)
            used = {each.notification_type: each.used for each in whole.allowances}
            assert used == {
                channel: sum(
                    row["free_allowance_used"]
                    for row in monthly
                    if row["notification_type"] == channel
                )
                for channel in BILLED
            }


@given(histories(), st.sampled_from(["JPY", "KWD", "GBP", "CLF"]))
@effort(40)
def test_b15_twelve_months_as_printed_sum_to_the_year_as_printed_and_as_listed(history, currency):
    charges = rated(History({**history.model, "currency": currency}, history.rows))
    connection, model = charges.connect(), charges.model
    for name in model.account_index:
        for year in (2023, 2024):
            whole = usage_statement(connection, model, name, year)
            months = [
                usage_statement(connection, model, name, year, month) for month in range(1, 13)
            ]
            assert [line for month in months for line in month.lines] == list(whole.lines)
            assert sum(printed(month.total_shown) for month in months) == printed(whole.total_shown)
            for month in months:
                shown = sum(printed(line.cost_shown) for line in month.lines)
                assert shown == printed(month.total_shown)
            listed, total = usage_questions.monthly(charges, name, year).costs_shown()
            assert listed == [line.cost_shown for line in whole.lines]
            assert total == whole.total_shown


@given(histories(), st.sampled_from(["missing_rate", "amount_overflow"]))
@effort(40)
def test_b21_without_the_accounts_that_fail_the_others_are_those_of_the_oracle(history, why):
    """``bad`` cannot be rated; every other account is rated as if it were not there."""
    good = oracle.latest_rows(history.rows)
    like = {"channel": "sms", "provider": "", "international": False, "template": "",
            "billable_units": 10**12, "notifications_sent": 1, "account": "bad"}  # fmt: skip
    days = [date(2024, 5, 1 + n) for n in range(10)]
    if why == "missing_rate":
        days = [date(1999, 12, 31)]
    times = 1 if why == "missing_rate" else 10**6
    bad = [{**like, "date": day, "rate_multiplier": times} for day in days]
    model = {**history.model, "accounts": [*history.model["accounts"], {"id": "bad"}]}
    made = ap.Model.from_dict(model)
    connection = duckdb.connect()
    usage = pa.Table.from_pylist([*good, *bad], schema=SCHEMA)
    connection.from_arrow(usage).create("usage")
    connection.execute("CREATE VIEW billable_usage AS FROM usage")
    found = failures(connection, made)
    assert {(each.code, each.details["account"]) for each in found} == {(why, "bad")}
    leave_out(connection, ["bad"])
    planned = plan(connection, made)
    rows = run_plan(connection, planned).to_arrow_table().to_pylist() if planned else []
    expected = oracle.rate_rows(history.model, good)

    def ordered(some: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        return sorted(
            tuple(Fraction(row[key]) if key in COMPARED else row[key] for key in names)
            for row in some
        )

    names = (*oracle.KEY, *COMPARED)
    assert ordered(rows) == ordered(expected)


def printed(figure: str) -> Fraction:
    """A printed amount as a number."""
    return Fraction(figure.replace(",", ""))
