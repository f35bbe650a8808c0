"""Lines of a bill that count in its account already, under another period or sub-account (`D4`).

A billing period that is spelt otherwise, or a sub-account that is left out, makes other cells of
the same charges. So lines that would be added are held against those of the account that stay: they
are the same if they begin at one moment, cost the same and are of one resource, or, where they name
none, of one SKU and sub-account.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import duckdb

from apportion.findings import Finding, IngestError, Place
from apportion.ledger.disk import Store
from apportion.ledger.lines import SUB_ACCOUNT, lines_view

_SHOWN = 10

# What the delivery supersedes goes, so that nothing can count beside it.
_STAYING = """
    CREATE TABLE staying_parts AS
    SELECT DISTINCT c.source, c.period, c.kept_in, c.kept_bill, c.day, c.currency,
           c.period[:7] AS month
    FROM counting AS c
    ANTI JOIN (FROM modes WHERE mode = 'supersede') USING (source, period)
    SEMI JOIN (
        SELECT a.source, a.day, a.currency FROM arriving AS a JOIN modes AS m
        USING (source, period) WHERE m.is_bill AND m.mode IN ('add', 'supersede')
    ) AS a ON a.source = c.source AND a.day = c.day AND a.currency = c.currency
    WHERE c.is_bill
"""
_WANTED = "SELECT DISTINCT kept_in, month FROM staying_parts"
_KEY = """
    "ChargePeriodStart" AS begins, "BillingCurrency" AS currency,
    coalesce(nullif("EffectiveCost", 0), "BilledCost") AS cost,
    coalesce("ResourceId", "SkuId") AS thing,
    "ResourceId" IS NOT NULL AS is_resource, coalesce({sub_account}, '') AS account
"""
_FOUND = """
    WITH coming_lines AS (
        SELECT source, period, {key}, count(*) AS lines
        FROM brought JOIN bills USING (bill) JOIN (
            SELECT source, period FROM modes WHERE is_bill AND mode IN ('add', 'supersede')
        ) USING (source, period)
        WHERE cost <> 0 AND thing IS NOT NULL GROUP BY ALL
    ),
    known_lines AS (
        SELECT p.source, p.period AS other, {key}, count(*) AS lines
        FROM staying_kept AS k JOIN staying_parts AS p
        ON k.delivery = p.kept_in AND k.bill = p.kept_bill AND k.day = p.day
           AND k."BillingCurrency" = p.currency
        WHERE cost <> 0 AND thing IS NOT NULL GROUP BY ALL
    ),
    whole AS (
        SELECT source, period, currency, sum(lines) AS lines, sum(abs(cost) * lines) AS money
        FROM coming_lines GROUP BY ALL
    ),
    same AS (
        SELECT c.source, c.period, k.other, c.currency, sum(least(c.lines, k.lines)) AS lines,
               sum(c.cost * least(c.lines, k.lines)) AS amount,
               sum(abs(c.cost) * least(c.lines, k.lines)) AS money
        FROM coming_lines AS c JOIN known_lines AS k
        USING (source, begins, currency, cost, thing, is_resource)
        WHERE c.account = k.account OR is_resource AND (c.account = '' OR k.account = '')
        GROUP BY ALL
    )
    SELECT s.source, s.period, s.other, s.currency, s.lines::BIGINT, w.lines::BIGINT, s.amount
    FROM same AS s JOIN whole AS w USING (source, period, currency)
    WHERE 2 * s.lines >= w.lines AND 2 * s.money >= w.money
    ORDER BY ALL
"""


def refuse_same_again(
    connection: duckdb.DuckDBPyConnection, store: Store, at_version: int, where: Place
) -> None:
    """Refuse a bill at least half of which, by lines and by money, counts in its account already.

    The connection has ``counting``, ``arriving``, ``modes``, ``bills`` and ``brought`` (the lines
    of the delivery). Raises ``IngestError`` (``repeated_lines``).
    """
    connection.execute(_STAYING)
    wanted = connection.execute(_WANTED).fetchall()
    if not wanted:
        return
    deliveries, months = {row[0] for row in wanted}, {row[1] for row in wanted}
    lines_view(connection, store, deliveries, at_version, (), "staying_kept", months)
    key = _KEY.format(sub_account=SUB_ACCOUNT.format('"SubAccountId"'))
    if rows := connection.execute(_FOUND.format(key=key)).fetchall():
        raise IngestError([_finding(row, where) for row in rows[:_SHOWN]])


def _finding(row: Sequence[Any], where: Place) -> Finding:
    source, period, other, currency, lines, of_all, amount = row
    money = f"{Decimal(amount).normalize():,f} {currency}"
    known = (
        "in the same bill, of another sub-account or none"
        if other == period
        else f"in the bill of {other.replace('/', ' to ')}"
    )
    return Finding(
        "repeated_lines",
        f"{source}, {period.replace('/', ' to ')}: {lines:,} of {of_all:,} lines, with {money}, "
        f"count {known} already, of the same start, amount and resource or SKU. Nothing was "
        "recorded.",
        where,
        "If it is the same bill, export it with the billing periods and sub-accounts of before, or "
        "withdraw the delivery before it first (apportion deliveries list); if both count, say so "
        "with --append.",
        details={
            "source": source,
            "period": period,
            "other": other,
            "lines": lines,
            "lines_coming": of_all,
            "amounts": {currency: f"{Decimal(amount).normalize():f}"},
        },
    )
