"""Single values and the words that messages make of them."""

from decimal import Decimal
from typing import Any

import pytest

from apportion.model.spelling import did_you_mean, one_of, way
from apportion.model.values import (
    BadValueError,
    as_choice,
    as_decimal,
    as_flag,
    as_label,
    as_text,
    as_whole,
    show,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1.0950", Decimal("1.0950")),
        (" 1", None),
        ("1,234.56", None),
        ("1_000", None),
        ("٣", None),
        ("", None),
        (".", None),
        ("NaN", None),
        ("Infinity", None),
        ("1e400", None),
        ("1e99999", None),
        ("9" * 31, Decimal("9" * 31)),
        ("9" * 32, None),
        ("1e-30", Decimal("1e-30")),
        ("1e-31", None),
        ("9" * 1_000_000, None),
        (0.1, Decimal("0.1")),
        (float("nan"), None),
        (float("inf"), None),
        (True, None),
        (None, None),
        (b"1", None),
        (Decimal("sNaN"), None),
    ],
)
def test_decimals(value: object, expected: Decimal | None) -> None:
    if expected is None:
        with pytest.raises(BadValueError):
            as_decimal(value)
    else:
        assert as_decimal(value) == expected


@pytest.mark.parametrize("value", [2.5, "2.5", "x", None, "1e400"])
def test_what_is_no_whole_number(value: object) -> None:
    with pytest.raises(BadValueError):
        as_whole(value)


def test_whole_numbers_words_and_labels() -> None:
    assert [as_whole(value) for value in (7, "7", 7.0, Decimal("7.00"))] == [7, 7, 7, 7]
    assert [as_flag(value) for value in (True, "true", "FALSE")] == [True, True, False]
    assert [as_label(value) for value in ("x", 7)] == ["x", "7"]
    assert as_choice("a", ["a", "b"]) == "a"
    assert as_text("") == ""


@pytest.mark.parametrize("value", ["x" * 2001, "a\x7f", "a\ud800", 1.5])
def test_what_is_no_text(value: object) -> None:
    with pytest.raises(BadValueError):
        as_text(value)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a'b", '"a\'b"'),
        ("a\nb", "'a\\nb'"),
        ("x" * 100, "'" + "x" * 57 + "...'"),
        (10**100, "1" + "0" * 56 + "..."),
        (True, "true"),
        ([1], "a list"),
        ({}, "a mapping"),
        (None, "None"),
    ],
)
def test_values_in_messages_are_short_and_on_one_line(value: Any, shown: str) -> None:
    assert show(value) == shown


def test_names_in_sentences() -> None:
    assert one_of(["a"]) == "a"
    assert one_of(["a", "b", "c"]) == "a, b or c"
    assert did_you_mean("recevier", ["source", "receiver"]) == "Did you mean 'receiver'?"
    assert did_you_mean("colour", ["source", "receiver"]) == ""


def test_a_way_too_long_to_be_read_is_cut_in_the_middle() -> None:
    names = [f"n{number}" for number in range(100)]
    assert way(names[:3]) == "n0 -> n1 -> n2"
    text = way(names)
    assert text.startswith("n0 -> n1 -> ")
    assert text.endswith(" -> n98 -> n99")
    assert "(60 more)" in text
