"""What a delivery does to the lines of the same bills that count now: the one rule of `D4`.

A bill of a period that is the same again is a repeat. One that has no cell in common with what
counts is added; one that has all cells of it supersedes it. Anything else would take away what it
does not mention, or mix two cuts of the same days: somebody has to say what is meant. Two cuts are
charges of one thing that begin at different moments and lie in part at the same time.

The cells of a bill are its sub-accounts and the moments at which charges begin. Those of plain
costs, which name no sub-account, are nodes and dimensions of a day: a file of other nodes for a day
that counts may correct it or add to it, and is asked what it does.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import duckdb
import pyarrow as pa

from apportion.findings import Finding, IngestError, Place
from apportion.ledger.lines import SUB_ACCOUNT

_SHOWN = 10
_DAYS_TOLD = 200
"""Days and sub-accounts whose figures are given of each bill; of more it is said how many."""

# A period counts once however many of its days differ, so digests are summed over days. What one
# delivery of several brought is nothing new either, unless it is said to be all that there is.
# A declared day of which nobody says anything is no news either.
_FATES = """
    CREATE TABLE fates AS
    WITH coming AS (
        SELECT source, period, any_value(is_bill) AS is_bill, sum(lines) AS lines,
               sum(digest::HUGEINT) AS digest FROM arriving GROUP BY source, period
    ),
    each AS (
        SELECT source, period, delivery, sum(lines) AS lines, sum(digest::HUGEINT) AS digest,
               any_value(cost_column) AS cost_column
        FROM counting LEFT JOIN known_columns USING (delivery) GROUP BY source, period, delivery
    ),
    known AS (
        SELECT source, period, lines, digest, [delivery] AS deliveries, cost_column FROM each
        WHERE coalesce($answer, '') <> 'replace'
        UNION ALL
        SELECT source, period, sum(lines), sum(digest), list(delivery ORDER BY delivery),
               CASE WHEN count(DISTINCT cost_column) = 1 THEN any_value(cost_column) END
        FROM each GROUP BY source, period
    ),
    same AS (
        SELECT source, period, any_value(known.deliveries) AS deliveries
        FROM coming JOIN known USING (source, period, lines, digest)
        WHERE $cost_column IS NULL OR cost_column = $cost_column
        GROUP BY source, period
    ),
    meeting AS (SELECT DISTINCT source, period FROM counting)
    SELECT coming.source, coming.period, coming.is_bill,
           CASE WHEN same.source IS NOT NULL OR meeting.source IS NULL AND coming.lines = 0
                THEN 'repeat'
                WHEN coalesce($answer, mode) = 'append' THEN 'add'
                WHEN meeting.source IS NULL OR coalesce($answer, mode) = 'replace' THEN 'supersede'
                ELSE 'compare' END AS fate,
           same.deliveries
    FROM coming LEFT JOIN same USING (source, period) LEFT JOIN meeting USING (source, period)
    LEFT JOIN standing_answers USING (source)
"""
_SIDES = """
    CREATE VIEW both_sides AS
    FROM (
        SELECT 'old' AS side, c.source, c.period, c.is_bill, kept.*
        FROM kept JOIN counting AS c
        ON kept.delivery = c.kept_in AND kept.bill = c.kept_bill AND kept.day = c.day
           AND kept."BillingCurrency" = c.currency
        UNION ALL
        SELECT 'new', a.source, a.period, a.is_bill, coming.*
        FROM coming JOIN arriving AS a
        ON coming.bill = a.bill AND coming.day = a.day
           AND coming."BillingCurrency" = a.currency
    ) SEMI JOIN (FROM fates WHERE fate = 'compare') USING (source, period)
"""
# Of bills that an older program brought only sums by day are known, so days are compared: all those
# over which a charge was divided. Each sum was of a line at least, so a day with fewer lines than
# sums lacks some of them: a month's fee alone is not all there was of each of its days.
_SUMMED = """
    CREATE TABLE summed AS
    SELECT c.source, c.period FROM kept JOIN counting AS c
    ON kept.delivery = c.kept_in AND kept.bill = c.kept_bill AND kept.day = c.day
       AND kept."BillingCurrency" = c.currency
    WHERE c.is_bill AND kept.node IS NOT NULL
    UNION
    SELECT a.source, a.period FROM coming JOIN arriving AS a
    ON coming.bill = a.bill AND coming.day = a.day AND coming."BillingCurrency" = a.currency
    WHERE a.is_bill AND coming.node IS NOT NULL
"""
_CELLS = """
    CREATE TABLE cells AS
    WITH said AS (
        SELECT source, period, is_bill, side, "SubAccountId", "ChargePeriodStart",
               "ChargePeriodEnd", node, dimension, count(*) AS lines
        FROM both_sides GROUP BY ALL
    ),
    told AS (
        SELECT source, period, side, 0 AS lines, "SubAccountId", "ChargePeriodStart",
               CASE WHEN NOT is_bill THEN node END AS node,
               CASE WHEN NOT is_bill THEN dimension END AS dimension
        FROM said ANTI JOIN summed USING (source, period)
        UNION ALL
        SELECT source, period, side, lines, NULL, unnest(generate_series(
                   began, greatest(began, ended - INTERVAL 1 MICROSECOND), INTERVAL 1 DAY
               ))::TIMESTAMPTZ, NULL, NULL
        FROM (
            SELECT source, period, side, lines,
                   date_trunc('day', CAST("ChargePeriodStart" AS TIMESTAMP)) AS began,
                   CAST(coalesce("ChargePeriodEnd", "ChargePeriodStart") AS TIMESTAMP) AS ended
            FROM said SEMI JOIN summed USING (source, period)
        )
    )
    SELECT source, period, coalesce({sub_account}, '') AS account,
           "ChargePeriodStart" AS begins, coalesce(node, '') AS node,
           coalesce(dimension, '') AS dimension,
           bool_or(side = 'old') AS is_known, bool_or(side = 'new') AS is_coming,
           is_known AND (NOT is_coming
               OR coalesce(sum(lines) FILTER (side = 'new'), 0)
                  < coalesce(sum(lines) FILTER (side = 'old'), 0)) AS is_gone
    FROM told GROUP BY ALL
"""
_COMPARED = """
    CREATE TABLE compared AS
    SELECT source, period, count_if(is_known AND is_coming) AS common,
           count_if(is_gone) AS gone
    FROM cells GROUP BY source, period
"""
# Hours after the whole day, or days of another time zone, have no moment in common at which they
# begin, and still tell the same charges. Those of one thing that lie in part at the same time do.
_CUTS = """
    CREATE TABLE cuts AS
    WITH apart AS (
        SELECT source, period FROM compared JOIN fates USING (source, period)
        WHERE common = 0 AND is_bill
    ),
    spans AS (
        SELECT DISTINCT side, source, period, {sub_account} AS account, "ServiceName", "ResourceId",
               "SkuId", "SkuPriceId", "ChargeCategory", "ChargeFrequency",
               "ChargePeriodStart" AS begins, "ChargePeriodEnd" AS ends
        FROM both_sides SEMI JOIN apart USING (source, period)
        WHERE "ChargePeriodEnd" > "ChargePeriodStart"
    ),
    reach AS (
        SELECT source, period, min(begins) AS first, max(ends) AS last
        FROM spans WHERE side = 'new' GROUP BY source, period
    ),
    near AS (
        SELECT spans.* FROM spans JOIN reach USING (source, period)
        WHERE side = 'old' AND begins < last AND ends > first
    )
    SELECT DISTINCT o.source, o.period
    FROM near AS o JOIN spans AS n
    ON n.side = 'new' AND o.source = n.source AND o.period = n.period
       AND o.account IS NOT DISTINCT FROM n.account
       AND o."ServiceName" IS NOT DISTINCT FROM n."ServiceName"
       AND o."ResourceId" IS NOT DISTINCT FROM n."ResourceId"
       AND o."SkuId" IS NOT DISTINCT FROM n."SkuId"
       AND o."SkuPriceId" IS NOT DISTINCT FROM n."SkuPriceId"
       AND o."ChargeCategory" IS NOT DISTINCT FROM n."ChargeCategory"
       AND o."ChargeFrequency" IS NOT DISTINCT FROM n."ChargeFrequency"
       AND o.begins < n.ends AND n.begins < o.ends
"""
# A part of a bill by its services has the cells of the others, and none of their services.
_OTHER_SERVICES = """
    CREATE TABLE other_services AS
    WITH told AS (
        SELECT DISTINCT source, period, side, "ServiceName" AS service FROM both_sides
        WHERE is_bill AND "ServiceName" IS NOT NULL
    )
    SELECT source, period FROM told GROUP BY source, period
    HAVING count(DISTINCT side) = 2 AND count(DISTINCT service) = count(*)
"""
_MODES = """
    CREATE TABLE modes AS
    SELECT fates.source, fates.period, fates.is_bill, fates.deliveries,
           CASE WHEN fate <> 'compare' THEN fate
                WHEN common = 0 AND is_bill AND cuts.source IS NULL THEN 'add'
                WHEN gone = 0 AND other.source IS NULL THEN 'supersede' ELSE 'refuse' END AS mode
    FROM fates LEFT JOIN compared USING (source, period) LEFT JOIN cuts USING (source, period)
    LEFT JOIN other_services AS other USING (source, period)
"""
_MODES_WITHOUT_CELLS = """
    CREATE TABLE modes AS SELECT source, period, is_bill, deliveries, fate AS mode FROM fates
"""
_SUMS = """
    SELECT source, period, currency, day, CASE WHEN s.source IS NULL THEN account ELSE '' END,
           is_old, sum(lines), sum(amount)
    FROM (
        SELECT c.source, c.period, "BillingCurrency" AS currency, kept.day,
               coalesce({sub_account}, '') AS account, true AS is_old,
               count(*) AS lines, sum(coalesce("EffectiveCost", "BilledCost", 0)) AS amount
        FROM kept JOIN counting AS c
        ON kept.delivery = c.kept_in AND kept.bill = c.kept_bill AND kept.day = c.day
           AND kept."BillingCurrency" = c.currency
        GROUP BY ALL
        UNION ALL
        SELECT a.source, a.period, "BillingCurrency", coming.day,
               coalesce({sub_account}, ''), false, count(*),
               sum(coalesce("EffectiveCost", "BilledCost", 0))
        FROM coming JOIN arriving AS a
        ON coming.bill = a.bill AND coming.day = a.day AND coming."BillingCurrency" = a.currency
        GROUP BY ALL
        UNION ALL
        SELECT source, period, currency, CAST(begins AS TIMESTAMP)::DATE, '', false, 0, 0
        FROM cells SEMI JOIN summed USING (source, period)
        JOIN (SELECT DISTINCT source, period, currency FROM arriving) USING (source, period)
        WHERE is_coming AND NOT is_gone
    ) SEMI JOIN (FROM modes WHERE mode = 'refuse') USING (source, period)
    LEFT JOIN summed AS s USING (source, period)
    GROUP BY ALL ORDER BY ALL
"""


_NO_COLUMNS = pa.table({"delivery": pa.array([], pa.string()), "cost_column": []})
_NO_ANSWERS: Mapping[str, str] = MappingProxyType({})


def judge(
    connection: duckdb.DuckDBPyConnection,
    answer: str,
    where: Place,
    remedy: str,
    open_lines: Callable[[], None],
    standing: Mapping[str, str] = _NO_ANSWERS,
    columns: tuple[str, pa.Table] | None = None,
) -> None:
    """Make the table ``modes``: for each source and period repeat, add or supersede.

    The connection has ``counting`` and ``arriving`` (the parts of the delivery, each with its
    source and period). ``open_lines`` makes ``kept`` (the lines that count of these) and ``coming``
    (those of the delivery), where cells have to be compared. ``answer`` is replace or append where
    somebody said so, ``standing`` the answers of sources of which somebody said it once.
    ``columns`` are the cost column of the delivery, and those of all deliveries: the same lines
    with another cost column are no repeat.

    Raises ``IngestError`` (``unsaid_replacement``) with what would go and what would come.
    """
    told = {
        "source": pa.array(standing.keys(), pa.string()),
        "mode": pa.array(standing.values(), pa.string()),
    }
    connection.register("standing_answers", pa.table(told))
    chosen, known = columns or (None, _NO_COLUMNS)
    connection.register("known_columns", known)
    connection.execute(_FATES, {"answer": answer or None, "cost_column": chosen})
    compared = connection.execute("SELECT count(*) FROM fates WHERE fate = 'compare'").fetchall()
    if not compared[0][0]:
        connection.execute(_MODES_WITHOUT_CELLS)
        return
    open_lines()
    sub_account = SUB_ACCOUNT.format('"SubAccountId"')
    connection.execute(_SUMMED)
    connection.execute(_SIDES)
    connection.execute(_CELLS.format(sub_account=sub_account))
    connection.execute(_COMPARED)
    connection.execute(_CUTS.format(sub_account=sub_account))
    connection.execute(_OTHER_SERVICES)
    connection.execute(_MODES)
    rows = connection.execute(_SUMS.format(sub_account=sub_account)).fetchall()
    if rows:
        raise IngestError(list(_refusals(rows, where, remedy)))


@dataclass(slots=True)
class _Side:
    lines: int = 0
    amount: Decimal = Decimal(0)
    is_told: bool = False

    def add(self, lines: int, amount: Decimal) -> None:
        self.is_told = True
        self.lines += lines
        self.amount += amount

    def told(self, currency: str) -> str:
        lines = "1 line" if self.lines == 1 else f"{self.lines:,} lines"
        return f"{lines}, {self.amount.normalize():,f} {currency}"


def _refusals(rows: Sequence[tuple[Any, ...]], where: Place, remedy: str) -> Iterator[Finding]:
    bills: dict[tuple[str, str, str], list[tuple[Any, ...]]] = {}
    for source, period, currency, *told in rows:
        first, last = period.split("/")
        # Each day of plain costs is a period of its own; people think of the whole file.
        whole = "" if first == last else period
        bills.setdefault((source, whole, currency), []).append(tuple(told))
    for (source, period, currency), told in list(bills.items())[:_SHOWN]:
        yield _refusal(source, period, currency, told, where, remedy)
    if len(bills) > _SHOWN:
        more = f"There are {len(bills) - _SHOWN:,} more bills of which something would go."
        yield Finding("unsaid_replacement", more, where)


def _refusal(
    source: str,
    period: str,
    currency: str,
    told: Sequence[tuple[Any, ...]],
    where: Place,
    remedy: str,
) -> Finding:
    known, coming, gone = _Side(), _Side(), _Side()
    sides: dict[tuple[date, str], tuple[_Side, _Side]] = {}
    for day, account, is_old, lines, amount in told:
        old, new = sides.setdefault((day, account), (_Side(), _Side()))
        (old if is_old else new).add(int(lines), amount)
        (known if is_old else coming).add(int(lines), amount)
    all_days = sorted({day for day, _ in sides})
    unmentioned = [key for key, (_, new) in sides.items() if not new.is_told]
    for key in unmentioned:
        gone.add(sides[key][0].lines, sides[key][0].amount)
    days = sorted({day for day, _ in unmentioned})
    lost = (
        f" Of {_span(days)}, which the files do not mention, {gone.told(currency)} would go."
        if days
        else " They mention the same days, but not all that the ledger has of them."
    )
    listed = [
        {
            "date": day.isoformat(),
            "account": account,
            "lines_known": old.lines,
            "amount_known": f"{old.amount.normalize():f}",
            "lines_coming": new.lines,
            "amount_coming": f"{new.amount.normalize():f}",
        }
        for (day, account), (old, new) in sorted(sides.items())[:_DAYS_TOLD]
    ]
    span = period.replace("/", " to ") or _span(all_days)
    return Finding(
        "unsaid_replacement",
        f"{source}, {span}: the ledger has {known.told(currency)}; the files have "
        f"{coming.told(currency)}.{lost} Nothing was recorded.",
        where,
        remedy,
        details={
            "source": source,
            "period": period,
            "currency": currency,
            "lines_known": known.lines,
            "amount_known": f"{known.amount.normalize():f}",
            "lines_coming": coming.lines,
            "amount_coming": f"{coming.amount.normalize():f}",
            "lines_going": gone.lines,
            "amount_going": f"{gone.amount.normalize():f}",
            "days": listed,
            "more_days": max(len(sides) - _DAYS_TOLD, 0),
        },
    )


def _span(days: Sequence[date]) -> str:
    return f"{days[0]}" if len(days) == 1 else f"{len(days):,} days, {days[0]} to {days[-1]}"
