"""What a strategy is: typed parameters, integer weights, and a sentence that explains it (`A12`).

A strategy answers one question: which weight has an edge, over which denominator, given the usage
of its receiver and of all its siblings. It answers for many edges and days at once, in integers,
so that the shares are exact rationals. Everything else (overrides, fallbacks, the common
denominator of mixed siblings, the split itself) is done once for all strategies.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Any, Self

import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

from apportion.model.types import OnZeroUsage

Array = npt.NDArray[Any]
Percent = Annotated[Decimal, Field(ge=0, le=100, allow_inf_nan=False)]
Part = Annotated[Decimal, Field(ge=0, le=1, allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class Operator(StrEnum):
    """How a segment filter compares a label (`A13`)."""

    EQ = "eq"
    NEQ = "neq"
    IN = "in"
    NOT_IN = "not_in"
    EXISTS = "exists"
    NOT_EXISTS = "not_exists"


_NEGATIVE = frozenset({Operator.NEQ, Operator.NOT_IN, Operator.NOT_EXISTS})
_WITHOUT_VALUES = frozenset({Operator.EXISTS, Operator.NOT_EXISTS})


class Parameters(BaseModel):
    """The parameters of a strategy. Frozen, so that edges of the same use are computed together."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    def ratios(self) -> tuple[Fraction, ...]:
        """The parameters that enter the formula, as exact fractions."""
        return ()

    def series(self) -> "Series | None":
        """The usage that the strategy reads, or none."""
        return None


class RuleError(ValueError):
    """A rule over several parameters that does not hold, and how to mend what breaks it."""

    def __init__(self, message: str, remedy: str) -> None:
        """Keep the remedy beside the message."""
        super().__init__(message)
        self.remedy = remedy


class SegmentFilter(Parameters):
    """Which usage rows count, by one of their labels (`A13`).

    An absent label passes ``neq``, ``not_in`` and ``not_exists``. ``eq`` and ``neq`` with several
    values act as ``in`` and ``not_in``. ``exists`` and ``not_exists`` take no values.
    """

    label: Name
    operator: Operator = Operator.IN
    values: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _has_values(self) -> Self:
        if not self.values and self.operator not in _WITHOUT_VALUES:
            raise ValueError(f"the operator {self.operator} needs at least one value")
        if self.values and self.operator in _WITHOUT_VALUES:
            opposite = Operator.IN if self.operator is Operator.EXISTS else Operator.NOT_IN
            raise RuleError(
                f"the operator {self.operator} asks for the label alone and takes no values",
                f"Remove values, or write operator: {opposite}.",
            )
        return self

    def passes(self, labels: dict[str, str]) -> bool:
        """Whether a row with these labels counts."""
        value = labels.get(self.label)
        if self.operator in _WITHOUT_VALUES:
            holds = value is not None
        else:
            holds = value is not None and value in self.values
        return holds is not (self.operator in _NEGATIVE)


@dataclass(frozen=True, slots=True)
class Series:
    """A usage figure per node and day: a metric, filtered, and averaged over past days.

    The figure of a day is the sum over ``age`` from 0 to ``window_days`` - 1 of the usage ``age``
    days before, times ``decay`` to the power ``age``.
    """

    metric: str
    segment_filter: SegmentFilter | None = None
    window_days: int = 1
    decay: Fraction = Fraction(1)


class UsageParameters(Parameters):
    """Parameters of a strategy that reads usage."""

    metric: Name
    segment_filter: SegmentFilter | None = None

    def series(self) -> Series | None:
        """The metric, under its filter."""
        return Series(self.metric, self.segment_filter)


def one_of(first: tuple[str, Decimal | None], second: tuple[str, Decimal | None]) -> None:
    """Insist on exactly one of two ways to write a share: a percent, or a part of one (`A10`)."""
    if (first[1] is None) == (second[1] is None):
        raise ValueError(f"give exactly one of {first[0]} and {second[0]}")


def share_of(percent: Decimal | None, part: Decimal | None) -> Fraction:
    """The share as a fraction, whichever way it was written."""
    return Fraction(percent) / 100 if percent is not None else Fraction(part or 0)


@dataclass(frozen=True, slots=True)
class Siblings:
    """What a strategy may look at. All arrays have the same shape: days by edges.

    ``count`` is the number of siblings, the edge itself included (`A9`); ``usage`` is that of the
    edge's receiver, ``total`` that of all siblings, which is above 0 whenever a strategy is
    asked; ``ratios`` are the parameters' fractions as pairs of numerators and denominators.
    The elements are int64, or Python integers where 64 bits would not hold them, or floats when
    only the size of a denominator is asked for: use ``+ - *`` and NumPy's comparisons alone.
    """

    count: Array
    usage: Array
    total: Array
    ratios: tuple[tuple[Array, Array], ...]


Weights = Callable[[Siblings], tuple[Array, Array]]


def equal_weights(siblings: Siblings) -> tuple[Array, Array]:
    """The same for all siblings, and together the whole."""
    return siblings.count * 0 + 1, siblings.count


class Rounding(StrEnum):
    """How a share becomes an amount: as part of the conserving split, or cut down to the unit."""

    NEAREST = "nearest"
    DOWN = "down"


class Rest(StrEnum):
    """Who takes what the other siblings leave."""

    NOBODY = "nobody"
    GREATEST_USER = "greatest user"
    EQUALLY = "equally"


@dataclass(frozen=True, slots=True)
class Strategy:
    """A way to decide an edge's share.

    ``weights`` gives numerators and denominators; the share is their quotient, in [0, 1].
    ``on_zero_usage`` says what happens where all siblings have no usage (`A14`): share equally,
    or keep on the source whatever depends on usage. ``equal_weights`` are the shares where they
    are to be equal for lack of usage. ``formula`` and ``summary`` are for people.
    ``sentence`` explains one share: it may name ``{source}``, ``{receiver}``, ``{share}``,
    ``{metric}`` and the parameters.
    """

    name: str
    summary: str
    formula: str
    sentence: str
    parameters: type[Parameters]
    weights: Weights
    on_zero_usage: OnZeroUsage = OnZeroUsage.EQUAL
    equal_weights: Weights = equal_weights
    rounding: Rounding = Rounding.NEAREST
    rest: Rest = Rest.NOBODY
