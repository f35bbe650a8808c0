"""What an example says: what is given, and what is expected of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from apportion.findings import Place

FIGURES = ("direct", "indirect", "holistic", "given", "retained")

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Given:
    """What a run is given.

    ``model`` is None where the user's own is meant, ``costs`` where only the model is looked at.
    Rows are keyed as in the tables; amounts and values are decimal text.
    """

    model: Mapping[str, Any] | None
    costs: tuple[Row, ...] | None
    usage: tuple[Row, ...]
    first: date | None
    last: date | None
    dimensions: tuple[str, ...] | None
    currency: str


@dataclass(frozen=True, slots=True)
class Part:
    """Which rows are summed: from a day to a day, both included, and of which dimension."""

    first: date | None = None
    last: date | None = None
    dimension: str | None = None

    def __str__(self) -> str:
        """Say it after a figure's name: `` on 2024-01-31 in Compute``; nothing means all rows."""
        words = []
        if self.first is not None and self.first == self.last:
            words.append(f" on {self.first}")
        else:
            words += [f" from {self.first}"] if self.first else []
            words += [f" to {self.last}"] if self.last else []
        words += [f" in {self.dimension}"] if self.dimension is not None else []
        return "".join(words)


@dataclass(frozen=True, slots=True)
class NodeFigure:
    """One of ``FIGURES`` of a node (`A17`), summed over a part of the rows."""

    node: str
    figure: str
    part: Part
    value: Decimal
    where: Place


@dataclass(frozen=True, slots=True)
class EdgeAmount:
    """What a source gives to a receiver, summed over a part of the rows."""

    source: str
    receiver: str
    part: Part
    value: Decimal
    where: Place


@dataclass(frozen=True, slots=True)
class ProductFigure:
    """A product's cost with all that is part of it (`A25`), or its own as reports show it (`A3`).

    ``value`` is text in the second case, because every digit of it counts.
    """

    product: str
    value: Decimal | str
    where: Place


@dataclass(frozen=True, slots=True)
class ExpectedFinding:
    """A finding's code, and facts that it must state, as text."""

    code: str
    facts: Mapping[str, str]
    where: Place

    def __str__(self) -> str:
        """Give the code, and the facts in brackets."""
        facts = ", ".join(f"{name}: {value}" for name, value in self.facts.items())
        return f"{self.code} ({facts})" if facts else self.code


@dataclass(frozen=True, slots=True)
class Expected:
    """What is expected. Figures are rounded to ``decimals`` first, if that is given.

    ``reconciliation`` is as it was read; its fields are looked up in the proof. Without
    ``findings`` any warning may come, but no error.
    """

    figures: tuple[NodeFigure, ...]
    amounts: tuple[EdgeAmount, ...]
    reconciliation: Mapping[str, Any]
    hierarchy: tuple[ProductFigure, ...]
    shown: tuple[ProductFigure, ...]
    findings: tuple[ExpectedFinding, ...] | None
    findings_where: Place
    decimals: int | None

    @property
    def needs_a_run(self) -> bool:
        """Whether anything is expected beside findings."""
        return bool(
            self.figures or self.amounts or self.reconciliation or self.hierarchy or self.shown
        )


@dataclass(frozen=True, slots=True)
class Example:
    """One example. ``rules`` are whatever names its writer gave for what it shows."""

    name: str
    rules: tuple[str, ...]
    given: Given
    expected: Expected
    where: Place
