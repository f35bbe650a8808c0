"""From a strategy's name and its parameters as written to a typed ``StrategyUse`` (`A12`, `A15`).

Each strategy declares its parameters as a type of its own, and that type decides what is right.
A model of 100,000 edges has few different uses, so each content is typed once.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from numbers import Integral
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from apportion import plugins
from apportion.findings import Finding, Severity
from apportion.model.fields import Fields, first_few, sentence
from apportion.model.raw import UNREAD
from apportion.model.spelling import did_you_mean, one_of
from apportion.model.types import OnZeroUsage, StrategyUse
from apportion.model.values import BadValueError, check_size, show

MAXIMUM_DEPTH = 8
_POLICIES = tuple(policy.value for policy in OnZeroUsage)

_Path = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class _Problem:
    """A finding but for its place, so that it can be kept with the content it is about."""

    code: str
    path: _Path
    message: str
    remedy: str
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True)
class _Typed:
    use: StrategyUse | None
    problems: tuple[_Problem, ...]


class StrategyUses:
    """Gives the same object for the same use, so that edges can be grouped by it."""

    def __init__(self) -> None:
        """Begin with none."""
        self._typed: dict[object, _Typed] = {}
        self._same: dict[StrategyUse, StrategyUse] = {}

    @cached_property
    def _strategies(self) -> Mapping[str, Any]:
        return plugins.registered(plugins.STRATEGIES)

    def read(self, fields: Fields, inherited: OnZeroUsage | None = None) -> StrategyUse:
        """The use that an edge or override declares; findings go to ``fields``.

        ``inherited`` is the edge's policy on zero usage, for overrides that give none. What is
        given back after an error is a stand-in that nobody may compute with.
        """
        before = len(fields.findings)
        name = fields.identifier("strategy")
        given = fields.mapping("parameters")
        on_zero = fields.choice("on_zero_usage", _POLICIES, inherited or "")
        policy = OnZeroUsage(on_zero) if on_zero else None
        stand_in = StrategyUse(name, None, policy)
        if not name or len(fields.findings) > before or fields.raw.get("parameters") is UNREAD:
            return stand_in
        try:
            key = (name, policy, _frozen(given, 0))
        except BadValueError as bad:
            fields.bad(bad, given, "parameters")
            return stand_in
        typed = self._typed.get(key)
        if typed is None:
            typed = self._typed[key] = self._type(name, given, policy)
        for problem in typed.problems:
            self._report(fields, problem)
        return typed.use or stand_in

    def _type(self, name: str, given: Mapping[str, Any], policy: OnZeroUsage | None) -> _Typed:
        strategy = self._strategies.get(name)
        if strategy is None:
            known = f"Strategies are {one_of(self._strategies)}."
            remedy = did_you_mean(name, self._strategies) or known
            message = f"there is no strategy {show(name)}"
            return _Typed(None, (_Problem("unknown_strategy", ("strategy",), message, remedy),))
        try:
            parameters = strategy.parameters.model_validate(_plain(given))
        except ValidationError as error:
            details = error.errors(include_url=False)
            kind = strategy.parameters
            problems = [_said(kind, name, given, detail) for detail in first_few(details)]
            return _Typed(None, tuple(problems))
        too_long = tuple(_too_long(name, parameters, ("parameters",)))
        if too_long:
            return _Typed(None, too_long)
        use = StrategyUse(name, parameters, policy)
        use = self._same.setdefault(use, use)
        return _Typed(use, tuple(_like_fractions(name, parameters)))

    @staticmethod
    def _report(fields: Fields, problem: _Problem) -> None:
        if problem.severity is Severity.ERROR:
            message = f"in {fields.name()}, {problem.message}."
            fields.problem(problem.code, message, problem.remedy, *problem.path)
            return
        message = sentence(f"in {fields.name()}, {problem.message}.")
        where = fields.place(*problem.path)
        fields.findings.append(
            Finding(problem.code, message, where, problem.remedy, problem.severity)
        )


def _frozen(value: Any, depth: int) -> object:
    """The content of parameters as a key. The type is part of it, because ``1 == True``."""
    if depth > MAXIMUM_DEPTH:
        expected = f"it is nested deeper than {MAXIMUM_DEPTH} levels"
        raise BadValueError("parameter_out_of_range", expected)
    if isinstance(value, Mapping):
        return dict, tuple((key, _frozen(part, depth + 1)) for key, part in value.items())
    if isinstance(value, list | tuple):
        return list, tuple(_frozen(part, depth + 1) for part in value)
    if isinstance(value, Decimal):
        # Not every decimal can be hashed.
        return Decimal, str(value)
    if value is None or isinstance(value, str | Integral | float | date):
        return type(value), value
    expected = f"it holds a {type(value).__name__}, which is neither text nor a number"
    raise BadValueError("wrong_type", expected)


def _plain(value: Any) -> Any:
    """Parameters as the strategy's type takes them: no floats, and words for what YAML guessed.

    A label's values may well be ``true`` or a day; as text they mean what was written, and where
    a number is wanted they are refused.
    """
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items() if part is not None}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return Decimal(float.__repr__(value))
    if isinstance(value, Integral):
        return int(value)
    return value.isoformat() if isinstance(value, date) else value


def _said(
    parameters: type[BaseModel], strategy: str, given: Mapping[str, Any], detail: ErrorDetails
) -> _Problem:
    """One error of a parameter type in our words."""
    location = tuple(detail["loc"])
    path = ("parameters", *location)
    shown = show(".".join(str(step) for step in location))
    kind = detail["type"]
    if kind == "missing":
        message = f"the strategy {strategy} lacks its parameter {shown}"
        remedy = f"Add parameters: {{{shown[1:-1]}: ...}}."
        return _Problem("missing_parameter", path[:-1], message, remedy)
    if kind in ("extra_forbidden", "invalid_key"):
        message = f"the strategy {strategy} has no parameter {shown}"
        remedy = _parameters_of(_owner(parameters, location[:-1]), location[-1])
        return _Problem("unknown_parameter", path, message, remedy)
    if kind == "value_error":
        return _rule(parameters, strategy, given, detail)
    message = f"{shown} of the strategy {strategy} is {show(detail['input'])}; {_why(detail)}"
    remedy = _range_remedy(_owner(parameters, location[:-1]), str(location[-1]), detail)
    return _Problem("parameter_out_of_range", path, message, remedy)


def _parameters_of(owner: type[BaseModel] | None, given: object) -> str:
    known = list(owner.model_fields) if owner else []
    takes = f"It takes {one_of(known)}." if known else "It takes none."
    return did_you_mean(given, known) or takes


def _rule(
    parameters: type[BaseModel],
    strategy: str,
    given: Mapping[str, Any],
    detail: ErrorDetails,
) -> _Problem:
    """A rule over several parameters: missing where it offers some and none of them is given."""
    location, why = tuple(detail["loc"]), _why(detail)
    owner = _owner(parameters, location) or parameters
    inside: Any = given
    for step in location:
        inside = inside[step]
    optional = {name for name, about in owner.model_fields.items() if about.default is None}
    named = set(re.findall(r"\w+", why)) & optional
    missing = bool(named) and not any(inside.get(name) is not None for name in named)
    code = "missing_parameter" if missing else "parameter_out_of_range"
    where = f" in {'.'.join(map(str, location))}" if location else ""
    message = f"the strategy {strategy} cannot use its parameters{where}: {why}"
    remedy = getattr((detail.get("ctx") or {}).get("error"), "remedy", "")
    return _Problem(code, ("parameters", *location), message, remedy)


def _owner(parameters: type[BaseModel], location: _Path) -> type[BaseModel] | None:
    """The parameter type that declares what stands at a location."""
    owner: type[BaseModel] = parameters
    for step in location:
        declared = owner.model_fields.get(str(step))
        inner = list(_types(declared.annotation if declared else None))
        if not inner:
            return None
        owner = inner[0]
    return owner


def _types(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _types(part)


_WHY = {
    "string_type": "it should be text",
    "decimal_type": "it should be a number",
    "decimal_parsing": "it should be a number",
    "finite_number": "it should be a number one can count with",
    "int_type": "it should be a whole number",
    "int_parsing": "it should be a whole number",
    "int_from_float": "it should be a whole number",
    "int_parsing_size": "it should be a smaller number",
    "tuple_type": "it should be a list",
    "list_type": "it should be a list",
    "model_type": "it should be keys with values",
    "dict_type": "it should be keys with values",
}


def _why(detail: ErrorDetails) -> str:
    said = detail["msg"].removeprefix("Value error, ")
    said = re.sub(r"^(\w+ )?[Ii]nput should", "it should", said)
    return _WHY.get(detail["type"], said.rstrip("."))


_BOUNDS = ("less_than_equal", "greater_than_equal", "greater_than")
_NO_NUMBER = ("decimal_type", "decimal_parsing", "finite_number", "int_type", "int_parsing")


def _range_remedy(owner: type[BaseModel] | None, name: str, detail: ErrorDetails) -> str:
    given = detail["input"]
    twin = _percent_of(name, owner.model_fields if owner else ())
    if detail["type"] == "enum":
        choices = re.findall(r"'([^']+)'", detail["msg"])
        return did_you_mean(given, choices) or f"Write, for example, {name}: {choices[0]}."
    if detail["type"] in _NO_NUMBER:
        bare = str(given).removesuffix("%").strip()
        readable = re.fullmatch(r"[0-9]+(\.[0-9]+)?", bare)
        example = "7" if detail["type"].startswith("int") else "12.5"
        return f"Write {twin or name}: {bare}." if readable else f"Write, for example, {example}."
    if detail["type"] not in _BOUNDS:
        return ""
    if name.endswith("percent"):
        return "Percents run from 0 to 100, so that 25 is a quarter."
    bounds = _bounds(owner.model_fields.get(name) if owner else None)
    if twin and bounds.get("le") == 1 and isinstance(given, int | Decimal) and 1 < given <= 100:
        return f"If {given} percent is meant, write {twin}: {given}."
    low = f"above {bounds['gt']}" if "gt" in bounds else f"from {bounds.get('ge', 0)}"
    return f"Write a number {low} to {bounds['le']}." if "le" in bounds else ""


def _bounds(declared: FieldInfo | None) -> dict[str, Any]:
    """The limits that a parameter declares, also where it may be left out."""
    if declared is None:
        return {}
    inner = [part for kind in get_args(declared.annotation) for part in get_args(kind)]
    limits = [limit for part in inner if isinstance(part, FieldInfo) for limit in part.metadata]
    return {
        key: getattr(limit, key)
        for limit in (*declared.metadata, *limits)
        for key in ("ge", "gt", "le")
        if hasattr(limit, key)
    }


def _percent_of(name: str, known: Iterable[str]) -> str:
    """The parameter that gives the same share as a percent, if there is one."""
    stem = name.removesuffix("fraction").rstrip("_")
    wanted = (f"{stem}_percent", "percent") if stem else ("percent",)
    return next((key for key in wanted if key in known), "")


def _too_long(strategy: str, parameters: BaseModel, path: _Path) -> Iterator[_Problem]:
    """Refuse decimals so long that exact arithmetic on them would take for ever."""
    for name in type(parameters).model_fields:
        value = getattr(parameters, name)
        if isinstance(value, BaseModel):
            yield from _too_long(strategy, value, (*path, name))
        elif isinstance(value, Decimal):
            try:
                check_size(value)
            except BadValueError as bad:
                message = f"{name!r} of the strategy {strategy} is {show(value)}; {bad.expected}"
                yield _Problem("parameter_out_of_range", (*path, name), message, "")


def _like_fractions(strategy: str, parameters: BaseModel) -> Iterator[_Problem]:
    """Warn of percents below 1, which may have been meant as fractions (`A10`)."""
    known = type(parameters).model_fields
    for name in known:
        value = getattr(parameters, name)
        if not (name.endswith("percent") and isinstance(value, Decimal) and 0 < value < 1):
            continue
        stem = name.removesuffix("percent").rstrip("_")
        other = next((key for key in (stem, f"{stem}_fraction", "fraction") if key in known), "")
        as_percent = format((value * 100).normalize(), "f")
        message = (
            f"{name}: {value} of the strategy {strategy} is {value} percent, "
            f"not {as_percent} percent"
        )
        fraction = f" or {other}: {value}" if other else ""
        remedy = f"If {as_percent} percent is meant, write {name}: {as_percent}{fraction}."
        yield _Problem(
            "percent_looks_like_fraction",
            ("parameters", name),
            message,
            remedy,
            Severity.WARNING,
        )
