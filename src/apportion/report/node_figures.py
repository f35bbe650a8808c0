"""The figures of a node (`A17`), rounded so that people can add them up down and across."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from apportion.report.column import Column, Kind
from apportion.report.figures import Figures

COLUMNS = (
    Column("direct", "Direct", Kind.AMOUNT, summed=True),
    Column("indirect", "Received", Kind.AMOUNT),
    Column("holistic", "Holistic", Kind.AMOUNT),
    Column("given", "Given", Kind.AMOUNT),
    Column("retained", "Kept", Kind.AMOUNT, summed=True),
)
"""What was received, holistic and given has no total: it would count the same money at every node
that it passes."""


def balanced(
    figures: Figures,
    exact: Mapping[str, Sequence[Decimal]],
    shown: Mapping[str, Sequence[int]],
) -> dict[str, list[int]]:
    """Round what was received, holistic and given to go with direct and kept as ``shown``.

    Direct and received make holistic, holistic less given is kept, in each row as shown. What is
    nothing stays nothing, which comes first: a node that gives nothing must not seem to.
    """
    rows = [
        _row(figures, *amounts)
        for amounts in zip(
            exact["indirect"], exact["given"], shown["direct"], shown["retained"], strict=False
        )
    ]
    received, holistic, given = zip(*rows, strict=True) if rows else ((), (), ())
    return {"indirect": list(received), "holistic": list(holistic), "given": list(given)}


def _row(
    figures: Figures, received: Decimal, given: Decimal, direct: int, kept: int
) -> tuple[int, int, int]:
    if given == 0:
        return (0 if received == 0 else kept - direct), kept, 0
    shown = figures.rounded([received])[0]
    return shown, direct + shown, direct + shown - kept
