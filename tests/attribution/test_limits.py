"""Numbers at the edge of what 64 bits hold: exact, or refused by node and day."""

from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest

import apportion as ap

DAY = date(2024, 1, 1)
MODEL = {
    "currency": "USD",
    "nodes": [
        {"id": "one", "type": "resource"},
        {"id": "two", "type": "resource"},
        {"id": "shop", "type": "product"},
        {"id": "stall", "type": "product"},
    ],
    "edges": [
        {"source": "one", "receiver": ["shop", "stall"], "strategy": "equal"},
        {"source": "two", "receiver": "shop", "strategy": "equal"},
    ],
}


def _run(**amounts: str) -> ap.Result:
    rows = [
        {"node": node, "date": DAY, "dimension": "all", "amount": amount}
        for node, amount in amounts.items()
    ]
    return ap.attribute(ap.Model.from_dict(MODEL), pa.Table.from_pylist(rows))


def _holistic(result: ap.Result) -> dict[str, Decimal]:
    rows = result.allocations.to_pylist()
    return {row["node"]: row["holistic"] for row in rows}


def test_the_largest_amount_is_split_exactly() -> None:
    largest = str(Decimal(2**63 - 1).scaleb(-9))
    assert _holistic(_run(one=largest))["shop"] == Decimal(2**62).scaleb(-9)
    assert _holistic(_run(one=f"-{largest}"))["shop"] == -Decimal(2**62).scaleb(-9)


def test_sums_near_the_limit_are_exact() -> None:
    """Neither amount is too large, nor is any node's sum, though both together are."""
    high, low = str(Decimal(2**62).scaleb(-9)), str(-Decimal(2**63 - 1).scaleb(-9))
    result = _run(one=high, two=low)
    assert _holistic(result)["shop"] == Decimal(2**61 - 2**63 + 1).scaleb(-9)


def test_an_overflow_names_node_and_day() -> None:
    largest = str(Decimal(2**63 - 1).scaleb(-9))
    with pytest.raises(ap.RunError) as caught:
        _run(one=largest, two=largest)
    [finding] = caught.value.findings
    assert finding.code == "amount_overflow"
    assert finding.details["node"] == "shop"
    assert finding.details["date"] == DAY


def test_an_amount_beyond_64_bits_names_node_and_day() -> None:
    with pytest.raises(ap.RunError) as caught:
        _run(one=str(Decimal(2**63).scaleb(-9)))
    [finding] = caught.value.findings
    assert (finding.code, finding.details["node"]) == ("amount_overflow", "one")


def test_huge_usage_takes_the_slow_path_and_says_so() -> None:
    model = {
        **MODEL,
        "edges": [
            {
                "source": "one",
                "receiver": ["shop", "stall"],
                "strategy": "proportional_on",
                "parameters": {"metric": "bytes"},
            }
        ],
    }
    usage = pa.Table.from_pylist(
        [
            {"node": "shop", "date": DAY, "metric": "bytes", "value": "20000000000000000000.5"},
            {"node": "stall", "date": DAY, "metric": "bytes", "value": "10000000000000000000.25"},
        ]
    )
    costs = pa.Table.from_pylist(
        [{"node": "one", "date": DAY, "dimension": "all", "amount": "30.000000003"}]
    )
    result = ap.attribute(ap.Model.from_dict(model), costs, usage)
    assert result.slow_splits == 1
    assert _holistic(result)["shop"] == Decimal("20.000000002")
