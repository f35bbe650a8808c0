"""What a delivery of billable usage does to the rows that count: the one rule of `B3`.

A row takes the place of the row with its own key; rows of other keys stay. What a delivery would
take away without mentioning it is asked for first (`D4`), and so is another count of events that
were counted before: without their ids nobody can tell late events from a corrected day.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from apportion import database
from apportion.amounts import decimals_of, format_shown, round_shown
from apportion.amounts.units import RATE_DECIMALS
from apportion.findings import Finding, IngestError, Place
from apportion.ledger.disk import Store
from apportion.ledger.record_rating import charges_view, list_ratings
from apportion.ledger.schemas import BILLABLE_USAGE
from apportion.model.billable_usage import former_ids_table

_SHOWN = 10

# Rows that came under two ids of one account have one key. They count together, so what is
# delivered takes the place of all of them.
_BEFORE = """
    CREATE VIEW before AS SELECT *, count(*) OVER (
        PARTITION BY date, account, channel, provider, rate_multiplier, international, template
    ) = 1 AS is_alone FROM held
"""
# A key that is delivered without units is one whose events no longer count.
_FATES = """
    CREATE TABLE fates AS
    WITH delivered AS (
        SELECT date, account, channel, provider, rate_multiplier, international, template,
               billable_units AS new_units, notifications_sent AS new_sent FROM coming
        UNION ALL
        SELECT date, account, channel, provider, rate_multiplier, international, template,
               NULL, NULL FROM uncounted
    ), meters AS (SELECT DISTINCT date, account, channel, provider, true AS is_near FROM delivered)
    SELECT before.*, CASE
        WHEN is_alone AND new_units = billable_units AND new_sent = notifications_sent THEN 'same'
        WHEN new_units IS NOT NULL THEN 'changed'
        WHEN delivered.date IS NOT NULL OR ($whole_days AND spoken.day IS NOT NULL)
            OR ($replace AND coalesce(is_near, false)) THEN 'gone'
        WHEN is_near THEN 'beside' ELSE 'apart' END AS fate
    FROM before LEFT JOIN delivered USING (date, account, channel, provider, rate_multiplier,
                                           international, template)
    LEFT JOIN meters USING (date, account, channel, provider)
    LEFT JOIN spoken ON spoken.day = before.date
"""
_NEWS = """
    CREATE TABLE news AS SELECT * FROM coming ANTI JOIN (FROM fates WHERE fate = 'same')
    USING (date, account, channel, provider, rate_multiplier, international, template)
"""
_GONE = "CREATE TABLE gone AS FROM fates WHERE fate IN ('gone', 'changed')"
_ASKED = """
    CREATE TABLE asked AS FROM fates WHERE fate = 'gone' OR (fate = 'changed' AND $counts_events)
"""
_STAYING = "CREATE VIEW staying AS FROM fates WHERE fate IN ('beside', 'apart')"
_KEPT = "SELECT * EXCLUDE (fate, told, is_alone) REPLACE (told AS account) FROM staying"
_SUMS = """
    WITH parts AS (
        SELECT 'gone' AS part, date, billable_units FROM gone
        UNION ALL SELECT 'came', date, billable_units FROM news
        UNION ALL SELECT fate, date, billable_units FROM fates WHERE fate IN ('beside', 'same')
    )
    SELECT part, count(*), sum(billable_units)::DECIMAL(38, 0), count(DISTINCT date)
    FROM parts GROUP BY part
"""
_BY_METER = """
    WITH going AS (
        SELECT date, account, channel, provider, count(*) AS lines,
               sum(billable_units)::DECIMAL(38, 0) AS units
        FROM asked GROUP BY ALL
    ), new AS (
        SELECT date, account, channel, provider, count(*) AS lines,
               sum(billable_units)::DECIMAL(38, 0) AS units
        FROM news GROUP BY ALL
    )
    SELECT date, account, channel, provider, going.lines, going.units,
           coalesce(new.lines, 0), coalesce(new.units, 0)
    FROM going LEFT JOIN new USING (date, account, channel, provider)
    ORDER BY date, account, channel, provider
"""
_SHRUNK = """
    WITH old AS (
        SELECT date, account, channel, provider,
               sum(notifications_sent)::DECIMAL(38, 0) AS sent,
               sum(billable_units)::DECIMAL(38, 0) AS units
        FROM before GROUP BY ALL
    ), after AS (
        SELECT date, account, channel, provider, notifications_sent, billable_units FROM coming
        UNION ALL
        SELECT date, account, channel, provider, notifications_sent, billable_units FROM staying
    ), new AS (
        SELECT date, account, channel, provider,
               sum(notifications_sent)::DECIMAL(38, 0) AS sent,
               sum(billable_units)::DECIMAL(38, 0) AS units
        FROM after GROUP BY ALL
    )
    SELECT date, account, channel, provider, old.sent, coalesce(new.sent, 0),
           old.units, coalesce(new.units, 0)
    FROM old LEFT JOIN new USING (date, account, channel, provider)
    WHERE coalesce(new.sent, 0) < old.sent OR coalesce(new.units, 0) < old.units
    ORDER BY date, account, channel, provider
"""
_COST_OF_GONE = """
    SELECT count(*), coalesce(sum(cost), 0) FROM charges_now SEMI JOIN gone
    USING (date, account, channel, provider, rate_multiplier, international, template,
           billable_units, notifications_sent)
"""
_COST_OF_ASKED = """
    SELECT count(*), coalesce(sum(cost), 0) FROM charges_now SEMI JOIN asked
    USING (date, account, channel, provider, rate_multiplier, international, template,
           billable_units, notifications_sent)
"""

_CHARGES_NOW = """
    CREATE OR REPLACE VIEW charges_now AS
    SELECT charges.* REPLACE (coalesce(former.now, charges.account) AS account)
    FROM charges LEFT JOIN former ON charges.account = former.former_id
"""


@dataclass(frozen=True, slots=True)
class BillingIngest:
    """Rows of billable usage to be recorded, each key once, and what they speak for.

    ``uncounted`` are keys whose events are in the files and do not count. With ``whole_days`` the
    files are all there is of ``days``. ``counts_events`` says that the rows are counts, which a
    part of a day's events makes too small. ``replace`` says that the files are all there is of the
    days, accounts, channels and providers that they name. ``former_ids`` gives the account of each
    id that one had before; rows are of present ids, and the ledger's are taken to be (`B21`).
    """

    rows: pa.Table
    uncounted: pa.Table
    days: tuple[date, ...]
    whole_days: bool
    counts_events: bool
    replace: bool
    format: str
    files: tuple[str, ...]
    former_ids: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Amount:
    """Some rows of usage: how many, their billable units, and of how many days they are."""

    rows: int = 0
    units: int = 0
    days: int = 0

    def __str__(self) -> str:
        """Give it as people read it.

        >>> str(Amount(1, 1200, 1))
        '1 row with 1,200 units'
        """
        rows = f"{self.rows:,} {'row' if self.rows == 1 else 'rows'}"
        return f"{rows} with {self.units:,} {'unit' if self.units == 1 else 'units'}"


@dataclass(frozen=True, slots=True)
class Shrunk:
    """A day of an account, channel and provider that has less than before."""

    day: date
    account: str
    channel: str
    provider: str
    sent_before: int
    sent: int
    units_before: int
    units: int


@dataclass(frozen=True, slots=True)
class Moved:
    """What a delivery did: rows that went, at what cost as rated last, and rows that came.

    ``kept`` are the other rows of its days. Of them those ``beside`` are of a day, account, channel
    and provider that the delivery names. ``same`` were delivered again as they are. ``cost`` is
    text with its currency, empty where it is not known.
    """

    kept: pa.Table
    gone: Amount
    came: Amount
    beside: Amount
    same: Amount
    cost: str
    shrunk: tuple[Shrunk, ...]


def moved(store: Store, ingest: BillingIngest, rows: pa.Table, before: pa.Table) -> Moved:
    """What the rows do to those that the ledger has of their days, ``before``.

    Raises ``IngestError`` (``unsaid_replacement``) where that has to be said first.
    """
    connection = database.connect()
    # Rows of other days are there too, where the days that the files speak for lie far apart.
    spoken = pa.table({"day": pa.array(ingest.days, pa.date32())})
    held = under_present_ids(before, ingest.former_ids)
    for name, table in (
        ("held", held.append_column("told", before["account"])),
        ("former", former_ids_table(ingest.former_ids)),
        ("coming", rows),
        ("uncounted", ingest.uncounted),
        ("spoken", spoken),
    ):
        connection.register(name, table)
    connection.execute(_BEFORE)
    connection.execute(_FATES, {"whole_days": ingest.whole_days, "replace": ingest.replace})
    connection.execute(_NEWS)
    connection.execute(_GONE)
    connection.execute(_STAYING)
    if not ingest.replace:
        _require_said(store, connection, ingest)
    found = {row[0]: row[1:] for row in connection.execute(_SUMS).fetchall()}
    sums = {part: Amount(*map(int, found.get(part, (0, 0, 0)))) for part in _PARTS}
    kept = connection.sql(_KEPT).to_arrow_table().cast(BILLABLE_USAGE.schema)
    shrunk = tuple(
        Shrunk(*row[:4], *map(int, row[4:])) for row in connection.execute(_SHRUNK).fetchall()
    )
    cost = _cost(store, connection, _COST_OF_GONE, sums["gone"].rows)
    return Moved(kept, **sums, cost=cost, shrunk=shrunk)


_PARTS = ("gone", "came", "beside", "same")


def under_present_ids(rows: pa.Table, former_ids: Mapping[str, str]) -> pa.Table:
    """Rows of usage, each under the id that its account has now (`B21`)."""
    former, told = former_ids_table(former_ids), rows["account"]
    now = former["now"].take(pc.index_in(told, former["former_id"]).combine_chunks())
    place = rows.column_names.index("account")
    return rows.set_column(place, rows.schema.field("account"), pc.coalesce(now, told))


def _cost(store: Store, connection: duckdb.DuckDBPyConnection, query: str, count: int) -> str:
    """What rows that go cost in the latest rating, where it rated all of them."""
    rated = list_ratings(store)[:1]
    if not rated or not count:
        return ""
    charges_view(connection, store, rated[0].run_id)
    connection.execute(_CHARGES_NOW)
    rows, cost = connection.execute(query).fetchall()[0]
    if rows != count:
        return ""
    currency = rated[0].currency
    units = int(Fraction(cost) * 10**RATE_DECIMALS)
    shown = round_shown([units], RATE_DECIMALS, decimals_of(currency))[0]
    return f"{format_shown(shown, decimals_of(currency))} {currency}"


def _require_said(
    store: Store, connection: duckdb.DuckDBPyConnection, ingest: BillingIngest
) -> None:
    """Raise ``IngestError`` where rows would go, or change, that nobody asked to."""
    connection.execute(_ASKED, {"counts_events": ingest.counts_events})
    meters = connection.execute(_BY_METER).fetchall()
    if not meters:
        return
    where = Place(", ".join(ingest.files))
    days = sorted({row[0] for row in meters})
    gone = Amount(sum(row[4] for row in meters), int(sum(row[5] for row in meters)), len(days))
    came = Amount(sum(row[6] for row in meters), int(sum(row[7] for row in meters)), len(days))
    cost = _cost(store, connection, _COST_OF_ASKED, gone.rows)
    span = f"{days[0]}" if len(days) == 1 else f"{len(days):,} days, {days[0]} to {days[-1]}"
    charged = f" ({cost} in the latest rating)" if cost else ""
    finding = Finding(
        "unsaid_replacement",
        f"Of {span}, {gone}{charged} would go and {came} would come. Nothing was recorded.",
        where,
        _LATE_EVENTS if ingest.counts_events else _PART_OF_A_PERIOD,
        details={
            "days": [day.isoformat() for day in days],
            "rows_going": gone.rows,
            "units_going": gone.units,
            "cost_going": cost,
            "rows_coming": came.rows,
            "units_coming": came.units,
        },
    )
    raise IngestError([finding, *_by_meter(meters, where)])


_LATE_EVENTS = (
    "If the files hold all events of these days, say so with --replace. If they hold only late "
    "ones, ingest all events of these days together with --replace, or leave these days out with "
    "--from and --to, and with --reject-file PATH for the late ones."
)
_PART_OF_A_PERIOD = (
    "If the files are all there is of these days, say so with --replace. If they tell only of some "
    "accounts, channels or providers, leave out --from and --to: all other rows then stay."
)


def _by_meter(meters: Sequence[tuple[Any, ...]], where: Place) -> Iterator[Finding]:
    for day, account, channel, provider, gone, going, came, coming in meters[:_SHOWN]:
        meter = ", ".join(each for each in (account, channel, provider) if each)
        yield Finding(
            "unsaid_replacement",
            f"{day}, {meter}: {Amount(gone, int(going))} would go, "
            f"{Amount(came, int(coming))} would come.",
            where,
            details={
                "date": day.isoformat(),
                "account": account,
                "channel": channel,
                "provider": provider,
                "units_going": int(going),
                "units_coming": int(coming),
            },
        )
    if len(meters) > _SHOWN:
        more = f"There are {len(meters) - _SHOWN:,} more of these."
        yield Finding("unsaid_replacement", more, where)
