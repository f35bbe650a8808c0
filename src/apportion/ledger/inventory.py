"""What came in, delivery by delivery, and what became of each: the inventory (`D1`, `D6`)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import duckdb

from apportion.findings import QUESTION, Finding, LedgerError, Place, UsageError
from apportion.ledger.bill_lines import DELIVERIES
from apportion.ledger.disk import Store
from apportion.ledger.schemas import INGESTS
from apportion.ledger.standing import connect
from apportion.ledger.store import is_made, read


class Standing(StrEnum):
    """Whether a delivery counts."""

    COUNTS = "counts"
    IN_PART = "counts in part"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    REPEAT = "repeat"


@dataclass(frozen=True, slots=True)
class DeliveredFile:
    """A file that came in: its name and, unless an older program took it, bytes, digest, lines."""

    name: str
    size: int | None = None
    sha256: str | None = None
    lines: int | None = None


@dataclass(frozen=True, slots=True)
class Delivered:
    """A delivery, what it speaks for, and whether it counts.

    ``totals`` are sums of its lines as decimal text, by currency and cost column; null where no
    line has that column. ``sources`` and ``periods`` are those of the lines that it brought beyond
    what the ledger had; a period is its first/last day, of plain costs all their days together.
    ``outcome`` is kept, repeat, or
    sums where an older program kept no lines. ``repeats`` and ``superseded_by`` are ids of
    deliveries. ``answer`` is replace or append where
    somebody said so. ``withdrawn_at`` and ``reason`` tell of a delivery that is withdrawn.
    """

    delivery: str
    at: datetime
    format: str
    files: tuple[DeliveredFile, ...]
    lines: int
    totals: Mapping[str, Mapping[str, str | None]]
    cost_column: str
    sources: tuple[str, ...]
    periods: tuple[str, ...]
    first_day: date | None
    last_day: date | None
    answer: str
    outcome: str
    repeats: tuple[str, ...]
    standing: Standing
    superseded_by: tuple[str, ...]
    withdrawn_at: datetime | None
    reason: str
    program: str


@dataclass(frozen=True, slots=True)
class Part:
    """What a delivery brought of one source and period in one currency, and whether it counts.

    Of plain costs it is the days of one month that fared alike. Sums are null where no line has
    such a column. A part without lines and currency is of days that were declared to have none.
    ``mode`` is supersede or add; ``superseded_by`` is the delivery that stands in its place.
    """

    source: str
    period: str
    is_bill: bool
    days: int
    currency: str
    lines: int
    billed: Decimal | None
    effective: Decimal | None
    contracted: Decimal | None
    list: Decimal | None
    mode: str
    counts: bool
    superseded_by: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """What was done with a delivery: ``kind`` is delivery, withdrawal or restoration."""

    change: str
    kind: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Inventoried:
    """One delivery in full: its parts, and its history, the first event first."""

    delivery: Delivered
    parts: tuple[Part, ...]
    history: tuple[Event, ...]


# A delivery that was restored stands with the parts that it was restored with; of one that came
# back to find all of it there already, those that it came with are shown.
_PLACED = """
    CREATE VIEW latest AS
    SELECT delivery, coalesce(kind, 'delivery') AS kind, "at", coalesce(reason, '') AS reason
    FROM told WHERE delivery IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY delivery ORDER BY sequence DESC) = 1;
    CREATE VIEW placed AS
    WITH shown AS (
        SELECT p.delivery, max_by(p.change, told.sequence) AS change
        FROM (SELECT DISTINCT delivery, change FROM parts) AS p
        JOIN told ON told.ingest_id = p.change GROUP BY p.delivery
    ),
    fates AS (SELECT DISTINCT change, source, period, counts FROM standing),
    cuts AS (
        SELECT source, period, max_by(delivery, sequence) AS successor
        FROM standing WHERE mode = 'supersede' GROUP BY source, period
    )
    SELECT parts.* EXCLUDE (change), coalesce(fates.counts, false) AS counts,
           CASE WHEN NOT coalesce(fates.counts, false) AND latest.kind <> 'withdrawal'
                THEN successor END AS superseded_by
    FROM parts SEMI JOIN shown USING (delivery, change) JOIN latest USING (delivery)
    LEFT JOIN fates USING (change, source, period) LEFT JOIN cuts USING (source, period)
"""
_LISTED = """
    WITH speaking AS (
        SELECT delivery, list_sort(list(DISTINCT source)) AS sources,
               list_sort(list(DISTINCT period) FILTER (is_bill)) AS bills,
               min(day) FILTER (NOT is_bill) AS first, max(day) FILTER (NOT is_bill) AS last,
               min(day) AS first_day, max(day) AS last_day,
               bool_and(counts) FILTER (lines > 0) AS whole,
               bool_or(counts) FILTER (lines > 0) AS partly,
               list_sort(list(DISTINCT superseded_by) FILTER (superseded_by IS NOT NULL)) AS others
        FROM placed GROUP BY delivery
    )
    SELECT d.delivery, d."at", d.format, d.files, d.lines, d.totals, d.cost_column,
           coalesce(sources, []) AS sources,
           list_concat(coalesce(bills, []),
                       CASE WHEN first IS NULL THEN [] ELSE [concat(first, '/', last)] END
           ) AS periods,
           first_day, last_day, d.answer, d.outcome, d.repeats,
           CASE WHEN d.outcome = 'repeat' THEN 'repeat'
                WHEN latest.kind = 'withdrawal' THEN 'withdrawn'
                WHEN whole THEN 'counts' WHEN partly THEN 'counts in part'
                ELSE 'superseded' END AS standing,
           coalesce(others, []) AS superseded_by,
           CASE WHEN latest.kind = 'withdrawal' THEN latest."at" END AS withdrawn_at,
           CASE WHEN latest.kind = 'withdrawal' THEN latest.reason ELSE '' END AS reason,
           d.program
    FROM deliveries AS d LEFT JOIN speaking USING (delivery) LEFT JOIN latest USING (delivery)
    WHERE d.outcome = 'repeat' OR latest.delivery IS NOT NULL
    ORDER BY d."at" DESC, d.delivery DESC
"""
_PARTS = """
    SELECT source, CASE WHEN is_bill THEN month ELSE concat(min(day), '/', max(day)) END AS period,
           is_bill, count(DISTINCT day) AS days, currency, sum(lines)::BIGINT AS lines,
           sum(billed) AS billed, sum(effective) AS effective, sum(contracted) AS contracted,
           sum(list) AS list, mode, counts, superseded_by
    FROM (SELECT *, CASE WHEN is_bill THEN period ELSE strftime(day, '%Y-%m') END AS month
          FROM placed WHERE delivery = $delivery)
    GROUP BY source, is_bill, month, currency, mode, counts, superseded_by
    ORDER BY source, min(day), month, currency, mode, counts, superseded_by
"""
_HISTORY = """
    SELECT ingest_id AS change, coalesce(kind, 'delivery') AS kind, "at",
           coalesce(reason, '') AS reason
    FROM told WHERE delivery = $delivery ORDER BY sequence
"""


def deliveries(store: Store) -> list[Delivered]:
    """All deliveries, the latest first. Raises ``LedgerError``."""
    if not is_made(store, DELIVERIES):
        return []
    return _listed(_connect(store))


def find_delivery(store: Store, delivery: str) -> Delivered:
    """A delivery by its id, or by the beginning of it where no other begins so.

    Raises ``LedgerError`` (``unknown_delivery``).
    """
    return _found(store, deliveries(store), delivery)


def delivery_in_full(store: Store, delivery: str) -> Inventoried:
    """The same with its parts and its history. Raises ``LedgerError`` (``unknown_delivery``)."""
    if not is_made(store, DELIVERIES):
        raise LedgerError([_unknown(store, delivery, 0)])
    connection = _connect(store)
    found = _found(store, _listed(connection), delivery)
    asked = {"delivery": found.delivery}
    parts = connection.execute(_PARTS, asked).fetchall()
    # Moments come by way of Arrow: taken singly they need a library more.
    events = connection.sql(_HISTORY, params=asked).to_arrow_table().to_pylist()
    return Inventoried(
        found,
        tuple(Part(*row) for row in parts),
        tuple(Event(**{**row, "at": _utc(row["at"])}) for row in events),
    )


def require_kept(found: Delivered) -> str:
    """The id of a delivery that can be taken back: of a repeat nothing counts.

    Raises ``UsageError`` (``invalid_argument``) for a repeat.
    """
    if found.outcome != "repeat":
        return found.delivery
    message = (
        f"Delivery {found.delivery} brought nothing that the ledger did not have; nothing of it "
        "counts."
    )
    remedy = f"It repeats {' and '.join(found.repeats)}."
    raise UsageError([Finding("invalid_argument", message, Place(found.delivery), remedy)])


def require_reason(reason: str) -> str:
    """Why something is taken or brought back. Raises ``UsageError`` where nobody says so."""
    if reason.strip():
        return reason.strip()
    message = "There is no reason."
    remedy = "Say why, in a few words: others will want to know."
    raise UsageError([Finding("invalid_argument", message, QUESTION, remedy)])


def ingests_without_lines(store: Store) -> int:
    """How many ingests stand in no inventory, because the ledger keeps sums of them alone.

    They are ingests of usage, and those of older programs.
    """
    kinds = read(store, INGESTS, columns=["kind"])["kind"].to_pylist()
    return sum(kind in (None, "usage") for kind in kinds)


def _connect(store: Store) -> duckdb.DuckDBPyConnection:
    connection = connect(store)
    names = ["sequence", "ingest_id", "kind", "delivery", "at", "reason"]
    connection.register("told", read(store, INGESTS, columns=names))
    connection.register("deliveries", read(store, DELIVERIES))
    connection.execute(_PLACED)
    return connection


def _listed(connection: duckdb.DuckDBPyConnection) -> list[Delivered]:
    rows = connection.sql(_LISTED).to_arrow_table().to_pylist()
    return [_delivered(row) for row in rows]


def _delivered(row: Mapping[str, Any]) -> Delivered:
    read_anew = {
        "files": tuple(
            DeliveredFile(*map(file.get, DeliveredFile.__slots__))
            for file in json.loads(row["files"])
        ),
        "totals": json.loads(row["totals"]),
        "repeats": tuple(json.loads(row["repeats"])),
        "standing": Standing(row["standing"]),
        "at": _utc(row["at"]),
        "withdrawn_at": row["withdrawn_at"] and _utc(row["withdrawn_at"]),
    }
    lists = {name: tuple(row[name]) for name in ("sources", "periods", "superseded_by")}
    return Delivered(**{**row, **lists, **read_anew})


def _utc(moment: datetime) -> datetime:
    """A moment as it was recorded, whatever zone the machine is in."""
    return moment.astimezone(UTC)


def _found(store: Store, known: list[Delivered], delivery: str) -> Delivered:
    found = [each for each in known if each.delivery == delivery] or [
        each for each in known if delivery and each.delivery.startswith(delivery)
    ]
    if len(found) != 1:
        raise LedgerError([_unknown(store, delivery, len(found))])
    return found[0]


def _unknown(store: Store, delivery: str, alike: int) -> Finding:
    problem = f"{alike} deliveries begin with" if alike else "no delivery has the id"
    return Finding(
        "unknown_delivery",
        f"In this ledger {problem} {delivery!r}.",
        Place(str(store.root)),
        remedy="List them with: apportion deliveries list",
    )
