"""The notification platform: a model without doubts, and files that fit it and one another."""

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from apportion import Charges, rate
from apportion.demo import DemoCompany
from apportion.model import Model, load_model, validate

SPRING = date(2023, 5, 31)


@pytest.fixture(scope="module")
def model(platform: DemoCompany) -> Model:
    return load_model(platform.folder)


@pytest.fixture(scope="module")
def usage(platform: DemoCompany) -> pa.Table:
    files = sorted((platform.folder / "inbox" / "usage").iterdir())
    assert [file.name for file in files] == ["billable-2023.parquet", "billable-2024.parquet"]
    return pa.concat_tables(pq.read_table(file) for file in files)


@pytest.fixture(scope="module")
def sent(usage: pa.Table) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.register("usage", usage)
    connection.sql("""
        CREATE TABLE sent AS SELECT *, billable_units * rate_multiplier AS chargeable_units,
            year(date) - (month(date) < 4)::INT AS year
        FROM usage
    """)
    return connection


@pytest.fixture(scope="module")
def charges(model: Model, usage: pa.Table) -> Charges:
    return rate(model, usage)


def test_the_model_is_valid_and_nothing_is_doubtful(platform: DemoCompany) -> None:
    assert validate(platform.folder) == ()


def test_accounts_are_of_known_organisations_of_every_type(model: Model) -> None:
    assert 40 <= len(model.accounts) <= 50
    types = {organisation.id: organisation.type for organisation in model.organisations}
    assert {types[account.organisation] for account in model.accounts} == {
        "central",
        "local",
        "health",
        "other",
    }
    assert len({account.organisation for account in model.accounts}) == len(types) >= 20
    assert all(account.contact_emails.endswith(".example") for account in model.accounts)
    assert len({account.reference for account in model.accounts}) == len(model.accounts)
    assert 0 < sum(not account.purchase_order for account in model.accounts) < 20


def test_some_accounts_have_no_product_and_a_product_has_no_account(model: Model) -> None:
    products = {account.product for account in model.accounts}
    assert [a.id for a in model.accounts if not a.product] == ["mercia-rotas", "platform-status"]
    declared = {node.id for node in model.nodes if not node.is_infrastructure}
    assert declared - products == {"send-files"}


def test_usage_is_of_declared_accounts_on_every_day_of_two_years(
    model: Model, sent: duckdb.DuckDBPyConnection
) -> None:
    rows, days, first, last = sent.sql(
        "SELECT count(*), count(DISTINCT date), min(date), max(date) FROM sent"
    ).fetchall()[0]
    assert 100_000 < rows < 200_000
    assert (days, first, last) == (731, date(2023, 4, 1), date(2025, 3, 31))
    accounts = {row[0] for row in sent.sql("SELECT DISTINCT account FROM sent").fetchall()}
    assert accounts == {account.id for account in model.accounts}
    assert min(each.valid_from for each in model.rates) <= first, "nothing is sent before a rate"


def test_each_key_has_one_row_in_which_a_message_has_a_fragment_at_least(
    sent: duckdb.DuckDBPyConnection,
) -> None:
    repeated = sent.sql(
        "SELECT 1 FROM sent GROUP BY date, account, channel, provider, rate_multiplier, "
        "international, template HAVING count(*) > 1"
    )
    assert repeated.fetchall() == []
    wrong = "notifications_sent < 1 OR billable_units < notifications_sent"
    assert sent.sql(f"SELECT 1 FROM sent WHERE {wrong}").fetchall() == []
    kinds = sent.sql(
        "SELECT DISTINCT channel, provider, rate_multiplier, international FROM sent"
    ).fetchall()
    assert sorted(kinds) == [
        ("email", "ses", 1, False),
        ("sms", "arrow", 1, False),
        ("sms", "arrow", 2, True),
        ("sms", "arrow", 6, True),
        ("sms", "beacon", 1, False),
        ("sms", "beacon", 3, True),
        ("sms", "courier", 1, False),
    ]


def test_accounts_come_and_go_in_mid_year(sent: duckdb.DuckDBPyConnection) -> None:
    found = sent.sql("SELECT account, min(date), max(date) FROM sent GROUP BY account").fetchall()
    whole = (date(2023, 4, 1), date(2025, 3, 31))
    partly = {account: (first, last) for account, first, last in found if (first, last) != whole}
    assert {account: first for account, (first, _) in partly.items() if first > whole[0]} == {
        "coastal-community": date(2024, 6, 3),
        "marlow-enrolment": date(2024, 8, 12),
        "public-forms": date(2023, 9, 4),
    }
    assert {account: last for account, (_, last) in partly.items() if last < whole[1]} == {
        "cost-of-living": date(2024, 2, 29),
        "linden-libraries": date(2023, 11, 30),
    }


def test_weeks_and_days_of_the_year_show(sent: duckdb.DuckDBPyConnection) -> None:
    def mean(account: str, where: str) -> Decimal:
        query = f"SELECT sum(chargeable_units) / count(DISTINCT date) FROM sent WHERE {where}"
        return Decimal(sent.sql(f"{query} AND account = ?", params=[account]).fetchall()[0][0])

    assert mean("tax-sign-in", "date = '2024-01-31'") > 3 * mean("tax-sign-in", "year = 2023")
    weekend = "dayofweek(date) IN (0, 6)"
    assert 2 * mean("court-hearings", weekend) < mean("court-hearings", f"NOT {weekend}")
    autumn = "month(date) = 10"
    assert mean("vaccinations", autumn) > 3 * mean("vaccinations", "month(date) = 6")
    down = "channel = 'sms' AND provider = 'beacon' AND NOT international"
    days = sent.sql(f"SELECT DISTINCT date FROM sent WHERE {down}").fetchall()
    assert len(days) == 729
    assert (date(2023, 11, 15),) not in days


def test_rating_takes_it_and_assumes_nothing(charges: Charges) -> None:
    assert charges.findings == ()
    yearly = sum(charges.rows["cost"].to_pylist(), Decimal(0))
    assert Decimal(8_000_000) < yearly < Decimal(11_000_000)
    assert set(charges.rows["rate"].unique().to_pylist()) == {
        Decimal(text) for text in ("0", "0.0197", "0.0219", "0.0233")
    }


def test_some_use_their_allowance_in_spring_and_some_never(model: Model, charges: Charges) -> None:
    connection = charges.connect()
    connection.register("rated", charges.rows)
    found = connection.sql("""
        SELECT account, max(allowance), min(remaining_after),
               min(date) FILTER (charged_units > 0)
        FROM rated WHERE year = 2023 AND channel = 'sms' GROUP BY account
    """).fetchall()
    never = {account for account, _, left, _ in found if left > 0}
    assert never >= {"carrow-libraries", "carrow-schools", "platform-status"}
    assert len(never) < 10
    spring = {account for account, *_, charged in found if charged and charged <= SPRING}
    assert "wexmoor-council-tax" in spring
    later = {account for account, *_, charged in found if charged and charged > SPRING}
    assert later >= {"advice-line", "fire-call-outs", "wexmoor-bins"}


def test_allowances_come_from_everywhere_that_they_can(charges: Charges) -> None:
    connection = charges.connect()
    connection.register("rated", charges.rows)
    found = connection.sql(
        "SELECT DISTINCT account, year, allowance FROM rated WHERE channel = 'sms'"
    ).fetchall()
    free = {(account, year): units for account, year, units in found}
    assert [free["advice-line", year] for year in (2023, 2024)] == [60_000, 60_000], "kept"
    assert [free["court-hearings", year] for year in (2023, 2024)] == [100_000, 30_000], "not kept"
    assert [free["fire-call-outs", year] for year in (2023, 2024)] == [25_000, 30_000], "its own"
    assert [free["hallam-housing", year] for year in (2023, 2024)] == [20_000, 0], "nothing"
    assert [free["hallam-parking", year] for year in (2023, 2024)] == [20_000, 15_000], "cut"
    assert [free["one-sign-in", year] for year in (2023, 2024)] == [40_000, 0], "too many"


def test_providers_bill_what_they_carried_and_leave_a_margin(
    platform: DemoCompany, charges: Charges
) -> None:
    billed = Decimal(0)
    for name in ("arrow", "beacon", "courier"):
        with (platform.folder / "inbox" / "costs" / f"{name}.csv").open(encoding="utf-8") as file:
            lines = list(csv.DictReader(file))
        assert {line["node"] for line in lines} == {f"sms-{name}"}
        assert {line["currency"] for line in lines} == {"GBP"}
        billed += sum(Decimal(line["amount"]) for line in lines)
    charged = sum(charges.rows["cost"].to_pylist(), Decimal(0))
    assert charged * Decimal("0.8") < billed < charged * Decimal("0.95")


def test_the_cloud_bills_are_of_two_years_in_pounds(platform: DemoCompany) -> None:
    bills = platform.deliveries[0].paths
    assert [path.name for path in (bills[0], bills[-1])] == [
        "focus-2023-04.csv.gz",
        "focus-2025-03.csv.gz",
    ]
    assert len(bills) == 24
    lines = duckdb.read_csv([str(path) for path in bills], all_varchar=True)
    lines.create_view("lines")
    total, currencies, tags = lines.aggregate(
        "sum(EffectiveCost::DECIMAL(18, 6)), list(DISTINCT BillingCurrency), count(DISTINCT Tags)"
    ).fetchall()[0]
    assert Decimal(1_200_000) < total < Decimal(1_700_000)
    assert currencies == ["GBP"]
    assert tags == 12


def test_everything_in_the_inbox_is_delivered_once(platform: DemoCompany) -> None:
    delivered = [path for each in platform.deliveries for path in each.paths]
    on_disk = {path for path in (platform.folder / "inbox").rglob("*") if path.is_file()}
    assert len(delivered) == len(on_disk)
    assert set(delivered) == on_disk
    assert all(isinstance(path, Path) and path.is_file() for path in platform.model_files)
