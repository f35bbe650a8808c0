"""The rules on one source and two or three receivers, with parts that anybody can work out."""

from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest

import apportion as ap

DAY = date(2024, 3, 10)
CALLS = {"metric": "calls"}


def usage(*rows: tuple[str, str] | tuple[str, str, int]) -> list[dict[str, Any]]:
    """Rows of calls: node, value, and how many days ago."""
    return [
        {
            "node": node,
            "date": DAY - timedelta(days=ago[0] if ago else 0),
            "metric": "calls",
            "value": value,
        }
        for node, value, *ago in rows
    ]


def run(
    amount: str,
    use: dict[str, Any],
    rows: list[dict[str, Any]],
    receivers: str = "ab",
    dimension: str = "x",
    **others: Any,
) -> ap.Result:
    """An amount on ``source``, and the use of all its edges."""
    model = ap.Model.from_dict(
        {
            "currency": "USD",
            "scale": 2,
            "nodes": [
                {"id": "source", "type": "shared"},
                *({"id": name, "type": "product"} for name in receivers),
            ],
            "edges": [{"source": "source", "receiver": name, **use} for name in receivers],
            **others,
        }
    )
    cost = {"node": "source", "date": DAY, "dimension": dimension, "amount": amount}
    if "exchange_rates" in others:
        cost["currency"] = "EUR"
    schema = pa.schema(
        [
            ("node", pa.string()),
            ("date", pa.date32()),
            ("metric", pa.string()),
            ("value", pa.string()),
        ]
    )
    return ap.attribute(
        model, pa.Table.from_pylist([cost]), pa.Table.from_pylist(rows, schema=schema)
    )


def parts(*arguments: Any, **others: Any) -> dict[str, str]:
    """What each receiver of ``source`` gets of an amount, and what ``source`` keeps."""
    result = run(*arguments, **others)
    told = {row["receiver"]: str(row["amount"]) for row in result.contributions.to_pylist()}
    (own,) = [row for row in result.allocations.to_pylist() if row["node"] == "source"]
    return {**told, "source": str(own["retained"])}


def test_negative_usage_counts_as_nothing_and_takes_nothing_from_others() -> None:
    use = {"strategy": "proportional_on", "parameters": CALLS}
    rows = usage(("a", "30"), ("a", "-20"), ("b", "10"), ("c", "-5"))
    assert parts("8.00", use, rows, "abc") == {
        "a": "6.00",
        "b": "2.00",
        "c": "0.00",
        "source": "0.00",
    }


@pytest.mark.parametrize(
    ("decay", "of_b"),
    # b: 4 today; a: 4 yesterday, which fades once, and 64 too long ago.
    [("1", "5.00"), ("0.5", "6.67"), ("0.25", "8.00")],
)
def test_an_average_fades_by_whole_days(decay: str, of_b: str) -> None:
    use = {
        "strategy": "weighted_average",
        "parameters": {**CALLS, "window_days": 2, "decay": decay},
    }
    rows = usage(("a", "4", 1), ("a", "64", 2), ("b", "4", 0))
    assert parts("10.00", use, rows)["b"] == of_b


def test_an_average_reaches_back_to_the_last_day_of_its_window() -> None:
    use = {"strategy": "weighted_average", "parameters": {**CALLS, "window_days": 3}}
    rows = usage(("a", "6", 2), ("b", "3", 0))
    assert parts("9.00", use, rows) == {"a": "6.00", "b": "3.00", "source": "0.00"}


def test_of_equal_users_the_first_takes_the_rest() -> None:
    use = {"strategy": "residual_to_max", "parameters": CALLS}
    rows = usage(("c", "5"), ("b", "5"), ("a", "5"))
    assert parts("1.00", use, rows, "cab") == {
        "a": "0.34",
        "b": "0.33",
        "c": "0.33",
        "source": "0.00",
    }


@pytest.mark.parametrize(("dimension", "of_a"), [("licences", "2.50"), ("compute", "5.00")])
def test_the_override_of_a_dimension_counts_there_alone(dimension: str, of_a: str) -> None:
    override = {
        "dimension": "licences",
        "strategy": "fixed_percent",
        "parameters": {"percent": 25},
    }
    use = {"strategy": "equal", "overrides": [override]}
    assert parts("10.00", use, [], dimension=dimension)["a"] == of_a


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("equal", {"a": "5.00", "b": "5.00", "source": "0.00"}),
        ("retain", {"a": "0.00", "b": "0.00", "source": "10.00"}),
    ],
)
def test_what_happens_without_usage_is_what_the_edge_says(
    policy: str, expected: dict[str, str]
) -> None:
    use = {"strategy": "proportional_on", "parameters": CALLS, "on_zero_usage": policy}
    assert parts("10.00", use, usage(("a", "0"))) == expected


def test_a_cap_keeps_the_excess_on_the_source() -> None:
    use = {"strategy": "capped_proportional", "parameters": {**CALLS, "cap_percent": 60}}
    rows = usage(("a", "3"), ("b", "1"))
    assert parts("10.00", use, rows) == {"a": "6.00", "b": "2.50", "source": "1.50"}


@pytest.mark.parametrize(
    ("days_ago", "of_a"),
    # The rate of the very day; of the days before; the older one where the newer is to come.
    [(0, "4.00"), (3, "4.00"), (-1, "2.00")],
)
def test_the_rate_is_the_latest_up_to_the_day(days_ago: int, of_a: str) -> None:
    rates = [
        {"from": "EUR", "to": "USD", "date": DAY - timedelta(days=9), "rate": "1"},
        {"from": "EUR", "to": "USD", "date": DAY - timedelta(days=days_ago), "rate": "2"},
    ]
    assert parts("4.00", {"strategy": "equal"}, [], exchange_rates=rates)["a"] == of_a


def test_shares_above_the_whole_end_the_run() -> None:
    """All to the one who calls, and a quarter to the other besides."""
    quarter = {"strategy": "fixed_percent", "parameters": {"percent": 25}}
    edges = [
        {"source": "source", "receiver": "a", "strategy": "proportional_on", "parameters": CALLS},
        {"source": "source", "receiver": "b", **quarter},
    ]
    with pytest.raises(ap.RunError) as refused:
        parts("10.00", {}, usage(("a", "1")), edges=edges)
    assert [each.code for each in refused.value.findings] == ["shares_exceed_one"]


def test_usage_beyond_nine_decimals_is_rounded_and_told() -> None:
    """On either side of half of the last decimal; what is exact is not told of."""
    use = {"strategy": "proportional_on", "parameters": CALLS}
    for values, count in ((("0.0000000015", "0.000000002"), 1), (("0.5", "0.5000"), 0)):
        result = run("10.00", use, usage(*zip("ab", values, strict=True)))
        told = [each for each in result.findings if each.code == "rounded_usage"]
        assert [each.details["count"] for each in told] == [count] * bool(count)
        assert [str(row["amount"]) for row in result.contributions.to_pylist()] == ["5.00"] * 2
