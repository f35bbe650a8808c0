"""Bills as people really have them: read rightly, or told with their line and money."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from inputs import CHARGE, amounts, bill, codes, costs, model, parquet, read, refusal, written

from apportion.findings import Finding
from apportion.ingest.incoming import Incoming

TEAMS = [{"when": {"tag": "team", "exists": True}, "node": "{tag.team}", "dimension": "d"}]


def _said(found: Incoming, code: str) -> list[Finding]:
    return [each for each in found.report.findings if each.code == code]


@pytest.mark.parametrize("shape", ["csv", "parquet"])
def test_a_currency_may_be_blank_where_nothing_is_owed(shape: str) -> None:
    rows = [
        {"EffectiveCost": "7"},
        *({"BillingCurrency": "", "EffectiveCost": c} for c in ("0", "")),
    ]
    found = read("focus", _in_shape(shape, *rows))
    assert amounts(found, "currency") == {"USD": 7}
    assert found.report.accepted == 3


@pytest.mark.parametrize("shape", ["csv", "parquet"])
def test_a_blank_currency_of_an_amount_is_refused_even_where_such_lines_cancel(shape: str) -> None:
    rows = [{"BillingCurrency": "", "EffectiveCost": cost} for cost in ("5", "-5", "0")]
    said = refusal("focus", _in_shape(shape, {}, *rows))
    assert [line.split(": error")[0] for line in said] == [
        f"a.{shape}:{first + (shape == 'csv')}:3" for first in (2, 3)
    ]
    assert "BillingCurrency is ''; it is blank. Give it a value." in said[0]


def _in_shape(shape: str, *rows: dict[str, str]) -> Path:
    if shape == "csv":
        return bill("a.csv", *rows)
    lines = [{**CHARGE, **row} for row in rows]
    return parquet("a.parquet", **{name: [line[name] for line in lines] for name in CHARGE})


def test_a_currency_is_the_same_in_any_capitals() -> None:
    rows = [{"BillingCurrency": code} for code in ("usd", " Usd ", "USD")]
    found = read("focus", bill("a.csv", *rows))
    assert amounts(found, "currency") == {"USD": 3}
    assert [total.difference for total in found.report.totals] == ["0"]
    plain = read("costs", costs("c.csv", {"currency": "eur"}, {"currency": ""}))
    assert amounts(plain, "currency") == {"EUR": Decimal("10.5"), "USD": Decimal("10.5")}


@pytest.mark.parametrize("ending", ["\n", "\r\n", "", "\n\n"])
def test_a_part_without_lines_takes_nothing_from_the_others(ending: str) -> None:
    columns = {name: pa.array([], pa.string()) for name in CHARGE}
    empty = [written(name, ",".join(CHARGE) + ending) for name in ("b.csv", "d.csv")]
    empty.append(parquet("b.parquet", **columns))
    found = read("focus", bill("a.csv", {}), *empty, bill("c.csv", {"EffectiveCost": "2"}))
    assert amounts(found, "currency") == {"USD": 3}
    said = _said(found, "check_saw_no_rows")
    assert [each.where.file for each in said] == [str(path) for path in empty]
    assert [each.lines_read for each in found.report.files] == [1, 0, 0, 0, 1]


def test_a_delivery_without_a_line_is_refused_as_a_whole() -> None:
    paths = [written(name, ",".join(CHARGE) + "\n") for name in ("a.csv", "b.csv")]
    said = refusal("focus", *paths)
    assert len(said) == 2
    assert all("error [check_saw_no_rows]" in each for each in said)


@pytest.mark.parametrize(
    "line",
    [
        "Total,,,,,,3,1,4,,,,2,",
        "Grand total:,,,,,,3,1,4,,,,2,",
        ',,"total",,,,,1,,,,,,',
        ",,,,,,,1,,,,,,",
        '2,,,,,,3.50," -1.5e3 ",,,,,,',
        "Total,1",
        "Total (USD),,,,,,,1,,,,,,",
        "2,NULL,USD,,,,3,1,4,,,,2,null",
    ],
)
def test_a_line_of_totals_is_told_as_such(line: str) -> None:
    path = bill("a.csv", {})
    path.write_text(path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
    (said,) = refusal("focus", path)
    assert said.startswith("a.csv:3: error [invalid_value] The line is one of totals: ")
    found = read("focus", path, reject_file="bad.csv")
    assert amounts(found, "currency") == {"USD": 1}
    assert "it is a line of totals" in Path("bad.csv").read_text(encoding="utf-8")


def test_a_line_that_says_whose_it_is_is_no_total() -> None:
    path = written("a.csv", "node,date,dimension,amount\nservers,2024-01-01,c,x\n,2024-01-01,,5\n")
    said = refusal("costs", path)
    assert [each.split(": error")[0] for each in said] == ["a.csv:2:4", "a.csv:3:1", "a.csv:3:3"]


@pytest.mark.parametrize(
    "tags",
    [
        '"team": "servers","env": "prod"',
        '"team":"servers"',
        "team:servers, env:prod",
        "env: prod ; team : servers",
        "team=servers",
        '[{"Key": "team", "Value": "servers"}]',
        '[{"Name": "team", "Value": "servers"}]',
        '{"user:team": "servers"}',
        '{"user:team": "database", "team": "servers"}',
    ],
)
def test_tags_in_forms_that_can_mean_one_thing_alone(tags: str) -> None:
    found = read("focus", bill("a.csv", {"Tags": tags}), company=model(mapping=TEAMS))
    assert amounts(found, "node") == {"servers": 1}


@pytest.mark.parametrize(
    "tags",
    [
        "user:team:servers",
        "team:servers, database",
        "team:servers, team:database",
        "servers",
        ":servers",
        "{team: servers}",
        "team:arn:aws:ecs",
        "{'team': 'servers'}",
    ],
)
def test_tags_that_can_mean_several_things_are_refused_and_the_form_is_shown(tags: str) -> None:
    said = refusal("focus", bill("a.csv", {"Tags": tags}), company=model(mapping=TEAMS))
    assert len(said) == 1
    assert said[0].startswith("a.csv:2:14: error [invalid_value] Tags is ")
    assert 'expected a JSON object such as {"team": "core"}' in said[0]


def test_tags_with_capital_names_in_a_parquet_file() -> None:
    columns: dict[str, Any] = {name: [text] for name, text in CHARGE.items()}
    tags = pa.array([[{"Key": "user:team", "Value": "servers"}]])
    path = parquet("a.parquet", **{**columns, "Tags": tags})
    assert amounts(read("focus", path, company=model(mapping=TEAMS)), "node") == {"servers": 1}


SPREADSHEET = [
    {"BillingAccountId": "123456789012", "SubAccountId": "1.23457E+11", "EffectiveCost": "12.5"},
    {"BillingAccountId": "12345678901", "SubAccountId": "210987654321", "EffectiveCost": "2"},
    {"BillingAccountId": "12345678901", "SubAccountId": "210987654321", "EffectiveCost": "3"},
]


def test_accounts_that_a_spreadsheet_has_spoilt_are_told_with_line_and_money() -> None:
    by_account = [
        {"when": {"column": "SubAccountId", "equals": "x"}, "node": "a", "dimension": "d"}
    ]
    found = read(
        "focus",
        bill("a.csv", {**CHARGE, "SubAccountId": "1"}, *SPREADSHEET),
        company=model(mapping=by_account),
    )
    first, second = _said(found, "wrong_type")
    assert (first.where.line, second.where.line) == (4, 3)
    assert "BillingAccountId is '12345678901' on 2 lines with 5 USD" in first.message
    assert "zeros before it are lost" in first.message
    assert "SubAccountId is '1.23457E+11' on 1 line with 12.5 USD" in second.message
    without = read("focus", bill("a.csv", *SPREADSHEET))
    assert len(_said(without, "wrong_type")) == 1


@pytest.mark.parametrize("account", ['="012345678901"', "'012345678901"])
def test_an_account_that_is_quoted_for_a_spreadsheet_is_told(account: str) -> None:
    (said,) = _said(read("focus", bill("a.csv", {"BillingAccountId": account})), "wrong_type")
    assert (said.where.line, said.where.column) == (2, 2)
    assert "with 1 USD" in said.message
    assert "written for a spreadsheet" in said.message


def test_accounts_that_are_stored_as_numbers_are_looked_at_by_value() -> None:
    columns: dict[str, Any] = {name: [text] * 2 for name, text in CHARGE.items()}
    ids = pa.array([210987654321, 12345678901])
    found = read("focus", parquet("a.parquet", **{**columns, "BillingAccountId": ids}))
    (said,) = _said(found, "wrong_type")
    assert said.where.line == 2
    other = {**columns, "BillingAccountId": ids, "ProviderName": ["Alibaba"] * 2}
    assert "wrong_type" not in codes(read("focus", parquet("b.parquet", **other)))


def test_floats_of_32_bits_are_told_with_what_they_may_be_off_by() -> None:
    values = np.array([0.1, 123456.78, -123456.78])
    columns: dict[str, Any] = {name: [text] * 3 for name, text in CHARGE.items()}
    narrow = pa.array(values, pa.float32())
    found = read("focus", parquet("a.parquet", **{**columns, "EffectiveCost": narrow}))
    (said,) = _said(found, "rounded_amounts")
    assert "'EffectiveCost' holds floats of 32 bits, which keep 7 digits" in said.message
    assert said.message.endswith("may be off by up to 0.015 USD.")
    exact = [Decimal(float(np.float32(value))) for value in values]
    off = sum(abs(Decimal(str(value)) - held) for value, held in zip(values, exact, strict=True))
    assert 0 < off <= Decimal("0.015")
    wide = parquet("b.parquet", **{**columns, "EffectiveCost": pa.array(values)})
    assert "rounded_amounts" not in codes(read("focus", wide))
    plain = parquet(
        "c.parquet",
        node=["servers"],
        date=["2024-01-01"],
        dimension=["c"],
        amount=pa.array([1.5], pa.float32()),
    )
    assert len(_said(read("costs", plain), "rounded_amounts")) == 1


def test_a_cost_that_is_0_throughout_is_told_with_what_another_has() -> None:
    free = {"EffectiveCost": "0", "BilledCost": "40.5"}
    found = read("focus", bill("a.csv", free, {**free, "BilledCost": "-0.5"}))
    (said,) = _said(found, "empty_cost")
    assert (
        said.message == "EffectiveCost is 0 in all 2 lines, where BilledCost has 40 USD on 2 lines."
    )
    assert "--cost-column billed" in said.remedy
    assert "cost_column: billed" in said.remedy
    cancelling = [{"EffectiveCost": "3"}, {"EffectiveCost": "-3"}]
    assert not _said(read("focus", bill("b.csv", *cancelling)), "empty_cost")
    tier = {"EffectiveCost": "0", "BilledCost": "0", "ListCost": "9"}
    assert not _said(read("focus", bill("c.csv", tier)), "empty_cost")
    covered = read("focus", bill("d.csv", {"BilledCost": "0"}), cost_column="billed")
    assert "EffectiveCost has 1 USD" in _said(covered, "empty_cost")[0].message


def test_a_purchase_of_a_commitment_that_has_an_effective_cost_is_told() -> None:
    bought = {"ChargeCategory": "Purchase", "CommitmentDiscountId": "sp-1", "EffectiveCost": "730"}
    used = {"ChargeCategory": "Usage", "CommitmentDiscountId": "sp-1"}
    other = {"ChargeCategory": "Purchase", "CommitmentDiscountId": "NULL"}
    path = bill("a.csv", bought, used, other)
    (said,) = _said(read("focus", path), "commitment_twice")
    assert said.message == (
        "Purchases of commitments count 730 USD of EffectiveCost on 1 line, though a purchase has "
        "none by the standard, because the usage that it pays for has its cost."
    )
    assert "commitment_twice" not in codes(read("focus", path, cost_column="billed"))
    right = bill("b.csv", {**bought, "EffectiveCost": "0"}, used, other)
    assert "commitment_twice" not in codes(read("focus", right))


@pytest.mark.parametrize("name", ["BillingPeriodStart", "BillingPeriodEnd", "BillingAccountId"])
def test_no_other_column_of_the_standard_is_proposed_for_a_missing_one(name: str) -> None:
    found = read("focus", bill("a.csv", {"SubAccountId": "x"}, without=[name]))
    (said,) = _said(found, "missing_key")
    assert (said.where.file, said.remedy) == ("a.csv", "")
    near = name.replace("Billing", "Biling")
    found = read("focus", bill("a.csv", {near: CHARGE[name]}, without=[name]))
    assert near in _said(found, "missing_key")[0].remedy


def test_unused_commitments_without_an_effective_cost_are_told() -> None:
    unused = {"CommitmentDiscountStatus": "Unused", "CommitmentDiscountId": "sp-1"}
    lines = [{**unused, "ChargeCategory": "Usage", "EffectiveCost": cost} for cost in ("0", "")]
    other = {"CommitmentDiscountStatus": "Used", "ChargeCategory": "Usage"}
    (_, said) = _said(read("focus", bill("a.csv", *lines, other, other)), "empty_cost")
    assert "no EffectiveCost on 2 lines" in said.message
    paid = bill("b.csv", {**lines[0], "EffectiveCost": "3"}, other)
    assert "empty_cost" not in codes(read("focus", paid))


def test_charges_outside_their_billing_period_are_told_with_days_and_money() -> None:
    rows = [
        {"ChargePeriodStart": "1970-01-01", "ChargePeriodEnd": "1970-01-02", "EffectiveCost": "7"},
        {"ChargePeriodStart": "2024-10-02", "ChargePeriodEnd": "2024-10-03"},
        {"ChargePeriodStart": "2024-10-01", "ChargePeriodEnd": "2024-10-02"},
    ]
    notes = read("focus", bill("a.csv", *rows, {})).report.notes
    said = "Outside the billing period: 2 charges of 8 USD, on days from 1970-01-01 to 2024-10-02."
    assert said in notes
    assert not any("Outside" in note for note in read("focus", bill("b.csv", {})).report.notes)


def test_a_header_that_joining_has_left_in_the_middle_is_told_as_such() -> None:
    once = bill("a.csv", {}).read_bytes()
    (said,) = refusal("focus", written("b.csv", once + "\ufeff".encode() + once))
    assert "The line repeats the header" in said


def split(*rows: tuple[str, str, str]) -> list[dict[str, str]]:
    """Lines of a resource, a method and a cost."""
    return [
        {"ResourceId": resource, "AllocatedMethodId": method, "EffectiveCost": cost}
        for resource, method, cost in rows
    ]


def test_split_charges_beside_the_charge_they_are_of_are_told() -> None:
    lines = split(("r1", "", "100"), ("r1", "m", "60"), ("r1", "m", "40"), ("r2", "m", "7"))
    (said,) = _said(read("focus", bill("a.csv", *lines)), "allocated_beside_origin")
    assert said.message == (
        "2 lines with an AllocatedMethodId count 100 USD of EffectiveCost beside 1 line without "
        "one of the same ResourceId (1 resource, such as 'r1'); if the former are parts of the "
        "latter, that money counts twice."
    )
    assert (said.severity, str(said.where)) == ("warning", "a.csv")
    assert said.remedy.startswith("Leave one of the two out of the export")


def test_split_charges_in_another_file_than_their_origin_are_told() -> None:
    origin = bill("a.csv", {"ResourceId": "r1", "EffectiveCost": "100"})
    parts = bill("b.csv", *split(("r1", "m", "60"), ("r1", "m", "40")))
    (said,) = _said(read("focus", origin, parts), "allocated_beside_origin")
    assert "count 100 USD" in said.message
    assert str(said.where) == "b.csv"


@pytest.mark.parametrize(
    "rows",
    [
        [("r1", "m", "60"), ("r1", "m", "40")],
        [("r1", "", "60"), ("r2", "m", "40")],
        [("r1", "", "0"), ("r1", "m", "60")],
        [("", "", "60"), ("", "m", "60")],
        [("r1", "", "60"), ("r1", "NULL", "40")],
    ],
)
def test_split_charges_without_their_origin_are_not(rows: list[tuple[str, str, str]]) -> None:
    found = read("focus", bill("a.csv", *split(*rows)))
    assert "allocated_beside_origin" not in codes(found)


def test_split_charges_of_a_bill_with_rejected_lines() -> None:
    lines = split(("r1", "", "100"), ("r1", "m", "60"), ("r1", "m", "x"))
    found = read("focus", bill("a.csv", *lines), reject_file="rejects.csv")
    (said,) = _said(found, "allocated_beside_origin")
    assert "count 60 USD" in said.message
