"""Lines of a bill that count under another source already, beyond what chance explains (`D4`).

The same bill under two names counts twice. Lines are the same that begin at one moment, cost the
same and are of one resource, or, where they name none, of one SKU and sub-account.
"""

import shlex
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import duckdb

from apportion.findings import Finding, IngestError, Place
from apportion.ledger.disk import Store
from apportion.ledger.lines import SUB_ACCOUNT, lines_view

_SHOWN = 10

_KEY = """
    day, "ChargePeriodStart" AS begins, "BillingCurrency" AS currency,
    coalesce(nullif("EffectiveCost", 0), "BilledCost") AS cost,
    coalesce("ResourceId", "SkuId") AS thing, "ResourceId" IS NOT NULL AS is_resource,
    coalesce({sub_account}, '') AS account
"""
_COUNTS = "cost <> 0 AND thing IS NOT NULL"
# Most deliveries share no day with another source's bill, so that no line has to be read.
_MEETING = """
    WITH days AS (
        SELECT DISTINCT source, day, currency FROM arriving SEMI JOIN (
            SELECT source, period FROM modes WHERE is_bill AND mode IN ('supersede', 'add')
        ) USING (source, period)
    ),
    there AS (
        SELECT DISTINCT source, day, currency FROM counting WHERE is_bill UNION FROM days
    )
    SELECT count(*) FROM days JOIN there USING (day, currency) WHERE days.source <> there.source
"""
# Counting is a small part of grouping, and tells most bills apart that meet on some days.
_COUNTED = """
    CREATE TABLE counted AS
    SELECT source, period, day, "BillingCurrency" AS currency, count(*) AS lines
    FROM brought JOIN bills USING (bill) JOIN (
        SELECT source, period FROM modes WHERE is_bill AND mode IN ('supersede', 'add')
    ) USING (source, period)
    WHERE coalesce(nullif("EffectiveCost", 0), "BilledCost") <> 0
      AND ("ResourceId" IS NOT NULL OR "SkuId" IS NOT NULL)
    GROUP BY ALL
"""
_ASKED = """
    CREATE TABLE asked AS
    SELECT source, period, {key}, count(*) AS lines
    FROM brought JOIN bills USING (bill) JOIN (
        SELECT source, period FROM modes WHERE is_bill AND mode IN ('supersede', 'add')
    ) USING (source, period)
    WHERE {counts} GROUP BY ALL
"""
# Another source that has too few lines on these days cannot have half of them.
_PAIRS = """
    CREATE TABLE pairs AS
    WITH there AS (
        SELECT source, day, currency, sum(lines) AS lines FROM counting WHERE is_bill GROUP BY ALL
        UNION ALL
        SELECT source, day, currency, sum(lines) FROM counted GROUP BY ALL
    ),
    each AS (SELECT source, day, currency, sum(lines) AS lines FROM there GROUP BY ALL),
    whole AS (SELECT source, period, sum(lines) AS lines FROM counted GROUP BY ALL),
    met AS (
        SELECT c.source, c.period, each.source AS other,
               sum(least(c.lines, each.lines)) AS lines
        FROM counted AS c JOIN each USING (day, currency) WHERE c.source <> each.source
        GROUP BY ALL
    )
    SELECT other, source, period FROM met JOIN whole USING (source, period)
    WHERE 2 * met.lines >= whole.lines
"""
_LIKELY = """
    CREATE TABLE likely AS
    SELECT DISTINCT c.source, c.kept_in, c.kept_bill, c.day AS on_day, c.currency,
           c.period[:7] AS month
    FROM counting AS c JOIN pairs AS p ON c.source = p.other SEMI JOIN counted AS days
    ON days.source = p.source AND days.period = p.period AND days.day = c.day
       AND days.currency = c.currency
"""
_OWN = """
    CREATE TABLE own AS
    SELECT DISTINCT c.source, c.kept_in, c.kept_bill, c.day AS on_day, c.currency,
           c.period[:7] AS month
    FROM counting AS c SEMI JOIN matched AS m
    ON m.source = c.source AND m.day = c.day AND m.currency = c.currency
"""
_WANTED = "SELECT DISTINCT kept_in, month FROM {parts}"
_READ = """
    CREATE TABLE {name} AS
    SELECT c.source, {key}, count(*) AS lines
    FROM {name}_kept AS k JOIN {parts} AS c
    ON k.delivery = c.kept_in AND k.bill = c.kept_bill AND k.day = c.on_day
       AND k."BillingCurrency" = c.currency
    WHERE {counts} GROUP BY ALL
"""
# Bills of one delivery stand beside each other, too.
_MATCHED = """
    CREATE TABLE matched AS
    WITH there AS (
        SELECT *, false AS at_once FROM elsewhere
        UNION ALL
        SELECT * EXCLUDE (period), true FROM asked
    )
    SELECT a.*, t.source AS other, t.at_once,
           least(any_value(a.lines), sum(least(a.lines, t.lines))) AS found
    FROM asked AS a JOIN there AS t USING (begins, currency, cost, thing, is_resource)
    WHERE a.source <> t.source
      AND (a.account = t.account OR a.is_resource AND (a.account = '' OR t.account = ''))
    GROUP BY ALL
"""
# What the source said beside the other before, it may say again: somebody has decided on that.
_KNOWN = """
    UPDATE matched SET found = greatest(matched.found - k.lines, 0)
    FROM (
        SELECT source, begins, currency, cost, thing, account, sum(lines) AS lines
        FROM mine GROUP BY ALL
    ) AS k
    WHERE matched.source = k.source AND matched.begins = k.begins
      AND matched.currency = k.currency AND matched.cost = k.cost AND matched.thing = k.thing
      AND matched.account = k.account
"""
_HALVES = """
    WITH whole AS (
        SELECT source, period, currency, sum(lines) AS lines, sum(abs(cost) * lines) AS money
        FROM asked GROUP BY ALL
    ),
    same AS (
        SELECT source, period, other, at_once, currency, sum(found) AS lines,
               sum(abs(cost) * found) AS money, sum(cost * found) AS amount
        FROM matched WHERE found > 0 GROUP BY ALL
    ),
    beside AS (
        SELECT s.*, w.lines AS all_lines, w.money AS all_money
        FROM whole AS w JOIN same AS s USING (source, period, currency)
    )
    SELECT source, period, other, at_once, sum(lines)::BIGINT AS lines,
           (SELECT sum(lines) FROM whole AS w
            WHERE w.source = beside.source AND w.period = beside.period)::BIGINT AS all_lines,
           list([currency, amount::VARCHAR] ORDER BY currency) AS amounts
    FROM beside GROUP BY source, period, other, at_once
    HAVING 2 * sum(lines) >= all_lines AND bool_and(2 * money >= all_money)
    ORDER BY ALL
"""


def refuse_same_elsewhere(
    connection: duckdb.DuckDBPyConnection, store: Store, at_version: int, where: Place
) -> None:
    """Refuse a bill at least half of which, by lines and by money, counts under another source.

    The connection has ``counting``, ``arriving`` (the parts of the delivery), ``modes``, ``bills``
    and ``brought`` (the bills of the delivery and their lines).

    Raises ``IngestError`` (``repeated_lines``).
    """
    if not connection.execute(_MEETING).fetchall()[0][0]:
        return
    told = {
        "key": _KEY.format(sub_account=SUB_ACCOUNT.format('"SubAccountId"')),
        "counts": _COUNTS,
    }
    connection.execute(_COUNTED)
    connection.execute(_PAIRS)
    if not connection.execute("SELECT count(*) FROM pairs").fetchall()[0][0]:
        return
    connection.execute(_ASKED.format(**told))
    connection.execute(_LIKELY)
    _read(connection, store, at_version, "elsewhere", "likely", told)
    connection.execute(_MATCHED)
    if not connection.execute(_HALVES).fetchall():
        return
    connection.execute(_OWN)
    _read(connection, store, at_version, "mine", "own", told)
    connection.execute(_KNOWN)
    # Of two bills of one delivery each may hold the other; that is told once.
    halves = reversed(connection.execute(_HALVES).fetchall())
    pairs = {(frozenset((row[0], row[2])), row[1]): row for row in halves}
    if rows := sorted(pairs.values()):
        findings = [_finding(row, where) for row in rows[:_SHOWN]]
        if len(rows) > _SHOWN:
            more = f"There are {len(rows) - _SHOWN:,} more bills that count already."
            findings.append(Finding("repeated_lines", more, where))
        raise IngestError(findings)


def _read(
    connection: duckdb.DuckDBPyConnection,
    store: Store,
    at_version: int,
    name: str,
    parts: str,
    told: dict[str, str],
) -> None:
    """Count the lines of ``parts`` of deliveries, opening only files of their months."""
    wanted = connection.execute(_WANTED.format(parts=parts)).fetchall()
    deliveries, months = {row[0] for row in wanted}, {row[1] for row in wanted}
    lines_view(connection, store, deliveries, at_version, (), f"{name}_kept", months)
    connection.execute(_READ.format(name=name, parts=parts, **told))


def _finding(row: Sequence[Any], where: Place) -> Finding:
    source, period, other, at_once, lines, of_all, amounts = row
    sums = {currency: Decimal(amount).normalize() for currency, amount in amounts}
    money = ", ".join(f"{amount:,f} {currency}" for currency, amount in sums.items())
    span = period.replace("/", " to ")
    one = of_all == 1
    what = "the only line" if one else f"{lines:,} of {of_all:,} lines"
    stands = "stands" if lines == 1 else "stand"
    known = "in these files" if at_once else "in the ledger"
    same = (
        "If it is the same bill, leave one of the files out"
        if at_once
        else f"If it is the same bill, say so with --source {shlex.quote(other)}"
    )
    return Finding(
        "repeated_lines",
        f"{source}, {span}: {what}, with {money}, {stands} {known} under {other!r} as well, of the "
        "same start, amount and resource or SKU. Nothing was recorded.",
        where,
        f"{same}; if both count, say so with --append.",
        details={
            "source": source,
            "period": period,
            "other": other,
            "lines": lines,
            "lines_coming": of_all,
            "amounts": {currency: f"{amount:f}" for currency, amount in sums.items()},
        },
    )
