"""Conditions of mapping rules: from what people write to a tree of tests.

``{column: ProviderName, equals: AWS}`` tests one column; ``tag`` or ``label`` may stand in place
of ``column``; ``in`` (a list), ``prefix``, ``glob`` (``*`` is any text, ``?`` one character) and
``exists`` (``true`` or ``false``) in place of ``equals``. ``all``, ``any`` and ``not`` combine.
"""

from collections.abc import Mapping
from typing import Any

from apportion.model.fields import Fields, first_few
from apportion.model.raw import key_place_of
from apportion.model.spelling import did_you_mean, one_of
from apportion.model.types import Condition
from apportion.model.values import BadValueError, as_flag, as_label, as_name

MAXIMUM_DEPTH = 16
ALWAYS = Condition("all")

_SPACES = ("column", "tag", "label")
_OPERATORS = ("equals", "in", "prefix", "glob", "exists")
_COMBINERS = ("all", "any", "not")
_EXAMPLE = "Write, for example, {column: ProviderName, equals: AWS}."

_Path = tuple[object, ...]


def read_condition(fields: Fields, key: str = "when") -> Condition:
    """The condition under a key of a record; without one, it always holds."""
    value = fields.raw.get(key)
    return ALWAYS if value is None else _condition(fields, value, (key,))


def _condition(fields: Fields, value: Any, path: _Path) -> Condition:
    """Read one level. After a finding, whatever is given back is never used."""
    if len(path) > MAXIMUM_DEPTH * 2:
        _refuse(fields, f"conditions are nested deeper than {MAXIMUM_DEPTH} levels", path)
        return ALWAYS
    if not isinstance(value, Mapping):
        fields.bad(BadValueError("wrong_type", "expected a condition", _EXAMPLE), value, *path)
        return ALWAYS
    known = (*_SPACES, *_OPERATORS, *_COMBINERS)
    unknown = list(first_few(key for key in value if key not in known))
    for key in unknown:
        _unknown(fields, value, key, known)
    combiners = [key for key in _COMBINERS if key in value]
    if unknown:
        return ALWAYS
    if combiners:
        if len(value) > 1:
            together = " and ".join(str(key) for key in value)
            _refuse(fields, f"{together} stand in one condition; put one inside the other", path)
            return ALWAYS
        return _combined(fields, combiners[0], value[combiners[0]], (*path, combiners[0]))
    return _test(fields, value, path)


def _combined(fields: Fields, kind: str, inside: Any, path: _Path) -> Condition:
    if kind == "not":
        return Condition("not", (_condition(fields, inside, path),))
    if not isinstance(inside, list | tuple):
        expected = "expected a list of conditions"
        fields.bad(BadValueError("wrong_type", expected, _EXAMPLE), inside, *path)
        return ALWAYS
    if kind == "any" and not inside:
        _refuse(fields, "any of no conditions never holds", path)
    parts = [_condition(fields, item, (*path, index)) for index, item in enumerate(inside)]
    return Condition(kind, tuple(parts))


def _test(fields: Fields, value: Mapping[str, Any], path: _Path) -> Condition:
    spaces = [key for key in _SPACES if key in value]
    operators = [key for key in _OPERATORS if key in value]
    for names, found in ((_SPACES, spaces), (_OPERATORS, operators)):
        if len(found) != 1:
            have = one_of(found) if found else "none"
            _refuse(fields, f"a condition has exactly one of {one_of(names)}; here: {have}", path)
    if len(spaces) != 1 or len(operators) != 1:
        return ALWAYS
    space, operator = spaces[0], operators[0]
    try:
        name = as_name(value[space])
    except BadValueError as bad:
        fields.bad(bad, value[space], *path, space)
        return ALWAYS
    values = _values(fields, operator, value[operator], (*path, operator))
    return Condition(operator, (), space, name, values)


def _values(fields: Fields, operator: str, value: Any, path: _Path) -> tuple[str, ...]:
    items = value if operator == "in" else [value]
    if not isinstance(items, list | tuple):
        bad = BadValueError("wrong_type", "expected a list", "Write in: [a, b].")
        fields.bad(bad, value, *path)
        return ()
    if not items:
        _refuse(fields, "in of no values never holds", path)
    found: list[str] = []
    for index, item in enumerate(items):
        try:
            found.append(_value(operator, item))
        except BadValueError as bad:
            step = (index,) if operator == "in" else ()
            fields.bad(bad, item, *path, *step)
    return tuple(found)


def _value(operator: str, item: Any) -> str:
    if operator == "exists":
        return str(as_flag(item)).lower()
    text = as_label(item)
    if operator in ("prefix", "glob") and not text:
        raise BadValueError("invalid_value", "it is blank")
    return text


def _unknown(fields: Fields, value: Mapping[str, Any], key: object, known: Any) -> None:
    fields.unknown(
        f"A condition of {fields.name()} has the key",
        key,
        key_place_of(value, key),
        did_you_mean(key, known) or f"Operators are {one_of((*_OPERATORS, *_COMBINERS))}.",
    )


def _refuse(fields: Fields, why: str, path: _Path) -> None:
    fields.problem("invalid_value", f"In {fields.name()}, {why}.", _EXAMPLE, *path)
