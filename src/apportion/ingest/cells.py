"""How single cells are read: what lines are grouped by, the value of it, what can be wrong.

A cell's ``raw`` is an expression over the file's columns; its ``value`` and its checks are
expressions over ``raw`` under the cell's alias. So lines can be grouped by raw cells first, and
a value is computed once for each group instead of once for each line.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from duckdb import (
    ColumnExpression,
    ConstantExpression,
    Expression,
    SQLExpression,
)

from apportion.amounts import MAXIMUM_UNITS
from apportion.amounts.currencies import CODES as CURRENCIES
from apportion.derive.cost_rows import PRECISION
from apportion.derive.mapping import or_else
from apportion.ingest.decimals import doubt, exact, has_form, is_blank, is_nothing
from apportion.ingest.inspected import Column, Holds
from apportion.ingest.stored import as_text

LONGEST_NAME = 1_000
"""Characters of a name, a category, an account."""

_CODES = ", ".join(f"'{code}'" for code in sorted(CURRENCIES))
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]00:00(:00([.]0+)?)?Z?)?"
_MOMENT = (
    "[0-9]{4}-[0-9]{2}-[0-9]{2}"
    "([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?( ?UTC|Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?"
)
_YEARS = "between date '1970-01-01' and date '2199-12-31'"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that can be wrong with a cell: how it is told, and where it is so.

    ``bad`` is over the raw cell, ``column`` the file's own. ``explain`` gives what was expected
    and the remedy for a text, where they depend on it.
    """

    alias: str
    column: Column
    code: str
    expected: str
    remedy: str
    bad: Expression
    explain: Callable[[str], tuple[str, str]] | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of every line. ``column`` is absent where the value is the same on all lines.

    ``costly`` says that reading it takes long enough to be done once for each distinct cell.
    """

    alias: str
    raw: Expression
    value: Expression
    checks: tuple[Check, ...] = ()
    column: Column | None = None
    costly: bool = False


@dataclass(frozen=True, slots=True)
class Number:
    """The cell that is summed. ``value`` is exact, null where it is blank or wrong."""

    cell: Cell
    blank: Expression
    decimals: int


def constant(alias: str, value: str | None) -> Cell:
    """The same text on every line."""
    literal = ConstantExpression(value).cast("varchar")
    return Cell(alias, literal, ColumnExpression(alias))


def text(
    alias: str,
    column: Column,
    default: str | None = None,
    *,
    required: bool = False,
) -> Cell:
    """A text. The column's words for nothing mean that there is none; then the default counts."""
    nothing = is_nothing(alias, column.nulls)
    value = SQLExpression(f"case when not {nothing} then {alias} end")
    checks = [_too_long(alias, column)]
    if required:
        checks.append(_blank(alias, column, SQLExpression(nothing), "Give it a value"))
    if default is not None:
        value = or_else(value, _literal(default))
    return Cell(alias, text_of(column), value, tuple(checks), column)


def trimmed(cell: Cell) -> Cell:
    """The same text without the blanks around it, which are nobody's name."""
    return replace(cell, value=SQLExpression(f"trim({cell.value.fragment()})"))


def text_of(column: Column) -> Expression:
    """A column of the file as texts."""
    return SQLExpression(as_text(column.id, column.holds))


def _blank(alias: str, column: Column, bad: Expression, remedy: str) -> Check:
    """A cell that must not be blank; a word for nothing is told as such."""

    def explain(text: str) -> tuple[str, str]:
        if not text.strip():
            return "it is blank", f"{remedy}."
        other = f"{remedy}, or take the word out of `null_words` in apportion.yaml."
        return "the word stands for nothing", other

    return Check(alias, column, "invalid_value", "it is blank", "", bad, explain)


def _too_long(alias: str, column: Column) -> Check:
    return Check(
        alias,
        column,
        "invalid_value",
        f"it is longer than {LONGEST_NAME:,} characters",
        "Check that the cell's quotes are closed.",
        SQLExpression(f"coalesce(length({alias}) > {LONGEST_NAME}, false)"),
    )


def currency(alias: str, column: Column, default: str) -> Cell:
    """A currency code in any capitals; where it is blank the default counts."""
    cell = text(alias, column, default)
    value = SQLExpression(f"upper(trim({cell.value.fragment()}))")
    unknown = SQLExpression(f"coalesce({value.fragment()} not in ({_CODES}), false)")
    check = Check(
        alias,
        column,
        "unknown_currency",
        "that is not an ISO 4217 currency code",
        "Write three capital letters, such as USD.",
        unknown,
    )
    return Cell(alias, cell.raw, value, (*cell.checks, check), column)


def in_currency(number: Number, currency: Cell) -> Number:
    """A number whose currency may be blank only where it is 0, which is as much in any."""
    column = currency.column
    assert column is not None
    counts = f"coalesce(({number.cell.value.fragment()}) <> 0, false)"
    bad = SQLExpression(f"{is_nothing(currency.alias, column.nulls)} and {counts}")
    check = _blank(currency.alias, column, bad, "Give it a value")
    cell = replace(number.cell, checks=(*number.cell.checks, check))
    return replace(number, cell=cell)


def name(alias: str, column: Column) -> Cell:
    """A text that names something: not blank, without characters that cannot be seen."""
    cell = text(alias, column, required=True)
    return replace(cell, checks=(*cell.checks, visible(alias, column)))


def visible(alias: str, column: Column) -> Check:
    """All characters of a text can be seen; two that differ in others look the same."""
    return Check(
        alias,
        column,
        "invalid_value",
        "it holds a character that cannot be seen",
        "Remove line breaks, tabs and other control characters.",
        SQLExpression(f"coalesce(regexp_matches({alias}, '[\\x00-\\x1f\\x7f]'), false)"),
    )


def day(alias: str, column: Column) -> Cell:
    """A day: a date, an ISO text, or a moment at midnight."""
    if column.holds is Holds.DAY:
        value = SQLExpression(f"cast({alias} as date)")
    elif column.holds is Holds.MOMENT:
        moment = f"cast({alias} as timestamp)"
        value = SQLExpression(
            f"case when {moment} = date_trunc('day', {moment}) then cast({moment} as date) end"
        )
    else:
        form = f"regexp_full_match(trim({alias}), '{_DAY}')"
        value = SQLExpression(
            f"case when {form} then try_cast(left(trim({alias}), 10) as date) end"
        )
    check = Check(
        alias,
        column,
        "invalid_value",
        "expected a day of the calendar from 1970 to 2199, such as 2024-01-31",
        "Write it as YYYY-MM-DD.",
        SQLExpression(f"not coalesce(({value.fragment()}) {_YEARS}, false)"),
    )
    return Cell(alias, _raw_or_text(column), value, (check,), column)


def moment(alias: str, column: Column, *, required: bool) -> Cell:
    """A moment in UTC. Without an offset it is taken to be UTC."""
    if column.holds in (Holds.DAY, Holds.MOMENT):
        value = SQLExpression(f"cast({alias} as timestamp)")
        blank = SQLExpression(f"({alias} is null)")
    else:
        form = f"regexp_full_match(trim({alias}), '{_MOMENT}')"
        parsed = f"cast(try_cast(trim({alias}) as timestamptz) as timestamp)"
        value = SQLExpression(f"case when {form} then {parsed} end")
        blank = is_blank(alias, Holds.TEXT, column.nulls)
    in_years = SQLExpression(f"coalesce(cast(({value.fragment()}) as date) {_YEARS}, false)")
    check = Check(
        alias,
        column,
        "invalid_value",
        "expected a moment from 1970 to 2199, such as 2024-01-31T00:00:00Z",
        "Write it as ISO 8601, in UTC.",
        ~in_years if required else ~in_years & ~blank,
    )
    return Cell(alias, _raw_or_text(column), value, (check,), column)


def _raw_or_text(column: Column) -> Expression:
    typed = column.holds in (Holds.DAY, Holds.MOMENT)
    return ColumnExpression(column.id) if typed else text_of(column)


def number(
    alias: str,
    column: Column,
    decimals: int,
    *,
    scale: int | None = None,
    required: bool = True,
) -> Number:
    """A number, exact to ``decimals``. With a ``scale`` it must fit in 64 bits of such units."""
    value = exact(alias, column.holds, decimals)
    blank = is_blank(alias, column.holds, column.nulls)
    formed = _false_if_null(has_form(alias, column.holds))
    checks = [
        Check(alias, column, "invalid_value", "it is not a number", "", ~blank & ~formed, doubt),
        _overflow(alias, column, value, formed & ~blank, decimals, scale),
    ]
    if required:
        checks.append(_blank(alias, column, blank, "Give it a number"))
    cell = Cell(alias, ColumnExpression(column.id), value, tuple(checks), column)
    return Number(cell, blank, decimals)


def _overflow(
    alias: str,
    column: Column,
    value: Expression,
    formed: Expression,
    decimals: int,
    scale: int | None,
) -> Check:
    beyond = formed & value.isnull()
    expected = "it is too large to be counted exactly"
    digits = str(MAXIMUM_UNITS)
    # At small scales 64 bits hold more than the decimal does that is read, which is null beyond.
    if scale is not None and len(digits) - scale <= PRECISION - decimals:
        most = f"{digits[:-scale]}.{digits[-scale:]}"
        large = SQLExpression(f"coalesce(abs({value.fragment()}) > {most}, false)")
        beyond = beyond | large
        expected = f"it does not fit in 64 bits at {scale} decimals"
    remedy = "Check the number."
    if scale is not None:
        remedy = (
            "Check the amount; for a currency of large numbers, lower `scale` in apportion.yaml."
        )
    return Check(alias, column, "amount_overflow", expected, remedy, beyond)


def tags(alias: str, column: Column) -> Cell:
    """A map of texts: JSON, a map, a struct, a list of keys and values, or ``team:core, env:prod``.

    JSON may lack its outer braces, as Azure's exports do. Without quotes each part must have one
    separator only, because what is the key of ``user:team:core`` cannot be known.

    A key may be there twice with the same value. A value that is a word for nothing is none; a
    blank one is one, since a tag may say something by being there.
    """
    kind = "map(varchar, varchar)"
    blank = is_blank(alias, column.holds, column.nulls)
    if column.holds is Holds.PAIRS:
        entries = alias
    elif column.holds is Holds.STRUCT:
        entries = f"map_entries(try_cast(to_json({alias}) as {kind}))"
    else:
        entries = _entries_of_text(alias, kind)
    nothing = is_nothing("e.value", tuple(word for word in column.nulls if word))
    said = f"case when not {nothing} then e.value end"
    known = f"list_transform({entries}, lambda e: struct_pack(key := e.key, value := {said}))"
    value = f"try(map_from_entries(list_distinct({known})))"
    raw = ColumnExpression(column.id)
    structured = (Holds.TEXT, Holds.PAIRS, Holds.STRUCT)
    raw = raw if column.holds in structured else text_of(column)
    check = Check(
        alias,
        column,
        "invalid_value",
        'expected a JSON object such as {"team": "core"}, each key once',
        "Export the column as JSON.",
        SQLExpression(f"(({value}) is null and not {blank.fragment()})"),
    )
    usable = f"case when {blank.fragment()} then null else {value} end"
    return Cell(alias, raw, SQLExpression(usable), (check,), column, costly=True)


_LISTED = "list_transform(try_cast({} as json[]), lambda e: struct_pack(key := {}, value := {}))"
_WORD = '[^:=,;"{}\\[\\]]*'
_PART = f'\\s*[^\\s:=,;"{{}}\\[\\]]{_WORD}[:=]{_WORD}'
_PARTS = (
    "list_transform(string_split_regex({}, '[,;]'), lambda e: struct_pack("
    "key := trim(regexp_extract(e, '^([^:=]*)', 1)), "
    "value := trim(regexp_extract(e, '[:=](.*)$', 1))))"
)


def _entries_of_text(alias: str, kind: str) -> str:
    """The pairs that a text holds; null where it cannot be told which they are."""
    json, bare = f"try_cast({alias} as json)", f"try_cast(concat('{{', {alias}, '}}') as json)"
    key, value = (
        "coalesce(" + ", ".join(f"e->>'$.{name}'" for name in names) + ")"
        for names in (("key", "Key", "name", "Name"), ("value", "Value"))
    )
    maps = [f"map_entries(try_cast({each} as {kind}))" for each in (json, bare)]
    plain = f"regexp_full_match({alias}, '{_PART}([,;]{_PART})*')"
    parts = f"case when {plain} then {_PARTS.format(alias)} end"
    return f"coalesce({maps[0]}, {_LISTED.format(json, key, value)}, {maps[1]}, {parts})"


def any_of(conditions: Iterable[Expression]) -> Expression:
    """Whether at least one condition holds; of none, it is false."""
    # In one text, because each expression that is put together is parsed by itself.
    told = " or ".join(f"coalesce(({each.fragment()}), false)" for each in conditions)
    return SQLExpression(told or "false")


def _false_if_null(condition: Expression) -> Expression:
    return or_else(condition, SQLExpression("false"))


def _literal(value: str) -> Expression:
    return ConstantExpression(value)
