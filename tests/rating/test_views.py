"""What is shown of rated rows: B11 to B20."""

from datetime import date, timedelta
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest
from billing import codes, figures, rated, row, service

import apportion as ap
from apportion.rating import views
from apportion.rating.changes import changes
from apportion.report.margin import By, margin
from apportion.report.usage_statement import usage_statement

APRIL = date(2023, 4, 1)
DAY = timedelta(days=1)
FIELDS = [
    "notification_type",
    "rate",
    "notifications_sent",
    "chargeable_units",
    "free_allowance_used",
    "charged_units",
    "cost",
]
PRICES = [
    {"channel": "sms", "valid_from": date(2020, 4, 1), "rate": "0.02"},
    {"channel": "sms", "valid_from": date(2023, 4, 20), "rate": "0.03"},
]
YEAR = (
    row(date(2024, 3, 31), 5),
    row(date(2023, 4, 21), 6, notifications_sent=2),
    row(date(2023, 4, 19), 8),
    row(date(2023, 5, 1), 40, channel="email"),
    row(date(2024, 1, 2), 1, rate_multiplier=4),
    row(date(2023, 5, 1), 9, "visas"),
    row(date(2023, 5, 1), 9, "parking"),
    row(date(2023, 5, 2), 1, "parking", channel="email"),
)


@pytest.fixture
def year() -> ap.Charges:
    return rated(*YEAR, model=service(rates=PRICES))


def test_b11_a_row_per_month_channel_and_rate_in_the_order_of_the_financial_year(year):
    monthly = year.monthly("renewals", 2023)
    assert monthly.column_names == ["month", *FIELDS]
    assert figures(monthly, "month", *FIELDS) == [
        ("April", "sms", "0.02", 8, 8, 8, 0, 0),
        ("April", "sms", "0.03", 2, 6, 2, 4, "0.12"),
        ("January", "sms", "0.03", 1, 4, 0, 4, "0.12"),
        ("March", "sms", "0.03", 5, 5, 0, 5, "0.15"),
    ]


def test_b11_the_months_of_all_accounts_at_once(year):
    rows = views.all_monthly(year.connect(), year.model, 2023)
    assert figures(rows, "account", "month", "charged_units") == [
        ("parking", "May", 6),
        ("renewals", "April", 0),
        ("renewals", "April", 4),
        ("renewals", "January", 4),
        ("renewals", "March", 5),
        ("visas", "May", 0),
    ]


def test_b12_a_row_per_channel_and_rate_with_what_is_not_billed(year):
    yearly = year.yearly("renewals", 2023)
    assert yearly.column_names == FIELDS
    assert figures(yearly, *FIELDS) == [
        ("email", 0, 40, 40, 0, 40, 0),
        ("sms", "0.02", 8, 8, 8, 0, 0),
        ("sms", "0.03", 8, 15, 2, 13, "0.39"),
    ]


def test_b13_every_account_of_an_organisation_is_there_with_zeros_if_need_be(year):
    names = (
        "account",
        "name",
        "allowance",
        "remaining_allowance",
        "chargeable_units",
        "charged_units",
        "cost",
        "emails_sent",
    )
    assert figures(year.organisation("home-office", 2023), *names) == [
        ("first-passports", "", 10, 10, 0, 0, 0, 0),
        ("renewals", "Passport renewals", 10, 0, 23, 13, "0.39", 40),
        ("visas", "", 10, 1, 9, 0, 0, 0),
    ]
    assert figures(year.organisation("camden", 2022), *names) == [("parking", "", 3, 3, 0, 0, 0, 0)]


def test_b14_daily_volumes(year):
    names = ("date", "notification_type", "notifications_sent", "billable_units")
    assert figures(year.daily(date(2023, 5, 1), date(2024, 1, 2)), *names, "chargeable_units") == [
        (date(2023, 5, 1), "email", 40, 40, 40),
        (date(2023, 5, 1), "sms", 18, 18, 18),
        (date(2023, 5, 2), "email", 1, 1, 1),
        (date(2024, 1, 2), "sms", 1, 1, 4),
    ]


def test_b14_volumes_per_provider_cost_before_any_allowance():
    charges = rated(row(APRIL, 5, provider="firetext"), row(APRIL, 2), row(APRIL, 6, "visas"))
    names = ("date", "provider", "notification_type", "chargeable_units", "cost")
    assert figures(charges.providers(APRIL, APRIL), *names) == [
        (APRIL, "firetext", "sms", 5, "0.1"),
        (APRIL, "mmg", "sms", 8, "0.16"),
    ]


def test_b14_volumes_per_account(year):
    names = ("account", "organisation", "notification_type", "notifications_sent")
    assert figures(year.accounts(date(2023, 4, 20), date(2023, 5, 1)), *names) == [
        ("parking", "camden", "sms", 9),
        ("renewals", "home-office", "email", 40),
        ("renewals", "home-office", "sms", 2),
        ("visas", "home-office", "sms", 9),
    ]


def test_b14_charges_of_a_part_of_a_year_know_what_was_used_before(year):
    found = year.charges(date(2023, 4, 20), date(2024, 3, 31)).to_pylist()
    mine = next(each for each in found if each["account"] == "renewals")
    assert [each["account"] for each in found] == ["parking", "renewals", "visas"]
    assert mine["allowance_used_before"] == 8
    assert mine["free_allowance_used"] == 2
    assert mine["remaining_allowance"] == 0
    assert mine["charged_units"] == 13
    assert mine["cost"] == Decimal("0.39")
    assert (mine["contact_names"], mine["contact_emails"]) == ("Ada Palmer", "pay@example.gov")
    assert (mine["reference"], mine["purchase_order"]) == ("HO-17", "PO 4")


def test_b14_charges_lie_inside_one_year(year):
    with pytest.raises(ap.UsageError) as caught:
        year.charges(date(2023, 3, 31), date(2023, 4, 1))
    assert codes(caught.value.findings) == ["invalid_argument"]
    with pytest.raises(ap.UsageError):
        year.daily(APRIL, APRIL - DAY)


def test_b15_views_agree(year):
    monthly, yearly = year.monthly("renewals", 2023), year.yearly("renewals", 2023)
    members = year.organisation("home-office", 2023)
    whole = year.charges(APRIL, date(2024, 3, 31))

    def cost(rows: pa.Table) -> Decimal:
        return sum(
            (
                each["cost"]
                for each in rows.to_pylist()
                if each.get("account") in (None, "renewals")
            ),
            Decimal(0),
        )

    assert cost(monthly) == cost(yearly) == cost(members) == cost(whole) == Decimal("0.39")


def test_b15_a_statement_is_what_the_views_are_and_its_lines_sum_to_its_total():
    model = service(
        rates=[{"channel": "sms", "valid_from": date(2020, 4, 1), "rate": "0.0045"}],
        default_allowances=[],
    )
    charges = rated(*(row(date(2023, month, 1), 1) for month in range(4, 13)), model=model)
    statement = usage_statement(charges.connect(), model, "renewals", 2023)
    assert statement.total == Decimal("0.0405")
    assert statement.total_shown == "0.04"
    # Each by itself would be 0.00, and nine nothings are not four pence.
    assert sum(Decimal(line.cost_shown) for line in statement.lines) == Decimal("0.04")
    assert sum(line.cost for line in statement.lines) == statement.total


def test_b15_a_statement_says_who_when_what_was_free_and_what_is_owed(year):
    connection = year.connect()
    statement = usage_statement(connection, year.model, "renewals", 2023)
    assert (statement.account.name, statement.organisation) == ("Passport renewals", "Home Office")
    assert (statement.first, statement.last) == (APRIL, date(2024, 3, 31))
    assert [(line.month, line.unit, line.cost_shown) for line in statement.lines] == [
        ("April", "fragment", "0.00"),
        ("April", "fragment", "0.12"),
        ("January", "fragment", "0.12"),
        ("March", "fragment", "0.15"),
    ]
    assert [(each.notification_type, each.notifications_sent) for each in statement.counted] == [
        ("email", 40)
    ]
    may = usage_statement(connection, year.model, "renewals", 2023, "may")
    assert (may.month, may.first, may.last) == ("May", date(2023, 5, 1), date(2023, 5, 31))
    assert (may.lines, may.total_shown) == ((), "0.00")
    assert (may.allowances[0].used_before, may.allowances[0].remaining) == (10, 0)
    assert usage_statement(connection, year.model, "renewals", 2023, 2) == may
    for wrong in ("Mai", 0, 13):
        with pytest.raises(ap.UsageError):
            usage_statement(connection, year.model, "renewals", 2023, wrong)


def compared(before: ap.Charges, after: ap.Charges) -> pa.Table:
    connection = after.connect()
    connection.register("charges_before", before.rows)
    return changes(connection, after.model)


def test_b18_a_late_row_moves_what_follows_from_it():
    rows = [row(date(2023, 4, 5), 6), row(date(2023, 5, 5), 6), row(APRIL, 1, "visas")]
    late = row(date(2023, 4, 1), 3)
    moved = compared(rated(*rows), rated(*rows, late))
    names = ("account", "month", "notification_type", "figure", "old", "new", "difference")
    assert figures(moved, *names) == [
        ("renewals", "April", "sms", "notifications_sent", "6", "9", "3"),
        ("renewals", "April", "sms", "billable_units", "6", "9", "3"),
        ("renewals", "April", "sms", "chargeable_units", "6", "9", "3"),
        ("renewals", "April", "sms", "free_allowance_used", "6", "9", "3"),
        ("renewals", "May", "sms", "free_allowance_used", "4", "1", "-3"),
        ("renewals", "May", "sms", "charged_units", "2", "5", "3"),
        ("renewals", "May", "sms", "cost", "0.040000000000", "0.100000000000", "0.06"),
    ]


def test_b18_a_changed_rate_moves_rates_and_costs():
    rows = [row(date(2023, 4, 5), 12), row(date(2023, 5, 5), 6)]
    later = service(rates=[*PRICES, {**PRICES[0], "valid_from": date(2023, 5, 5), "rate": "0.04"}])
    moved = compared(rated(*rows, model=service(rates=PRICES)), rated(*rows, model=later))
    assert figures(moved, "month", "figure", "old", "new") == [
        ("May", "rate", "0.030000000000", "0.040000000000"),
        ("May", "cost", "0.180000000000", "0.240000000000"),
    ]


def test_b18_what_did_not_change_is_not_reported():
    rows = [row(date(2023, 4, 5), 12), row(date(2023, 5, 5), 6)]
    assert compared(rated(*rows), rated(*reversed(rows))).num_rows == 0
    gone = compared(rated(*rows), rated(rows[0]))
    assert set(gone["month"].to_pylist()) == {"May"}
    assert "" in gone["new"].to_pylist()


COSTS = pa.table(
    {
        "node": ["notify", "visas", "notify"],
        "date": [APRIL, APRIL, APRIL + 40 * DAY],
        "dimension": ["all"] * 3,
        "amount": ["3.01", "1", "500"],
        "currency": ["GBP"] * 3,
    }
)


def both(charges: ap.Charges) -> duckdb.DuckDBPyConnection:
    result = ap.attribute(charges.model, COSTS, start=APRIL, end=APRIL + 50 * DAY)
    connection = charges.connect()
    connection.register("allocations", result.allocation_batches)
    return connection


def costly() -> ap.Charges:
    return rated(
        row(APRIL, 100),
        row(APRIL, 300, "first-passports"),
        row(APRIL, 60, "visas"),
        row(APRIL, 13, "parking"),
        row(APRIL + 40 * DAY, 1000),
    )


def test_b19_margin_is_charges_less_cost_of_each_product():
    charges = costly()
    found = margin(both(charges), charges.model, APRIL, APRIL + 30 * DAY)
    lines = {line.id: line for line in found.lines}
    assert list(lines) == ["", "borders", "passports", "visas"]
    assert (lines["passports"].charges, lines["passports"].margin) == (
        Decimal("7.6"),
        Decimal("7.6") - lines["passports"].cost,
    )
    assert lines["visas"].charges == 1
    assert found.total.cost == Decimal("4.01")
    assert found.total.margin == sum(line.margin for line in found.lines)
    # Charges without a product and cost without an account are listed, not dropped.
    assert (lines[""].accounts, lines[""].charges) == (("parking",), Decimal("0.2"))
    assert (lines["borders"].accounts, lines["borders"].charges) == ((), 0)
    assert found.accounts_without_product == ("parking",)
    assert found.products_without_account == ("borders",)


def test_b19_the_cost_of_a_unit_stands_beside_its_rate():
    charges = costly()
    lines = margin(both(charges), charges.model, APRIL, APRIL + 30 * DAY).lines
    passports = next(line for line in lines if line.id == "passports")
    assert passports.chargeable_units == 400
    assert passports.rate == Decimal("0.02")
    assert passports.unit_cost == (passports.cost / 400).quantize(Decimal("1e-12"))
    borders = next(line for line in lines if line.id == "borders")
    assert (borders.unit_cost, borders.rate) == (None, None)


@pytest.mark.parametrize("by", list(By))
def test_b19_lines_as_shown_sum_to_the_total_as_shown(by):
    charges = costly()
    found = margin(both(charges), charges.model, APRIL, APRIL + 60 * DAY, by)
    assert found.total.cost == Decimal("504.01")
    for name in ("charges_shown", "cost_shown", "margin_shown"):
        shown = [Decimal(getattr(line, name).replace(",", "")) for line in found.lines]
        assert sum(shown) == Decimal(getattr(found.total, name).replace(",", ""))


def test_b19_accounts_bear_their_product_s_cost_in_proportion_to_their_units():
    charges = costly()
    connection = both(charges)
    by_product = margin(connection, charges.model, APRIL, APRIL + 30 * DAY)
    passports = next(line for line in by_product.lines if line.id == "passports")
    by_account = margin(connection, charges.model, APRIL, APRIL + 30 * DAY, By.ACCOUNT)
    lines = {line.id: line for line in by_account.lines}
    assert lines["renewals"].cost + lines["first-passports"].cost == passports.cost
    assert abs(lines["renewals"].cost - passports.cost / 4) < Decimal("1e-12")
    by_owner = margin(connection, charges.model, APRIL, APRIL + 30 * DAY, By.ORGANISATION)
    assert [line.id for line in by_owner.lines] == ["", "camden", "home-office"]
    assert by_owner.lines[2].name == "Home Office"
    assert by_owner.total.margin == by_account.total.margin == by_product.total.margin


@pytest.mark.parametrize(
    "ask",
    [
        lambda charges: charges.monthly("nobody", 2023),
        lambda charges: charges.yearly("nobody", 2023),
        lambda charges: charges.organisation("nobody", 2023),
    ],
)
def test_a_name_that_nobody_has_is_refused(year, ask):
    with pytest.raises(ap.UsageError) as caught:
        ask(year)
    assert codes(caught.value.findings)[0].startswith("unknown_")


@pytest.mark.parametrize("wrong", [23, True, "2023", 10**6])
def test_a_year_that_is_none_is_refused(year, wrong):
    with pytest.raises(ap.UsageError):
        year.monthly("renewals", wrong)
