"""What an ingest took away and what it put there: money, usage or units, and the days that go.

A count of rows does not tell a corrected bill from one that lost half of its days; sums do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa

from apportion import database
from apportion.findings import Finding, Severity

_SHOWN = 3
_REMEDY = (
    "If the files hold only a part of what they speak for, ingest all of it; what they replaced "
    "comes back when its files are ingested again."
)
_MOVED = """
    WITH was AS (SELECT {of} AS what, date, {quantity}::DECIMAL(38, 9) AS amount FROM before),
    now AS (SELECT {of} AS what, date, {quantity}::DECIMAL(38, 9) AS amount FROM after),
    sums AS (
        SELECT what, coalesce(any_value(old), 0)::DECIMAL(38, 9) AS old,
               coalesce(any_value(new), 0)::DECIMAL(38, 9) AS new
        FROM (
            SELECT what, sum(amount) AS old, NULL AS new FROM was GROUP BY what
            UNION ALL SELECT what, NULL, sum(amount) FROM now GROUP BY what
        )
        GROUP BY what
    ),
    gone AS (
        SELECT what, count(DISTINCT date) AS days, min(date) AS first_day, max(date) AS last_day
        FROM was ANTI JOIN now USING (what, date) GROUP BY what
    )
    SELECT what, old, new, coalesce(days, 0), first_day, last_day
    FROM sums LEFT JOIN gone USING (what)
    WHERE {shown}
    ORDER BY what
"""
_QUERIES = {
    "costs": _MOVED.format(of="currency", quantity="amount", shown="true"),
    "usage": _MOVED.format(of="metric", quantity="value", shown="old <> new OR days > 0"),
    "billable_usage": _MOVED.format(of="channel", quantity="billable_units", shown="true"),
}


@dataclass(frozen=True, slots=True)
class Moved:
    """What an ingest replaced of one currency, metric or channel, named by ``what``.

    ``before`` and ``after`` are sums of the rows replaced and of those in their place: money in the
    currency, the metric's values, or billable units. ``days_gone`` counts days that had rows and
    have none any more; they lie between ``first_gone`` and ``last_gone``.
    """

    what: str
    before: Decimal
    after: Decimal
    days_gone: int = 0
    first_gone: date | None = None
    last_gone: date | None = None

    @property
    def shrinks(self) -> bool:
        """Whether there is less than before; of credits, whether there are fewer."""
        return abs(self.after) < abs(self.before)

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data, amounts as text."""
        return {
            "what": self.what,
            "before": f"{self.before.normalize():f}",
            "after": f"{self.after.normalize():f}",
            "days_gone": self.days_gone,
            "first_day_gone": self.first_gone and self.first_gone.isoformat(),
            "last_day_gone": self.last_gone and self.last_gone.isoformat(),
        }


def moved(table: str, before: pa.Table, after: pa.Table) -> tuple[Moved, ...]:
    """What rows of an input table were replaced by; nothing where there were none before.

    Of metrics, which can be very many, only those that changed.
    """
    if not before.num_rows:
        return ()
    connection = database.connect()
    connection.register("before", before)
    connection.register("after", after)
    return tuple(Moved(*row) for row in connection.execute(_QUERIES[table]).fetchall())


def told(each: Moved) -> str:
    """Before and after, in a few words."""
    return f"{each.what} {_number(each.before)} before, {_number(each.after)} now"


def shrinking(changes: Sequence[Moved]) -> tuple[Finding, ...]:
    """Warnings that what the ledger had became less, or lost days."""
    less = [each for each in changes if each.shrinks]
    gone = [each for each in changes if each.days_gone]
    found = []
    if less:
        message = f"The ledger now has less than before: {_listed([told(each) for each in less])}."
        found.append(_warning("shrunk_total", message, less))
    if gone:
        days = [
            f"{each.what} {each.days_gone:,} between {each.first_gone} and {each.last_gone}"
            for each in gone
        ]
        message = f"Days that had rows in the ledger have none any more: {_listed(days)}."
        found.append(_warning("vanished_days", message, gone))
    return tuple(found)


def _warning(code: str, message: str, changes: Sequence[Moved]) -> Finding:
    details = {"changes": [each.to_dict() for each in changes]}
    return Finding(code, message, remedy=_REMEDY, severity=Severity.WARNING, details=details)


def _listed(texts: Sequence[str]) -> str:
    more = len(texts) - _SHOWN
    return "; ".join(texts[:_SHOWN]) + (f"; and {more:,} more" if more > 0 else "")


def _number(amount: Decimal) -> str:
    return f"{amount.normalize():,f}"
