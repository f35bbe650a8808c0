"""Mapping rules as query expressions: to which node and dimension a group of lines belongs.

A rule is tested on the values of columns, tags and labels. A test of what is absent fails, so
that its negation holds. A rule whose node needs an absent or blank part does not match, and the
next one is tried; an absent part of a dimension reads ``unknown``.

Names and values are data: they enter as constants of the expression, never as text of a query.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

from duckdb import (
    CaseExpression,
    ColumnExpression,
    ConstantExpression,
    Expression,
    FunctionExpression,
    SQLExpression,
)

from apportion.model.templates import Part, parse_template
from apportion.model.types import Condition, MappingRule, MetricNodeRule

UNKNOWN = "unknown"
"""What stands for an absent part of a dimension."""

_REGEX_SPECIAL = frozenset(r"\.+*?()|[]{}^$")


def or_else(value: Expression, other: Expression) -> Expression:
    """The value, or where it is null the other."""
    return SQLExpression(f"coalesce({value.fragment()}, {other.fragment()})")


@dataclass(frozen=True, slots=True)
class Fields:
    """Where rules find what they name.

    ``columns`` maps a column's name to the identifier that holds its text; a name that is not
    there is absent. ``tags`` does the same for tags; ``maps`` gives the identifier of the map of
    labels, if there is one.
    """

    columns: Mapping[str, str]
    maps: Mapping[str, str]
    tags: Mapping[str, str] = field(default_factory=dict)

    def value(self, space: str, name: str) -> Expression:
        """The text of a column, tag or label; null where it is absent."""
        if space == "column":
            known = self.columns.get(name)
            return ColumnExpression(known) if known else _null()
        if space == "tag":
            return ColumnExpression(self.tags[name]) if name in self.tags else _null()
        held = self.maps.get(space)
        return _of_map(held, name) if held else _null()


def _of_map(held: str, name: str) -> Expression:
    found = FunctionExpression("map_extract", ColumnExpression(held), ConstantExpression(name))
    return FunctionExpression("list_extract", found, ConstantExpression(1))


def named_columns(
    rules: Sequence[MappingRule | MetricNodeRule],
) -> dict[str, MappingRule | MetricNodeRule]:
    """The columns that rules name, each with the first rule that does."""
    return _named(rules, "column")


def named_tags(rules: Sequence[MappingRule | MetricNodeRule]) -> tuple[str, ...]:
    """The tags that rules name."""
    return tuple(_named(rules, "tag"))


def _named(
    rules: Sequence[MappingRule | MetricNodeRule], space: str
) -> dict[str, MappingRule | MetricNodeRule]:
    named: dict[str, MappingRule | MetricNodeRule] = {}
    for rule in rules:
        templates = [rule.node, getattr(rule, "dimension", "")]
        parts = [part for template in templates for part in parse_template(template)]
        for name in (
            *(test.field for test in _tests(rule.when) if test.space == space),
            *(part.text for part in parts if part.space == space),
        ):
            named.setdefault(name, rule)
    return named


def _tests(condition: Condition) -> Iterator[Condition]:
    if condition.space:
        yield condition
    for part in condition.parts:
        yield from _tests(part)


def holds(condition: Condition, fields: Fields) -> Expression:
    """Whether a condition holds: true or false, never null."""
    if condition.kind == "all":
        return _join(condition, fields, lambda one, other: one & other, empty=True)
    if condition.kind == "any":
        return _join(condition, fields, lambda one, other: one | other, empty=False)
    if condition.kind == "not":
        return ~holds(condition.parts[0], fields)
    value = fields.value(condition.space, condition.field)
    if condition.kind == "exists":
        return value.isnotnull() if condition.values[0] == "true" else value.isnull()
    test = _OPERATORS[condition.kind](value, condition.values)
    return or_else(test, SQLExpression("false"))


def _join(
    condition: Condition,
    fields: Fields,
    operator: Callable[[Expression, Expression], Expression],
    *,
    empty: bool,
) -> Expression:
    parts = [holds(part, fields) for part in condition.parts]
    return reduce(operator, parts) if parts else ConstantExpression(empty)


def _glob(value: Expression, values: Sequence[str]) -> Expression:
    # By way of a regular expression, because that matches in linear time whatever the pattern.
    return FunctionExpression(
        "regexp_full_match",
        value,
        ConstantExpression(glob_pattern(values[0])),
        ConstantExpression("s"),
    )


def glob_pattern(glob: str) -> str:
    r"""The regular expression of a glob: ``*`` is any text, ``?`` one character.

    >>> glob_pattern("eu-*.?")
    'eu-.*\\..'
    """
    special = {"*": ".*", "?": "."}
    return "".join(
        special.get(character, f"\\{character}" if character in _REGEX_SPECIAL else character)
        for character in glob
    )


_OPERATORS: Mapping[str, Callable[[Expression, Sequence[str]], Expression]] = {
    "equals": lambda value, values: value == ConstantExpression(values[0]),
    "in": lambda value, values: value.isin(*[ConstantExpression(each) for each in values]),
    "prefix": lambda value, values: FunctionExpression(
        "starts_with", value, ConstantExpression(values[0])
    ),
    "glob": _glob,
}


def filled(template: str, fields: Fields, absent: str | None) -> Expression:
    """The text of a template. Without a word for absent parts it is null where one is absent."""
    parts = [_part(part, fields, absent) for part in parse_template(template)]
    return (
        reduce(lambda one, other: FunctionExpression("||", one, other), parts) if parts else _null()
    )


def _part(part: Part, fields: Fields, absent: str | None) -> Expression:
    if not part.space:
        return ConstantExpression(part.text)
    trimmed = FunctionExpression("trim", fields.value(part.space, part.text))
    value = FunctionExpression("nullif", trimmed, ConstantExpression(""))
    if absent is None:
        return value
    return or_else(value, ConstantExpression(absent))


@dataclass(frozen=True, slots=True)
class Chosen:
    """The first rule that matches: its index (-1 where none does), the node, the dimension."""

    rule: Expression
    node: Expression
    dimension: Expression


def choose(rules: Sequence[MappingRule | MetricNodeRule], fields: Fields) -> Chosen:
    """Let the first matching rule decide. Where none does, node and dimension are null."""
    if not rules:
        return Chosen(ConstantExpression(-1), _null(), _null())
    nodes = [filled(rule.node, fields, None) for rule in rules]
    matches = [
        holds(rule.when, fields) & node.isnotnull() for rule, node in zip(rules, nodes, strict=True)
    ]
    dimensions = [filled(getattr(rule, "dimension", ""), fields, UNKNOWN) for rule in rules]
    indices: list[Expression] = [ConstantExpression(index) for index in range(len(rules))]
    return Chosen(
        _first(matches, indices).otherwise(ConstantExpression(-1)),
        _first(matches, nodes),
        _first(matches, dimensions),
    )


def _first(matches: Sequence[Expression], values: Sequence[Expression]) -> Expression:
    case = CaseExpression(matches[0], values[0])
    for match, value in zip(matches[1:], values[1:], strict=True):
        case = case.when(match, value)
    return case


def _null() -> Expression:
    return ConstantExpression(None).cast("varchar")
