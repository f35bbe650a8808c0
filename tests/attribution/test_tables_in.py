"""Costs and usage come from any library that speaks Arrow, exactly or not at all."""

from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import apportion as ap

DAY = date(2024, 1, 1)
LOCAL, ZONED = pa.timestamp("us"), pa.timestamp("us", "UTC")
MODEL = ap.Model.from_dict(
    {
        "currency": "USD",
        "nodes": [
            {"id": "db", "type": "platform"},
            {"id": "shop", "type": "product"},
            {"id": "stall", "type": "product"},
        ],
        "edges": [
            {
                "source": "db",
                "receiver": ["shop", "stall"],
                "strategy": "proportional_on",
                "parameters": {
                    "metric": "calls",
                    "segment_filter": {"label": "env", "values": ["prod"]},
                },
            }
        ],
    }
)
COSTS = pa.table({"node": ["db"], "date": [DAY], "dimension": ["all"], "amount": ["3.00"]})
LABELS = ['{"env": "prod"}', '{"env": "prod"}', '{"env": "test"}']
USAGE = {
    "node": ["shop", "stall", "stall"],
    "date": [DAY] * 3,
    "metric": ["calls"] * 3,
    "value": [1, 2, 9],
}
PAIRS = [[("env", "prod")], [("env", "prod")], [("env", "test")]]


def _shop(costs: Any, usage: Any) -> Decimal:
    result = ap.attribute(MODEL, costs, usage)
    [row] = [row for row in result.contributions.to_pylist() if row["receiver"] == "shop"]
    return row["amount"]


@pytest.mark.parametrize(
    "usage",
    [
        pa.table({**USAGE, "labels": LABELS}),
        pa.table({**USAGE, "labels": pa.array(PAIRS, pa.map_(pa.string(), pa.string()))}),
        pa.table({**USAGE, "labels": [{"env": "prod"}, {"env": "prod"}, {"env": "test"}]}),
        pl.DataFrame({**USAGE, "labels": LABELS}),
        pd.DataFrame({**USAGE, "labels": LABELS}),
        pa.table({**USAGE, "value": [0.1, 0.2, 0.9], "labels": LABELS}),
        pa.table({**USAGE, "value": ["1", "2", "9"], "labels": LABELS}),
        pa.table({**USAGE, "date": ["2024-01-01"] * 3, "labels": LABELS}),
    ],
    ids=["json", "map", "struct", "polars", "pandas", "floats", "texts", "dates as text"],
)
def test_usage_comes_in_many_forms(usage: Any) -> None:
    assert _shop(COSTS, usage) == Decimal("1.000000000")


@pytest.mark.parametrize(
    "amount",
    [
        pa.array([Decimal("3.00")]),
        pa.array([3]),
        pa.array(["3"]),
        pa.array(["3"], pa.string_view()),
        pa.array(["3"]).dictionary_encode(),
        pa.array([Decimal(3)], pa.decimal128(38, 18)),
    ],
    ids=["decimal", "whole", "text", "view", "encoded", "wide decimal"],
)
def test_amounts_come_in_many_forms(amount: pa.Array) -> None:
    costs = COSTS.set_column(3, "amount", amount)
    assert _shop(costs, pa.table({**USAGE, "labels": LABELS})) == Decimal("1.000000000")


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"amount": [3.0]}, "invalid_value", "floats"),
        ({"amount": ["1,000"]}, "invalid_value", "'1,000'"),
        ({"amount": ["NaN"]}, "invalid_value", "'NaN'"),
        ({"amount": ["1e400"]}, "invalid_value", "'1e400'"),
        ({"amount": [None]}, "invalid_value", "empty"),
        ({"amount": ["99999999999"]}, "amount_overflow", "'db'"),
        ({"date": ["2024-02-31"]}, "invalid_value", "'2024-02-31'"),
        ({"node": ["elsewhere"]}, "unknown_node", "'elsewhere'"),
        ({"currency": ["EUR"]}, "missing_exchange_rate", "EUR"),
    ],
)
def test_what_is_not_exact_is_refused(change: dict[str, Any], code: str, said: str) -> None:
    costs = pa.table({**COSTS.to_pydict(), **change})
    with pytest.raises(ap.RunError) as caught:
        ap.attribute(MODEL, costs)
    assert [finding.code for finding in caught.value.findings] == [code]
    assert said in caught.value.findings[0].message


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ap.RunError, match="'dimension'"):
        ap.attribute(MODEL, COSTS.drop_columns(["dimension"]))


def test_something_else_than_a_table_is_refused() -> None:
    with pytest.raises(ap.RunError, match="Arrow"):
        ap.attribute(MODEL, [{"node": "db"}])


def test_a_period_without_cost_is_a_warning_and_reconciles() -> None:
    result = ap.attribute(MODEL, COSTS, start=date(2025, 1, 1), end=date(2025, 1, 2))
    assert [row["code"] for row in result.warnings.to_pylist()] == ["no_cost"]
    assert result.reconciliation().invariant_violations == ()


@pytest.mark.parametrize(("code", "remedy"), [("eur", "'EUR'"), ("dollars", "USD")])
def test_a_currency_that_does_not_exist_is_not_missing_a_rate(code: str, remedy: str) -> None:
    with pytest.raises(ap.RunError) as refused:
        ap.attribute(MODEL, COSTS, currency=code)
    (finding,) = refused.value.findings
    assert finding.code == "unknown_currency"
    assert remedy in finding.remedy


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (pa.array(["2024-01-01 23:30:00Z"]).cast(ZONED), "moments in the zone UTC"),
        (pa.array(["2024-01-01 23:30:00"]).cast(LOCAL), "a time of day in row 1, 2024-01-01 23:30"),
    ],
)
def test_a_moment_is_no_day(moment: pa.Array, said: str) -> None:
    costs = COSTS.set_column(1, "date", moment)
    with pytest.raises(ap.RunError, match=said):
        ap.attribute(MODEL, costs)


def test_midnight_without_a_zone_is_a_day() -> None:
    costs = COSTS.set_column(1, "date", pa.array(["2024-01-01"]).cast(LOCAL))
    assert ap.attribute(MODEL, costs, pa.table({**USAGE, "labels": LABELS})).start == DAY
