"""Cost went along the edges of its day: along all of them, and along no other."""

from apportion.reconcile.checking import Outcome, violations
from apportion.reconcile.evidence import Evidence

_DUE = """
CREATE OR REPLACE TEMP TABLE proof_due AS
WITH daily AS (
    SELECT node, date, count(*) AS rows
    FROM proof_allocations
    WHERE holistic <> 0
    GROUP BY node, date
),
running AS (
    SELECT node, date, sum(rows) OVER (PARTITION BY node ORDER BY date) AS rows FROM daily
),
expected AS (
    SELECT w.source, w.receiver, w.first,
           coalesce(upto.rows, 0) - coalesce(before.rows, 0) AS rows
    FROM proof_windows AS w
    ASOF LEFT JOIN running AS upto ON upto.node = w.source AND w.last >= upto.date
    ASOF LEFT JOIN running AS before ON before.node = w.source AND w.first > before.date
)
SELECT coalesce(e.source, f.source) AS source, coalesce(e.receiver, f.receiver) AS receiver,
       coalesce(e.rows, 0) AS expected, coalesce(f.rows, 0) AS actual
FROM expected AS e
FULL JOIN proof_flows AS f
    ON f.source = e.source AND f.receiver = e.receiver AND f.first = e.first
"""

_COUNT = """
SELECT coalesce(sum(greatest(expected, actual)), 0),
       coalesce(sum(abs(expected - actual)), 0),
       coalesce(sum(expected), 0) = 0
FROM proof_due
"""

_LIST = """
WITH suspects AS (
    SELECT DISTINCT source, receiver FROM proof_due WHERE expected <> actual
    ORDER BY source, receiver LIMIT 100
),
expected AS (
    SELECT w.source, w.receiver, a.date, a.dimension, 1 AS rows
    FROM suspects
    JOIN proof_windows AS w USING (source, receiver)
    JOIN proof_allocations AS a
        ON a.node = w.source AND a.date BETWEEN w.first AND w.last AND a.holistic <> 0
),
actual AS (
    SELECT c.source, c.receiver, c.date, c.dimension, count(*) AS rows
    FROM proof_contributions AS c
    SEMI JOIN suspects USING (source, receiver)
    GROUP BY ALL
)
SELECT source, date, dimension,
       CASE WHEN expected.rows = 1 THEN 'one contribution to ' ELSE 'no contribution to ' END
           || receiver,
       CASE coalesce(actual.rows, 0)
           WHEN 0 THEN 'none' WHEN 1 THEN 'one' ELSE CAST(actual.rows AS VARCHAR) END
FROM expected
FULL JOIN actual USING (source, receiver, date, dimension)
WHERE coalesce(expected.rows, 0) <> coalesce(actual.rows, 0)
ORDER BY date, dimension, source, receiver
LIMIT 100
"""


def edges_are_active(evidence: Evidence) -> Outcome:
    """A source with cost has one contribution for each edge that is active that day (`A5`).

    One on another day is cost that went where nobody let it go. One that is missing is cost that
    stayed behind, which no sum would show: it still adds up, as unallocated. Contributions are
    counted per edge and window; single days are looked at only where a count is wrong.
    """
    evidence.connection.execute(_DUE)
    seen, violated, idle = evidence.one(_COUNT)
    listed = evidence.connection.execute(_LIST).fetchall() if violated else []
    evidence.connection.execute("DROP TABLE proof_due")
    return Outcome(
        int(seen), int(violated), violations("edges_are_active", listed), nothing_to_see=idle
    )
