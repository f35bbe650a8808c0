"""FOCUS bills: which cost counts, where a line belongs, on which days, in every shape of file."""

import csv
import gzip
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from inputs import CHARGE, amounts, bill, codes, day, model, parquet, read, refusal, written

from apportion.ingest.focus_columns import VERSIONS
from apportion.ingest.ingest import COST_COLUMNS

TEAMS = [
    {
        "when": {"tag": "team", "exists": True},
        "node": "{tag.team}",
        "dimension": "{ServiceCategory}",
    }
]
MOMENTS = ("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd")


@pytest.mark.parametrize(
    ("column", "amount"), [("effective", 1), ("billed", 2), ("contracted", 3), ("list", 4)]
)
def test_which_cost_counts(column: str, amount: int) -> None:
    path = bill("a.csv", {})
    chosen = read("focus", path, cost_column=column)
    declared = read("focus", path, company=model(cost_column=column))
    assert amounts(chosen, "node") == amounts(declared, "node") == {"unmapped:AWS": amount}
    assert chosen.rows.equals(declared.rows)


def test_the_effective_cost_counts_unless_told_otherwise() -> None:
    found = read("focus", bill("a.csv", {}))
    assert amounts(found, "node") == {"unmapped:AWS": 1}
    assert found.report.notes == ("Read as FOCUS 1.0; the cost is EffectiveCost.",)
    assert COST_COLUMNS[0] == "effective"


def test_an_argument_comes_before_the_setting() -> None:
    company = model(cost_column="list")
    found = read("focus", bill("a.csv", {}), company=company, cost_column="billed")
    assert amounts(found, "node") == {"unmapped:AWS": 2}


def _bill_of(version: str) -> dict[str, str]:
    """A line with every column that a version of the standard has."""
    names = {name for known, added in VERSIONS.items() if known <= version for name in added}
    if version >= "1.4":
        names -= {"ProviderName", "PublisherName"}
    own = {"ServiceProviderName": "AWS", "Tags": '{"team": "servers"}', "InvoiceIssuerName": "AWS"}
    return {name: own.get(name, CHARGE.get(name, "")) for name in sorted(names)}


@pytest.mark.parametrize("version", sorted(VERSIONS))
@pytest.mark.parametrize("shape", ["csv", "csv.gz", "parquet"])
def test_every_version_in_every_shape(version: str, shape: str) -> None:
    line = _bill_of(version)
    path = _in_shape(line, shape)
    provider = [{"when": {"column": "ProviderName", "equals": "AWS"}, **_TO_SERVERS}]
    found = read("focus", path, company=model(mapping=provider))
    assert found.rows.to_pylist() == [
        {
            "source": "AWS/acme",
            "period": "2024-09-01/2024-09-30",
            "node": "servers",
            "date": day(2),
            "dimension": "Compute",
            "currency": "USD",
            "amount": Decimal(1),
            "lines": 1,
        }
    ]
    assert found.report.notes == (f"Read as FOCUS {version}; the cost is EffectiveCost.",)
    assert not found.report.findings


_TO_SERVERS = {"node": "servers", "dimension": "{ServiceCategory}"}


def _in_shape(line: dict[str, str], shape: str) -> Path:
    path = Path(f"a.{shape}")
    if shape == "parquet":
        columns: dict[str, Any] = {name: [text or None] for name, text in line.items()}
        for name in MOMENTS:
            moment = datetime.fromisoformat(line[name]).replace(tzinfo=UTC)
            columns[name] = pa.array([moment], pa.timestamp("us", "UTC"))
        for name in ("BilledCost", "ContractedCost", "EffectiveCost", "ListCost"):
            columns[name] = pa.array([Decimal(line[name])], pa.decimal128(38, 18))
        columns["Tags"] = pa.array([[("team", "servers")]], pa.map_(pa.string(), pa.string()))
        return parquet(path.name, **columns)
    opened = gzip.open if shape == "csv.gz" else open
    with opened(path, "wt", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(line))
        writer.writeheader()
        writer.writerow(line)
    return path


@pytest.mark.parametrize(
    ("tags", "team"),
    [
        ('{"team": "servers"}', "servers"),
        ('{"team": " servers "}', "servers"),
        ('{"team": "ser\\u0076ers", "other": null}', "servers"),
        ('[{"key": "team", "value": "servers"}]', "servers"),
        ("{}", None),
        ("NULL", None),
        ("", None),
        ('{"team": null}', None),
        ('{"team": ""}', None),
        ('{"Team": "servers"}', None),
        ('{"team": "nobody"}', None),
    ],
)
def test_tags(tags: str, team: str | None) -> None:
    found = read("focus", bill("a.csv", {"Tags": tags}), company=model(mapping=TEAMS))
    assert amounts(found, "node") == {team or "unmapped:AWS": 1}


@pytest.mark.parametrize(
    "column",
    [
        pa.array([[("team", "servers")]], pa.map_(pa.string(), pa.string())),
        pa.array([{"team": "servers", "env": None}]),
        pa.array([[{"key": "team", "value": "servers"}]]),
        pa.array(['{"team": "servers"}']).dictionary_encode(),
    ],
    ids=["map", "struct", "pairs", "dictionary"],
)
def test_tags_of_a_parquet_file(column: pa.Array) -> None:
    columns: dict[str, Any] = {name: [text] for name, text in CHARGE.items()}
    path = parquet("a.parquet", **{**columns, "Tags": column})
    found = read("focus", path, company=model(mapping=TEAMS))
    assert amounts(found, "node") == {"servers": 1}


def test_null_and_empty_are_nothing() -> None:
    rows = [
        {"ServiceCategory": "NULL", "ProviderName": ""},
        {"ServiceCategory": "", "ProviderName": "NULL"},
        {"ServiceCategory": "  ", "ProviderName": " "},
        {"EffectiveCost": "NULL"},
        {"EffectiveCost": ""},
    ]
    found = read("focus", bill("a.csv", *rows))
    assert amounts(found, "node", "dimension") == {
        ("unmapped:unknown", "unknown"): 3,
        ("unmapped:AWS", "Compute"): 0,
    }
    (blanks,) = (each for each in found.report.findings if each.code == "empty_cost")
    assert "No EffectiveCost on 2 of 5 lines, where BilledCost has 4 USD" in blanks.message
    assert (found.report.lines_read, found.report.accepted) == (5, 5)


def test_nulls_of_a_parquet_file_are_nothing() -> None:
    columns: dict[str, Any] = {name: [text] for name, text in CHARGE.items()}
    nothing = pa.array([None], pa.string())
    columns |= {"ServiceCategory": nothing, "Tags": nothing, "BillingPeriodEnd": nothing}
    found = read("focus", parquet("a.parquet", **columns), company=model(mapping=TEAMS))
    (row,) = found.rows.to_pylist()
    assert (row["node"], row["dimension"]) == ("unmapped:AWS", "unknown")
    assert row["period"] == "2024-09-01/2024-09-30"


def test_credits_refunds_corrections_and_taxes_keep_their_sign() -> None:
    rows = [
        {"ChargeCategory": "Usage", "ChargeClass": "NULL", "EffectiveCost": "100.01"},
        {"ChargeCategory": "Credit", "ChargeClass": "NULL", "EffectiveCost": "-30.005"},
        {"ChargeCategory": "Usage", "ChargeClass": "Correction", "EffectiveCost": "-7.5"},
        {"ChargeCategory": "Adjustment", "ChargeClass": "NULL", "EffectiveCost": "-0.000000001"},
        {"ChargeCategory": "Tax", "ChargeClass": "NULL", "EffectiveCost": "19"},
        {"ChargeCategory": "Purchase", "ChargeClass": "NULL", "EffectiveCost": "0"},
    ]
    each = {"when": {"column": "ChargeCategory", "exists": True}, "node": "servers"}
    company = model(mapping=[{**each, "dimension": "{ChargeCategory} {ChargeClass}"}])
    found = read("focus", bill("a.csv", *rows), company=company)
    assert amounts(found, "dimension") == {
        "Usage unknown": Decimal("100.01"),
        "Credit unknown": Decimal("-30.005"),
        "Usage Correction": Decimal("-7.5"),
        "Adjustment unknown": Decimal("-0.000000001"),
        "Tax unknown": Decimal(19),
        "Purchase unknown": Decimal(0),
    }


def test_currencies_stay_apart() -> None:
    rows = [{"BillingCurrency": currency} for currency in ("USD", "EUR", "USD")]
    found = read("focus", bill("a.csv", *rows))
    assert amounts(found, "currency") == {"USD": 2, "EUR": 1}
    assert [(each.currency, each.file) for each in found.report.totals] == [
        ("EUR", "1"),
        ("USD", "2"),
    ]


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("2024-09-02 00:00:00", "2024-09-03 00:00:00", {2: "1"}),
        ("2024-09-02T22:00:00Z", "2024-09-02T23:00:00Z", {2: "1"}),
        ("2024-09-02T23:00:00Z", "2024-09-03T00:00:00Z", {2: "1"}),
        ("2024-09-02", "2024-09-02", {2: "1"}),
        ("2024-09-02", "NULL", {2: "1"}),
        ("2024-09-02T23:30:00-01:00", "2024-09-03T00:30:00-01:00", {3: "1"}),
        ("2024-09-02T18:00:00Z", "2024-09-03T00:00:01Z", {2: "0.999953706", 3: "0.000046294"}),
        ("2024-09-02", "2024-09-05", {2: "0.333333333", 3: "0.333333334", 4: "0.333333333"}),
        ("2024-09-02T12:00:00Z", "2024-09-04T00:00:00Z", {2: "0.333333333", 3: "0.666666667"}),
    ],
)
def test_the_days_of_a_charge(start: str, end: str, days: dict[int, str]) -> None:
    found = read("focus", bill("a.csv", {"ChargePeriodStart": start, "ChargePeriodEnd": end}))
    assert amounts(found, "date") == {day(number): Decimal(text) for number, text in days.items()}
    mirror = {"ChargePeriodStart": start, "ChargePeriodEnd": end, "EffectiveCost": "-1"}
    credit = read("focus", bill("b.csv", mirror))
    assert amounts(credit, "date") == {day(n): -Decimal(text) for n, text in days.items()}


def test_a_year_of_a_fee_reaches_every_day() -> None:
    fee = {"ChargePeriodEnd": "2025-09-02", "EffectiveCost": "1000"}
    found = read("focus", bill("a.csv", fee))
    assert found.rows.num_rows == 365
    assert sum(amounts(found, "date").values()) == 1000
    assert "Divided 1 charge of several days over them by time." in found.report.notes


def test_without_optional_columns_it_says_what_is_assumed() -> None:
    absent = (
        "ChargePeriodEnd",
        "BillingPeriodStart",
        "BillingPeriodEnd",
        "BillingAccountId",
        "ServiceCategory",
        "ProviderName",
        "Tags",
    )
    rows = {"ChargePeriodStart": "2024-09-17T05:00:00Z"}
    found = read("focus", bill("a.csv", rows, without=absent), company=model(mapping=TEAMS))
    (row,) = found.rows.to_pylist()
    assert (row["source"], row["period"]) == ("unknown/unknown", "2024-09-01/2024-09-30")
    assert (row["node"], row["dimension"]) == ("unmapped:unknown", "unknown")
    assert row["date"] == day(17)
    told = [each for each in found.report.findings if each.code == "missing_key"]
    assert len(told) == len(absent)
    assert all(any(repr(name) in each.message for each in told) for name in absent)


def test_a_bill_speaks_for_each_provider_account_and_period() -> None:
    rows = [
        {"BillingAccountId": "a", "BillingPeriodStart": "2024-08-01"},
        {"BillingAccountId": "b"},
        {"ProviderName": "Oracle"},
    ]
    found = read("focus", bill("a.csv", *rows))
    assert [(each.source, each.period) for each in found.replaces] == [
        ("AWS/a", "2024-08-01/2024-09-30"),
        ("AWS/b", "2024-09-01/2024-09-30"),
        ("Oracle/acme", "2024-09-01/2024-09-30"),
    ]


def test_a_misspelt_cost_column_is_guessed() -> None:
    path = written("a.csv", bill("b.csv", {}).read_text().replace("EffectiveCost", "EfectiveCost"))
    (said,) = refusal("focus", path)
    assert "missing_key" in said
    assert said.endswith("Did you mean 'EfectiveCost'?")


def test_cells_of_a_parquet_file_are_placed_by_row_and_column() -> None:
    columns: dict[str, Any] = {name: [text, text] for name, text in CHARGE.items()}
    path = parquet("a.parquet", **{**columns, "EffectiveCost": [1.0, float("nan")]})
    (said,) = refusal("focus", path)
    assert said.startswith("a.parquet:2:9: error [invalid_value] EffectiveCost is 'nan'")


def test_doubles_are_what_a_person_would_read() -> None:
    """The shortest decimal that reads back as the double, for which there is no better reading."""
    values = [0.1, 0.2, 1e-12, 123456.789, 1 / 3, 2 / 3, 4.35e-7, -0.07, 1e6 / 7]
    columns: dict[str, Any] = {name: [text] * len(values) for name, text in CHARGE.items()}
    found = read("focus", parquet("a.parquet", **{**columns, "EffectiveCost": values}))
    total = sum((Decimal(repr(value)) for value in values), Decimal(0))
    assert Decimal(found.report.totals[0].file) == total
    assert codes(found) == ["unmapped_cost", "rounded_amounts"]
