"""Numbers of a file as exact decimals, as query expressions.

Text is read digit by digit. A double stands for the shortest decimal that reads back as that
double, which is what a person would see: most are found by rounding and dividing back, the rest
by printing them. Digits beyond ``decimals`` are rounded, halves away from zero.

Expressions name columns by our own identifiers only.
"""

from duckdb import ConstantExpression, Expression, SQLExpression

from apportion.ingest.inspected import Holds

AMOUNT_DECIMALS = 24
"""Decimals read of an amount. Exports print doubles with 21 and more."""

VALUE_DECIMALS = 12
"""Decimals read of a usage value, which may be large: 26 digits before the point."""

LONGEST = 60
"""Characters of a number."""

_FORM = "[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]{1,4})?"

STEPS = ((12, "1e3"), (9, "1e6"), (6, "1e9"), (3, "1e12"), (14, "1e1"), (16, "1e-1"))
"""Decimals and a bound: below it, so many decimals are at most 15 digits, which a double keeps."""


def is_blank(column: str, holds: Holds, nulls: tuple[str, ...]) -> Expression:
    """Whether a cell says nothing, or says so in one of the words for that."""
    if holds is not Holds.TEXT:
        return SQLExpression(f"({column} is null)")
    return SQLExpression(is_nothing(column, nulls))


def is_nothing(column: str, nulls: tuple[str, ...]) -> str:
    """The condition that a text is absent or one of the words for nothing, in any capitals."""
    return f"({column} is null or not ({is_no_word(column, nulls)}))"


def is_no_word(column: str, nulls: tuple[str, ...]) -> str:
    """The condition that a text is none of the words for nothing, in any capitals.

    DuckDB makes a join of its own of each `in` with more than a few words, and of `list_contains`.
    """
    words = ", ".join(str(ConstantExpression(word)) for word in nulls)
    return f"coalesce(list_position([{words}]::varchar[], lower(trim({column}))), 0) = 0"


def has_form(column: str, holds: Holds) -> Expression:
    """Whether a cell that is not blank looks like a number at all, whatever its size."""
    if holds is Holds.TEXT:
        return SQLExpression(
            f"(length({column}) <= {LONGEST} and regexp_full_match(trim({column}), '{_FORM}'))"
        )
    if holds in (Holds.DOUBLE, Holds.FLOAT):
        return SQLExpression(f"isfinite({column})")
    return SQLExpression("true")


def exact(column: str, holds: Holds, decimals: int) -> Expression:
    """A cell as a decimal of 38 digits; null where it is blank, no number or too large."""
    kind = f"decimal(38,{decimals})"
    if holds is Holds.TEXT:
        form = f"length({column}) <= {LONGEST} and regexp_full_match(trim({column}), '{_FORM}')"
        return SQLExpression(f"case when {form} then try_cast(trim({column}) as {kind}) end")
    if holds is Holds.DOUBLE:
        steps = " ".join(_step(column, places, bound, kind) for places, bound in STEPS)
        printed = f"try_cast(cast({column} as varchar) as {kind})"
        return SQLExpression(
            f"case when not isfinite({column}) then null {steps} else {printed} end"
        )
    if holds is Holds.FLOAT:
        return SQLExpression(
            f"case when isfinite({column}) then try_cast(cast({column} as varchar) as {kind}) end"
        )
    return SQLExpression(f"try_cast({column} as {kind})")


def _step(column: str, places: int, bound: str, kind: str) -> str:
    """Two decimals of at most 15 digits are never the same double, so one that fits is the one."""
    near = f"try_cast({column} as decimal(18,{places}))"
    fits = f"abs({column}) < {bound} and cast({near} as double) = {column}"
    return f"when {fits} then cast({near} as {kind})"


def shown(value: object) -> str:
    """A decimal for a report: plain digits, without trailing zeros.

    >>> from decimal import Decimal
    >>> shown(Decimal("12.500")), shown(Decimal("1E+3")), shown(Decimal("-0.0"))
    ('12.5', '1000', '0')
    """
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def doubt(text: str) -> tuple[str, str]:
    """What is wrong with a text that is no number: the reason, and how to mend it."""
    plain = text.strip()
    lower = plain.lower()
    if lower.lstrip("+-") in ("nan", "inf", "infinity"):
        return "that is not an amount", "Find out what the amount should be, and write it."
    if len(text) > LONGEST:
        return f"it is longer than {LONGEST} characters", "Write the amount with fewer digits."
    digits = plain.lstrip("+-")
    if "," in digits and digits.replace(",", "").replace(".", "").isdigit():
        remedy = "Write it without thousands separators and with a point, such as 1234.56."
        return "a comma is not part of a plain decimal", remedy
    return "expected a plain decimal such as -1234.56", "Write digits and a point, nothing else."
