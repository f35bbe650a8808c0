"""The cloud bills of the example company, read by DuckDB and judged as a finance person would."""

import gzip
import re
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from apportion.demo import DemoCompany
from apportion.model import load_model

FOCUS_COLUMNS = {
    "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd",
    "BillingPeriodStart", "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargeFrequency",
    "ChargePeriodEnd", "ChargePeriodStart", "ConsumedQuantity", "ConsumedUnit", "ContractedCost",
    "EffectiveCost", "InvoiceIssuerName", "ListCost", "PricingCategory", "ProviderName",
    "PublisherName", "RegionId", "ResourceId", "ResourceName", "ResourceType", "ServiceCategory",
    "ServiceName", "SubAccountId", "SubAccountName", "Tags",
}  # fmt: skip
COSTS = ("EffectiveCost", "BilledCost", "ContractedCost", "ListCost")


@pytest.fixture(scope="module")
def bill(inbox: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.sql("SET TimeZone = 'UTC'")
    files = connection.read_csv(str(inbox / "bills" / "*.csv.gz"), all_varchar=True, filename=True)
    files.create("bill")
    return connection


def one(bill: duckdb.DuckDBPyConnection, what: str, where: str = "true") -> object:
    return bill.sql(f"SELECT {what} FROM bill WHERE {where}").fetchall()[0][0]


def total(bill: duckdb.DuckDBPyConnection, column: str, where: str = "true") -> Decimal:
    found = one(bill, f"sum({column}::DECIMAL(38, 6))", where)
    assert isinstance(found, Decimal)
    return found


def test_there_is_a_file_for_each_month_with_the_columns_of_focus(inbox: Path) -> None:
    files = sorted((inbox / "bills").iterdir())
    assert [file.name for file in files] == [f"focus-2024-{m:02}.csv.gz" for m in range(1, 13)]
    for file in files:
        with gzip.open(file, "rt", encoding="utf-8") as text:
            columns = {name.strip('"') for name in text.readline().rstrip("\n").split(",")}
        assert columns >= FOCUS_COLUMNS
        # Bytes 4 to 8 of a gzip file are its time, which would differ each time.
        assert file.read_bytes()[4:8] == b"\0\0\0\0"


def test_it_is_small_enough_for_a_few_seconds(bill: duckdb.DuckDBPyConnection) -> None:
    lines = one(bill, "count(*)")
    assert isinstance(lines, int)
    assert 40_000 < lines < 60_000


def test_amounts_are_plain_decimals_in_one_currency(bill: duckdb.DuckDBPyConnection) -> None:
    for column in COSTS:
        texts = [row[0] for row in bill.sql(f"SELECT DISTINCT {column} FROM bill").fetchall()]
        assert all(re.fullmatch(r"-?\d+\.\d{6}", text) for text in texts)
    assert one(bill, "list(DISTINCT BillingCurrency)") == ["USD"]


def test_lines_stand_on_the_bill_of_their_month(bill: duckdb.DuckDBPyConnection) -> None:
    outside = (
        "ChargePeriodStart < BillingPeriodStart OR ChargePeriodEnd > BillingPeriodEnd "
        "OR ChargePeriodEnd <= ChargePeriodStart"
    )
    late = bill.sql(f"SELECT ChargeClass FROM bill WHERE {outside}").fetchall()
    assert late == [("Correction",)]
    assert one(bill, "count(*)", "strpos(filename, BillingPeriodStart[:7]) = 0") == 0
    assert one(bill, "count(DISTINCT ChargePeriodStart[:10])", "ChargePeriodStart >= '2024'") == 366


def test_a_year_costs_what_such_a_company_pays(bill: duckdb.DuckDBPyConnection) -> None:
    effective = total(bill, "EffectiveCost")
    assert Decimal(3_000_000) < effective < Decimal(4_500_000)
    assert abs(total(bill, "BilledCost") - effective) < effective / 1000
    used = "ChargeCategory = 'Usage' AND ChargeClass IS NULL AND ServiceName <> 'Savings Plans'"
    assert total(bill, "ListCost", used) > total(bill, "ContractedCost", used) > effective
    by_month = bill.sql(
        "SELECT sum(EffectiveCost::DECIMAL(38, 6)) FROM bill GROUP BY BillingPeriodStart"
    ).fetchall()
    amounts = [row[0] for row in by_month]
    assert max(amounts) < 2 * min(amounts)


def test_credits_corrections_taxes_and_commitments(bill: duckdb.DuckDBPyConnection) -> None:
    assert total(bill, "EffectiveCost", "ChargeCategory = 'Credit'") < -50_000
    assert total(bill, "EffectiveCost", "ChargeClass = 'Correction'") == -1_750
    assert total(bill, "EffectiveCost", "ChargeCategory = 'Tax'") > 0
    assert total(bill, "EffectiveCost", "ChargeCategory = 'Purchase'") == 0
    bought = total(bill, "BilledCost", "ChargeCategory = 'Purchase'")
    assert bought == total(bill, "EffectiveCost", "CommitmentDiscountStatus IS NOT NULL")
    assert total(bill, "BilledCost", "CommitmentDiscountStatus IS NOT NULL") == 0


def test_tags_name_nodes_of_the_model_and_some_are_missing(
    bill: duckdb.DuckDBPyConnection, company: DemoCompany
) -> None:
    nodes = {node.id for node in load_model(company.folder).nodes}
    for provider, tag in (("AWS", "component"), ("Microsoft", "workload")):
        mine = f"ProviderName = '{provider}'"
        tagged = one(bill, f"list(DISTINCT Tags::JSON->>'{tag}')", f"{mine} AND Tags IS NOT NULL")
        assert isinstance(tagged, list)
        assert len(tagged) >= 4
        assert {name for name in tagged if name is not None} <= nodes
    untagged = total(bill, "EffectiveCost", "contains(Tags, 'created_by')")
    assert Decimal(50_000) < untagged < Decimal(150_000)
