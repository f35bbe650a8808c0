"""Direct cost against the recorded lines: currencies, rates, texts, what was left out."""

from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pytest

RATES = [
    {"from": "EUR", "to": "USD", "date": "2024-01-01", "rate": "1.0950"},
    {"from": "EUR", "to": "USD", "date": "2024-01-02", "rate": "1.5"},
    {"from": "EUR", "to": "GBP", "date": "2024-01-02", "rate": "9"},
    {"from": "JPY", "to": "USD", "date": "2023-06-01", "rate": "0." + "0" * 20 + "1234567891"},
]


def one_node(write: Any, direct: str, costs: str, day: str = "2024-01-01", **others: Any) -> Any:
    """A single node with a direct cost, and the lines that it should come from."""
    return write(
        {"nodes": [{"id": "a", "type": "shared"}], "exchange_rates": RATES},
        f"a {day} x {direct} 0.00 {direct} 0.00 {direct}",
        "",
        costs,
        **others,
    )


CONVERTED = [
    # 10 EUR at 1.095, the rate of the day before being none of its business.
    ("10.95", "a 2024-01-01 x 10 EUR", "2024-01-01"),
    ("15.00", "a 2024-01-02 x 10 EUR", "2024-01-02"),
    # Lines are summed before they are converted: 0.03 x 1.5 = 0.045, not three times 0.015.
    ("0.05", "a 2024-01-02 x 0.01 EUR\n" * 3, "2024-01-02"),
    # A tie goes away from zero, on either side.
    ("0.02", "a 2024-01-02 x 0.01 EUR", "2024-01-02"),
    ("-0.02", "a 2024-01-02 x -0.01 EUR", "2024-01-02"),
    # Each currency is converted once, and then they are added.
    ("3.02", "a 2024-01-02 x 0.01 EUR\na 2024-01-02 x 1\na 2024-01-02 x 2 USD", "2024-01-02"),
    # More decimals than are kept: the sum is rounded, not the lines.
    ("0.01", "a 2024-01-01 x 0.003\na 2024-01-01 x 0.003", "2024-01-01"),
    # A rate with thirty decimals.
    ("1.23", "a 2024-01-01 x 99990000000000 JPY\na 2024-01-01 x 1.11", "2024-01-01"),
]


@pytest.mark.parametrize(("direct", "costs", "day"), CONVERTED)
def test_lines_are_converted_at_the_rate_of_their_day(
    write: Any, direct: str, costs: str, day: str
) -> None:
    if "JPY" in costs:
        exact = Decimal(99990000000000) * Decimal(RATES[3]["rate"])
        direct = str((exact + Decimal("1.11")).quantize(Decimal("0.01")))
    assert one_node(write, direct, costs, day).prove().violations == ()


@pytest.mark.parametrize(
    ("costs", "expected"),
    [
        ("a 2024-01-02 x 10 EUR", "15.00"),
        ("a 2024-01-02 x 10 CHF", "nothing known"),
        ("a 2024-01-02 x 10 CHF\na 2024-01-02 x 1", "nothing known"),
        ("a 2024-01-02 y 10.95", "0.00"),
    ],
)
def test_what_the_lines_do_not_say_is_a_violation(write: Any, costs: str, expected: str) -> None:
    proof = one_node(write, "10.95", costs, "2024-01-02").prove()
    found = [each for each in proof.violations if each.dimension == "x"]
    assert [(each.type, each.expected, each.actual) for each in found] == [
        ("direct_is_recorded", expected, "10.95")
    ]


def test_a_cost_that_the_result_lacks(write: Any) -> None:
    books = one_node(write, "1.00", "a 2024-01-01 x 1\nb 2024-01-02 y 2.5 EUR")
    (violation,) = books.prove().violations
    assert (violation.node, violation.dimension, violation.expected, violation.actual) == (
        "b",
        "y",
        "3.75",
        "0.00",
    )


@pytest.mark.parametrize("amount", ["92233720368547758.07", "92233720368547758.08"])
def test_an_amount_that_64_bits_do_not_hold(write: Any, amount: str) -> None:
    lines = f"a 2024-01-02 x {amount} EUR"
    proof = one_node(write, "1.00", lines, "2024-01-02").prove()
    assert [each.expected for each in proof.violations] == ["nothing known"]


def test_dimensions_that_were_left_out_on_request(write: Any) -> None:
    books = one_node(write, "1.00", "a 2024-01-01 x 1\na 2024-01-01 y 7\na 2024-01-01 z 8 EUR")
    assert [each.dimension for each in books.prove().violations] == ["y", "z"]
    books.dimensions = ["x"]
    assert books.prove().violations == ()


@pytest.mark.parametrize("amount", ["12.50", "12.5"])
def test_lines_may_be_texts_without_currency(write: Any, amount: str) -> None:
    books = one_node(write, "12.50", "")
    connection = books.connect()
    connection.unregister("costs")
    lines = {"node": ["a"], "date": ["2024-01-01"], "dimension": ["x"], "amount": [amount]}
    connection.register("costs", pa.table(lines))
    assert books.prove(connection).violations == ()


def test_whole_numbers_and_moments_of_midnight(write: Any) -> None:
    books = one_node(write, "12.00", "")
    connection: duckdb.DuckDBPyConnection = books.connect()
    connection.unregister("costs")
    connection.execute(
        """
        CREATE VIEW costs AS
        SELECT 'a' AS node, TIMESTAMP '2024-01-01' AS date, 'x' AS dimension, 12 AS amount,
               CAST(NULL AS VARCHAR) AS currency
        """
    )
    assert books.prove(connection).violations == ()
