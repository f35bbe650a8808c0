"""What a change did to costs, by source and period, and then by node (`D7`)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa

from apportion import database

# Plain costs have no period: theirs are the days of a month that were written anew.
_DAYS = """
    CREATE VIEW days AS
    WITH both_sides AS (
        SELECT false AS is_new, source, period, node, date, currency, amount, lines FROM before
        UNION ALL SELECT true, source, period, node, date, currency, amount, lines FROM after
    )
    SELECT source, period, CASE WHEN period = '' THEN strftime(date, '%Y-%m') ELSE '' END AS month,
           node, date, currency, bool_or(is_new) AS stays,
           coalesce(sum(lines) FILTER (NOT is_new), 0) AS lines_before,
           coalesce(sum(lines) FILTER (is_new), 0) AS lines_after,
           coalesce(sum(amount) FILTER (NOT is_new), 0)::DECIMAL(38, 9) AS before,
           coalesce(sum(amount) FILTER (is_new), 0)::DECIMAL(38, 9) AS after
    FROM both_sides GROUP BY ALL
"""
_MOVED = """
    WITH nodes AS (
        SELECT source, period, month, currency, node, sum(before)::DECIMAL(38, 9) AS before,
               sum(after)::DECIMAL(38, 9) AS after, sum(lines_before) AS known
        FROM days GROUP BY ALL
    ),
    by_node AS (
        SELECT source, period, month, currency, sum(known) AS known,
               list({'node': node, 'before': before, 'after': after}
                    ORDER BY abs(after - before) DESC, node)
               FILTER (before <> after) AS nodes
        FROM nodes GROUP BY source, period, month, currency
    ),
    by_day AS (
        SELECT source, period, month, currency, date, bool_or(stays) AS stays,
               sum(lines_before) AS lines_before, sum(lines_after) AS lines_after,
               sum(before) AS before, sum(after) AS after
        FROM days GROUP BY source, period, month, currency, date
    ),
    summed AS (
        SELECT source, period, month, currency, min(date) AS first, max(date) AS last,
               sum(lines_before)::BIGINT AS lines_before, sum(lines_after)::BIGINT AS lines_after,
               sum(before)::DECIMAL(38, 9) AS before, sum(after)::DECIMAL(38, 9) AS after,
               count_if(NOT stays)::BIGINT AS days_gone, min(date) FILTER (NOT stays) AS first_gone,
               max(date) FILTER (NOT stays) AS last_gone,
               coalesce(sum(before) FILTER (NOT stays), 0)::DECIMAL(38, 9) AS amount_gone
        FROM by_day GROUP BY source, period, month, currency
    )
    SELECT source, CASE WHEN period = '' THEN concat(first, '/', last) ELSE period END AS period,
           currency, lines_before, lines_after, before, after, days_gone, first_gone, last_gone,
           amount_gone, CASE WHEN known > 0 THEN nodes END AS nodes
    FROM summed JOIN by_node USING (source, period, month, currency)
    WHERE lines_before <> lines_after OR before <> after OR days_gone > 0 OR len(nodes) > 0
    ORDER BY abs(after - before) DESC, source, period, currency
"""


@dataclass(frozen=True, slots=True)
class MovedNode:
    """What a node had of one source and period, and has now, in its currency."""

    node: str
    before: Decimal
    after: Decimal


@dataclass(frozen=True, slots=True)
class MovedCosts:
    """What was known of a source and period in one currency, and what is now.

    ``period`` is first/last day: of a bill its billing period, of plain costs the days of one month
    that were written anew. ``days_gone`` counts days that had cost and have none any more, from
    ``first_gone`` to ``last_gone``, with ``amount_gone`` in all. ``nodes`` are those whose sum is
    another, the dearest change first; there are none where nothing was known.
    """

    source: str
    period: str
    currency: str
    lines_before: int
    lines_after: int
    before: Decimal
    after: Decimal
    days_gone: int
    first_gone: date | None
    last_gone: date | None
    amount_gone: Decimal
    nodes: tuple[MovedNode, ...]

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data, amounts as decimal text."""
        return {
            "source": self.source,
            "period": self.period,
            "currency": self.currency,
            "lines_before": self.lines_before,
            "lines_after": self.lines_after,
            "before": _text(self.before),
            "after": _text(self.after),
            "days_gone": self.days_gone,
            "first_day_gone": self.first_gone and self.first_gone.isoformat(),
            "last_day_gone": self.last_gone and self.last_gone.isoformat(),
            "amount_gone": _text(self.amount_gone),
            "nodes": [
                {"node": each.node, "before": _text(each.before), "after": _text(each.after)}
                for each in self.nodes
            ],
        }


def moved_costs(before: pa.Table, after: pa.Table) -> tuple[MovedCosts, ...]:
    """What rows of costs were replaced by, the dearest change first; what is the same is left out.

    Both have the columns of ``costs``.
    """
    connection = database.connect()
    connection.register("before", before)
    connection.register("after", after)
    connection.execute(_DAYS)
    rows = connection.sql(_MOVED).to_arrow_table().to_pylist()
    return tuple(
        MovedCosts(**{**row, "nodes": tuple(MovedNode(**each) for each in row["nodes"] or ())})
        for row in rows
    )


def _text(amount: Decimal) -> str:
    return f"{amount.normalize():f}"
