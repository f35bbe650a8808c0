"""Figures in words: how far they are from what was expected, and how they came to be."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from apportion.examples.answers import Figures
from apportion.examples.rounding import amount_text, rounded
from apportion.examples.types import NodeFigure, Part

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Plain:
    """Amounts as an example states them, rounded to its decimals if it gives any."""

    decimals: int | None

    def __call__(self, amount: Decimal) -> str:
        """An amount as text."""
        return amount_text(rounded(amount, self.decimals))

    def same(self, found: Decimal, wanted: Decimal) -> bool:
        """Whether an amount is the expected one, once rounded."""
        return rounded(found, self.decimals) == wanted


def way_to(each: NodeFigure, figures: Figures, plain: Plain) -> str:
    """How a figure came to be: the first thing one wants to know."""
    if each.figure == "direct":
        return ""
    if each.figure in ("given", "retained"):
        return given_by(each.node, each.part, figures, plain)
    direct = figures.of_node(each.node, "direct", each.part)
    parts = [f"{plain(direct)} of its own"] if direct and each.figure == "holistic" else []
    got = [row for row in figures.neighbours(each.node, each.part) if row[1] == each.node]
    parts += _listed(f"{plain(amount)} from {source}" for source, _, amount in got)
    return f"{each.node} got {', '.join(parts) or 'nothing'}{each.part}."


def given_by(node: str, part: Part, figures: Figures, plain: Plain) -> str:
    """What a source had, and who got how much of it."""
    had = plain(figures.of_node(node, "holistic", part))
    gave = [row for row in figures.neighbours(node, part) if row[0] == node]
    parts = _listed(f"{plain(amount)} to {receiver}" for _, receiver, amount in gave)
    return f"{node} had {had} and gave {', '.join(parts) or 'nothing'}{part}."


def _listed(parts: Iterable[str]) -> list[str]:
    """The first few, and how many more there are."""
    every = list(parts)
    more = len(every) - _NAMED
    return [*every[:_NAMED], f"and {more} more"] if more > 0 else every
