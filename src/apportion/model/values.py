"""Single values: from what a reader gives to what a record holds.

Text is taken for a number, a day or a boolean where it reads as one exactly, because a CSV file
has nothing but text. The other way round is refused: a number where an id belongs may already
have lost its zeros.
"""

import re
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from numbers import Integral
from typing import Any

from apportion.model.spelling import did_you_mean, one_of

MAXIMUM_NAME = 200
MAXIMUM_TEXT = 2000
MAXIMUM_DECIMALS = 30
_SHOWN = 60
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,4})?")


class BadValueError(Exception):
    """A value that cannot be used: the code of the finding, what was expected, how to mend it."""

    def __init__(self, code: str, expected: str, remedy: str = "") -> None:
        """Keep the three parts of the finding."""
        super().__init__(expected)
        self.code = code
        self.expected = expected
        self.remedy = remedy


def show(value: object) -> str:
    """A value for a message: on one line and short, whatever it is."""
    if isinstance(value, str):
        cut = value if len(value) <= _SHOWN else value[: _SHOWN - 3] + "..."
        return repr(cut)
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def as_text(value: object) -> str:
    """Text on one line, for people to read."""
    if not isinstance(value, str):
        raise BadValueError("wrong_type", "expected text", quote_it(value))
    if len(value) > MAXIMUM_TEXT:
        raise BadValueError("invalid_value", f"it is longer than {MAXIMUM_TEXT} characters")
    if _CONTROL.search(value):
        remedy = "Remove line breaks, tabs and other control characters."
        raise BadValueError("invalid_value", "it holds a control character", remedy)
    return str(value)


def as_name(value: object) -> str:
    """The id of something: any printable text that is not blank, at most 200 characters.

    Quotes, brackets and letters of any script are data. What cannot be seen (control
    characters, marks that turn the direction of writing) is refused, because two ids that look
    the same would be two nodes; so is a space at either end.
    """
    if not isinstance(value, str):
        raise BadValueError("wrong_type", "expected text", quote_it(value))
    if len(value) > MAXIMUM_NAME:
        raise BadValueError("invalid_value", f"it is longer than {MAXIMUM_NAME} characters")
    if not value.isprintable():
        remedy = "Remove line breaks, tabs and other characters that cannot be seen."
        raise BadValueError("invalid_value", "it holds a character that cannot be seen", remedy)
    if not value or value.isspace():
        raise BadValueError("invalid_value", "it is blank", "Give it a name.")
    if value != value.strip():
        remedy = f"Write {show(value.strip())}."
        raise BadValueError("invalid_value", "it begins or ends with a space", remedy)
    return str(value)


def is_name(value: object) -> bool:
    """Whether a value can be an id, so that messages can show it bare."""
    try:
        as_name(value)
    except BadValueError:
        return False
    return True


def as_label(value: object) -> str:
    """The value of a label, or what a condition compares with: text, or a whole number."""
    if isinstance(value, Integral) and not isinstance(value, bool):
        return str(int(value))
    return as_text(value)


def as_day(value: object) -> date:
    """A day, as such or as ``YYYY-MM-DD``; a moment only where it is a midnight without zone."""
    remedy = "Write it as 2024-01-31."
    if isinstance(value, datetime):
        if value.tzinfo is None and value == datetime.combine(value.date(), datetime.min.time()):
            return value.date()
        raise BadValueError("wrong_type", "expected a day without a time", remedy)
    if isinstance(value, date):
        return value
    if not isinstance(value, str):
        raise BadValueError("wrong_type", "expected a day", remedy)
    if not _DAY.fullmatch(value):
        raise BadValueError("wrong_type", "expected a day", remedy)
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise BadValueError("invalid_value", "there is no such day in the calendar") from None


def as_flag(value: object) -> bool:
    """``true`` or ``false``; yes, no, on and off are refused, because they are also words."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise BadValueError("wrong_type", "expected true or false", "Write true or false.")


def as_decimal(value: object) -> Decimal:
    """An exact number. A float counts as the shortest decimal that reads back as that float."""
    if isinstance(value, bool):
        raise BadValueError("wrong_type", "expected a number")
    if isinstance(value, float):
        value = float.__repr__(value)
    if isinstance(value, str) and not (_NUMBER.fullmatch(value) and len(value) < MAXIMUM_NAME):
        remedy = 'Write digits with a point, such as "1234.56", without thousands separators.'
        raise BadValueError("wrong_type", "expected a number", remedy)
    if not isinstance(value, str | Integral | Decimal):
        raise BadValueError("wrong_type", "expected a number")
    try:
        number = Decimal(int(value)) if isinstance(value, Integral) else Decimal(value)
    except InvalidOperation:
        raise BadValueError("wrong_type", "expected a number") from None
    check_size(number)
    return number


def check_size(number: Decimal) -> None:
    """Refuse what is no number, or so long that exact arithmetic on it would take for ever."""
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int):
        raise BadValueError("invalid_value", "it is not a number one can count with")
    if exponent < -MAXIMUM_DECIMALS or number.adjusted() > MAXIMUM_DECIMALS:
        expected = f"it has more than {MAXIMUM_DECIMALS} digits before or after the point"
        raise BadValueError("invalid_value", expected)


def as_whole(value: object) -> int:
    """A whole number."""
    try:
        number = as_decimal(value)
    except BadValueError as bad:
        remedy = "Write digits and nothing else."
        raise BadValueError(bad.code, "expected a whole number", remedy) from None
    if number != number.to_integral_value():
        raise BadValueError("wrong_type", "expected a whole number", "Write it without a point.")
    return int(number)


def as_choice(value: object, choices: Iterable[str], code: str = "invalid_value") -> str:
    """One of a few words."""
    listed = list(choices)
    if isinstance(value, str) and value in listed:
        return value
    raise BadValueError(code, f"expected {one_of(listed)}", did_you_mean(value, listed))


def quote_it(value: Any) -> str:
    """How to mend a value that should have been text."""
    if value is None or isinstance(value, dict | list | tuple):
        return ""
    return f'Put quotes around it: "{show(value)}".'
