"""Which strategies there are, and how each decides a share, told from the code itself."""

import doctest
import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from typing import Any

from apportion.attribution.strategy import Strategy
from apportion.findings import Finding, UsageError
from apportion.model.spelling import did_you_mean
from apportion.plugins import STRATEGIES, registered
from apportion.report.figures import percent_text, percent_units


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter: its name, what it may hold, and what counts where it is not given.

    ``default`` is ``required`` where it must be given, and empty where it may simply be absent.
    """

    name: str
    values: str
    default: str


@dataclass(frozen=True, slots=True)
class Described:
    """A strategy as people read it.

    ``without_usage`` is what happens where no sibling used anything, empty where usage does not
    matter. ``example`` is a worked example as the program itself computes it, ``example_shares``
    its result in percent.
    """

    name: str
    summary: str
    formula: str
    without_usage: str
    parameters: tuple[Parameter, ...]
    example: str
    example_shares: tuple[str, ...]


def strategies() -> tuple[Described, ...]:
    """Every registered strategy, in the order of names."""
    return tuple(map(_describe, registered(STRATEGIES).values()))


def strategy(name: str) -> Described:
    """One strategy. Raises ``UsageError`` (``unknown_name``)."""
    known: Mapping[str, Strategy] = registered(STRATEGIES)
    if name not in known:
        listed = f"There are: {', '.join(known)}."
        finding = Finding(
            "unknown_name",
            f"There is no strategy {name!r}.",
            remedy=did_you_mean(name, known) or _by_word(name, known) or listed,
        )
        raise UsageError([finding])
    return _describe(known[name])


def _by_word(name: str, known: Mapping[str, Strategy]) -> str:
    """Ask for the strategy of which a single word was meant, if there is one."""
    words = {word: each for each in known for word in each.split("_")}
    close = get_close_matches(name[:200], words, n=1, cutoff=0.8)
    return f"Did you mean {words[close[0]]!r}?" if close else ""


def _describe(strategy: Strategy) -> Described:
    fields = strategy.parameters.model_fields
    described = strategy.parameters.model_json_schema().get("properties", {})
    module = importlib.import_module(strategy.weights.__module__)
    examples = doctest.DocTestParser().get_examples(module.__doc__ or "")
    return Described(
        strategy.name,
        strategy.summary,
        strategy.formula,
        str(strategy.on_zero_usage) if "metric" in fields else "",
        tuple(
            Parameter(name, _values(described[name]), _default(field))
            for name, field in fields.items()
        ),
        "\n".join(f">>> {each.source}{each.want}".rstrip() for each in examples),
        _shares(examples[-1].want if examples else ""),
    )


def _values(schema: Mapping[str, Any]) -> str:
    options = [option for option in schema.get("anyOf", [schema]) if option.get("type") != "null"]
    for option in options:
        if option.get("type") in _NUMBERS:
            return f"{_NUMBERS[option['type']]}{_bounds(option)}"
    if any("$ref" in option for option in options):
        return "{label, operator, values}"
    return "text"


_NUMBERS = {"number": "decimal", "integer": "whole number"}


def _bounds(number: Mapping[str, Any]) -> str:
    below = {"minimum": "from", "exclusiveMinimum": "above"}
    above = {"maximum": "to", "exclusiveMaximum": "below"}
    words = [f" {word} {number[key]:g}" for key, word in (below | above).items() if key in number]
    return "".join(words)


def _default(field: Any) -> str:
    if field.is_required():
        return "required"
    return "" if field.default is None else str(field.default)


_ARRAY = re.compile(r"array\(\[([^\]]*)\]")


def _shares(result: str) -> tuple[str, ...]:
    """The shares in an example's answer, which is a pair of numerators and denominators.

    None where all are 0: then the strategy answers elsewhere, as the one for remainders does.
    """
    arrays = [[int(each) for each in found.split(",")] for found in _ARRAY.findall(result)]
    if len(arrays) != 2:
        return ()
    shares = [Fraction(above, below) for above, below in zip(*arrays, strict=True)]
    if not any(shares):
        return ()
    return tuple(map(percent_text, percent_units(shares, Fraction(1)) or ()))
