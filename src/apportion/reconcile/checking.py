"""How an invariant is checked: two figures side by side for every row, and all that differ."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from apportion.reconcile.evidence import Evidence
from apportion.reconcile.reconciliation import Violation

LISTED = 100
"""How many violations of one invariant are listed. All are counted."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check saw. ``violated`` counts all violations, of which ``listed`` are the first.

    ``nothing_to_see`` tells that no row was to be expected, so that having seen none is right.
    """

    rows_seen: int
    violated: int = 0
    listed: tuple[Violation, ...] = ()
    nothing_to_see: bool = False


Check = Callable[[Evidence], Outcome]
"""An invariant: a function whose name is the invariant's and whose docstring says why."""


def compare(evidence: Evidence, name: str, sql: str) -> Outcome:
    """Check that ``expected`` is ``actual`` in every row of a query.

    The query gives ``node``, ``date``, ``dimension``, ``expected`` and ``actual``.
    """
    rows = evidence.connection.sql(sql)
    counts = "count(*), count(*) FILTER (WHERE expected IS DISTINCT FROM actual)"
    seen, violated = rows.aggregate(counts).fetchall()[0]
    if not violated:
        return Outcome(seen)
    wrong = rows.filter("expected IS DISTINCT FROM actual").order("date, dimension, node")
    return Outcome(seen, violated, violations(name, wrong.limit(LISTED).fetchall()))


def compare_in_stretches(evidence: Evidence, name: str, sql: str) -> Outcome:
    """The same for a query whose every row comes from the rows of one day.

    It is asked for a stretch of days after the other, so that what the query groups by never takes
    more memory than a stretch does, however long the period is.
    """
    outcomes = []
    for first, last in evidence.stretches:
        with evidence.only(first, last):
            outcomes.append(compare(evidence, name, sql))
    return Outcome(
        sum(each.rows_seen for each in outcomes),
        sum(each.violated for each in outcomes),
        tuple(violation for each in outcomes for violation in each.listed)[:LISTED],
    )


def violations(name: str, rows: Iterable[tuple[Any, ...]]) -> tuple[Violation, ...]:
    """Rows of node, date, dimension, expected and actual as violations of an invariant."""
    return tuple(
        Violation(name, node or "", day, dimension or "", _text(expected), _text(actual))
        for node, day, dimension, expected, actual in rows
    )


def _text(figure: Any) -> str:
    if figure is None:
        return "nothing known"
    return format(figure, "f") if isinstance(figure, Decimal) else str(figure)
