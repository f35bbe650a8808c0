"""Deliveries taken back and brought back, as records too (`D6`).

What a delivery that is withdrawn had superseded counts again. One that is restored is judged as if
it came now. Nothing counts twice by either: where it would, it is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

import duckdb
import pyarrow as pa

from apportion import database
from apportion.findings import Finding, IngestError, LedgerError, Place, UsageError
from apportion.ledger.bill_lines import BILL_LINES, DELIVERY_PARTS, FACTS
from apportion.ledger.derived import Derive, derived_costs
from apportion.ledger.digest import content_digest
from apportion.ledger.disk import Store
from apportion.ledger.lines import lines_view
from apportion.ledger.locks import writing
from apportion.ledger.moved import moved
from apportion.ledger.moved_costs import moved_costs
from apportion.ledger.record_ingest import (
    Ingest,
    NamedRows,
    Recorded,
    as_recorded,
    days_of,
    note_same,
    placed_digest,
    put_rows,
    record_of,
    recover,
)
from apportion.ledger.replaced_bills import judge
from apportion.ledger.schemas import COSTS, INGESTS
from apportion.ledger.settled import TOUCHED, Change, Settled, settled
from apportion.ledger.standing import standing_views
from apportion.ledger.steps import Step, no_step
from apportion.ledger.store import add_record, append, files, make_tables
from apportion.ledger.upgrade import require_lines
from apportion.ledger.views import table_view

_EVER = """
    SELECT coalesce(kind, 'delivery') FROM changes WHERE delivery = $delivery
    ORDER BY sequence DESC LIMIT 1
"""
_TOUCHED = "SELECT DISTINCT source, period, is_bill, day FROM standing WHERE delivery = $delivery"


def withdraw(
    store: Store,
    delivery: str,
    reason: str,
    derive: Derive,
    cost_column: str,
    read_with: str,
    *,
    change: str,
    at: datetime,
    program: str,
    on_step: Step = no_step,
) -> Recorded:
    """Let a delivery count no more, and what it had superseded again.

    Raises ``LedgerError`` (``unknown_delivery``), ``UsageError`` where it is withdrawn already, and
    ``IngestError`` (``unsaid_replacement``) where what counts again would count beside lines of the
    same days.
    """
    make_tables(store, FACTS)
    on_step("lock")
    with writing(store):
        on_step("recover")
        pins = recover(store)
        require_lines(store)
        on_step("compare")
        connection = database.connect()
        standing_views(connection, store)
        _require_kind(connection, store, delivery, "withdrawal", "It is withdrawn already.")
        mine = Change(change, "withdrawal", delivery)
        touched = connection.sql(_TOUCHED, params={"delivery": delivery}).to_arrow_table()
        nothing = DELIVERY_PARTS.schema.empty_table()
        after = settled(store, mine, nothing, touched.cast(TOUCHED), cost_column)
        _require_apart(connection, store, pins, after, delivery)
        rows = derived_costs(store, after.taken, derive, pins[BILL_LINES.name])
        return _write(
            store, pins, mine, after, rows, nothing, reason, at, program, on_step, read_with
        )


def restore(
    store: Store,
    delivery: str,
    reason: str,
    derive: Derive,
    cost_column: str,
    read_with: str,
    answer: str = "",
    *,
    change: str,
    at: datetime,
    program: str,
    on_step: Step = no_step,
) -> Recorded:
    """Let a delivery count again that was withdrawn, as if it came now.

    ``answer`` is replace or append where somebody said so. Raises ``LedgerError``
    (``unknown_delivery``), ``UsageError`` where it is not withdrawn, ``IngestError``
    (``unsaid_replacement``).
    """
    make_tables(store, FACTS)
    on_step("lock")
    with writing(store):
        on_step("recover")
        pins = recover(store)
        require_lines(store)
        on_step("compare")
        connection = database.connect()
        standing_views(connection, store)
        _require_kind(connection, store, delivery, "restoration", "It is not withdrawn.")
        connection.execute(_ARRIVING, {"delivery": delivery})
        version = pins[BILL_LINES.name]
        views = partial(_open_lines, connection, store, version)
        judge(connection, answer, Place(delivery), _REMEDY, views)
        parts = connection.sql(_PARTS, params={"change": change}).to_arrow_table()
        parts = parts.select(DELIVERY_PARTS.schema.names).cast(DELIVERY_PARTS.schema)
        mine = Change(change, "restoration", delivery)
        touched = parts.select(TOUCHED.names).cast(TOUCHED)
        after = settled(store, mine, parts, touched, cost_column)
        rows = derived_costs(store, after.taken, derive, version)
        return _write(
            store, pins, mine, after, rows, parts, reason, at, program, on_step, read_with
        )


_ARRIVING = """
    CREATE TABLE arriving AS
    SELECT parts.* EXCLUDE (mode), parts.kept_bill AS bill FROM parts
    WHERE delivery = $delivery AND change = $delivery
"""
_PARTS = """
    SELECT $change AS change, a.* EXCLUDE (change, bill), m.mode
    FROM arriving AS a JOIN modes AS m USING (source, period)
    WHERE m.mode <> 'repeat' ORDER BY ALL
"""
_REMEDY = (
    "If the delivery is all there is of the period, restore it with --replace. If it adds to what "
    "the ledger has, restore it with --append."
)


def _require_kind(
    connection: duckdb.DuckDBPyConnection, store: Store, delivery: str, kind: str, message: str
) -> None:
    """Refuse what is unknown, or is as it is asked to be."""
    found = connection.execute(_EVER, {"delivery": delivery}).fetchall()
    where = Place(str(store.root))
    if not found:
        message = f"No delivery that was kept has the id {delivery!r}."
        remedy = "List them with: apportion deliveries list"
        raise LedgerError([Finding("unknown_delivery", message, where, remedy)])
    is_withdrawn = found[0][0] == "withdrawal"
    if is_withdrawn == (kind == "withdrawal"):
        raise UsageError([Finding("invalid_argument", f"Delivery {delivery}: {message}", where)])


# Of the bills and days where something returns beside what stays, both with all that is known.
_SIDES = """
    CREATE TABLE sides AS
    WITH held AS (SELECT DISTINCT delivery, source, period, day FROM taken),
    these AS (
        SELECT s.* EXCLUDE (counts), s.counts AS stays
        FROM standing AS s JOIN held USING (delivery, source, period, day)
        WHERE s.lines > 0
    )
    FROM these SEMI JOIN (
        SELECT source, period FROM these GROUP BY source, period
        HAVING bool_or(stays) AND NOT bool_and(stays)
    ) USING (source, period)
"""


def _require_apart(
    connection: duckdb.DuckDBPyConnection,
    store: Store,
    pins: Mapping[str, int],
    after: Settled,
    delivery: str,
) -> None:
    """Refuse to let lines count again beside others of the same cells, which came after them."""
    connection.register("taken", after.taken)
    connection.execute(_SIDES)
    sides = connection.table("sides").to_arrow_table()
    if not sides.num_rows:
        return
    apart = database.connect()
    apart.register("sides", sides)
    apart.execute("CREATE VIEW counting AS FROM sides WHERE stays")
    apart.execute("CREATE VIEW arriving AS SELECT *, kept_bill AS bill FROM sides WHERE NOT stays")
    later = [row[0] for row in apart.execute(_LATER).fetchall()]
    remedy = f"Withdraw first what came after it: {', '.join(later)}. Restore it after that."
    views = partial(_open_lines, apart, store, pins[BILL_LINES.name])
    judge(apart, "", Place(delivery), remedy, views)
    meeting = apart.execute("SELECT source, period FROM modes WHERE mode <> 'add'").fetchall()
    if meeting:
        source, period = meeting[0]
        message = (
            f"Without {delivery}, lines of {source}, {period.replace('/', ' to ')}, would count "
            "beside others of the same days. Nothing was recorded."
        )
        raise IngestError([Finding("unsaid_replacement", message, Place(delivery), remedy)])


_LATER = "SELECT DISTINCT delivery FROM counting ORDER BY delivery"
_KEPT_IN = {
    "kept": "SELECT DISTINCT kept_in FROM counting SEMI JOIN arriving USING (source, period)",
    "coming": "SELECT DISTINCT kept_in FROM arriving",
}


def _open_lines(connection: duckdb.DuckDBPyConnection, store: Store, at_version: int) -> None:
    """Views of the lines on both sides."""
    for name, query in _KEPT_IN.items():
        held = [row[0] for row in connection.execute(query).fetchall()]
        lines_view(connection, store, held, at_version, (), name)


def _write(
    store: Store,
    pins: dict[str, int],
    change: Change,
    after: Settled,
    rows: pa.Table,
    parts: pa.Table,
    reason: str,
    at: datetime,
    program: str,
    on_step: Step,
    read_with: str,
) -> Recorded:
    """Put the rows that were made anew in the place of those that the change touches."""
    ingest = Ingest(COSTS, rows, after.replaced, change.kind, (), {}, read_with=read_with)
    recorded = as_recorded(ingest, change.change)
    named = NamedRows(store, COSTS, after.replaced)
    before = named.rows(pins[COSTS.name])
    days = days_of(before, recorded)
    is_same = placed_digest(COSTS, before) == placed_digest(COSTS, recorded)
    if change.kind == "derivation" and is_same:
        note_same(store, before, read_with)
        return Recorded("", rows.num_rows, before.num_rows)
    on_step("write")
    if parts.num_rows:
        append(store, DELIVERY_PARTS, parts)
    reached = pins[COSTS.name]
    if after.replaced and days[0] is not None:
        reached = put_rows(store, named, recorded, reached, days, on_step)
    on_step("record")
    digest = content_digest(COSTS.name, recorded)
    what = {"kind": change.kind, "delivery": change.delivery or None, "reason": reason}
    now = {**pins, COSTS.name: reached}
    row = record_of(store, ingest, change.change, at, program, digest, now, days, what)
    add_record(store, INGESTS, row)
    on_step("unlock")
    changes = moved(COSTS.name, before, recorded)
    by_source = moved_costs(before, recorded)
    counts = rows.num_rows, before.num_rows
    return Recorded(change.change, *counts, moved=changes, days=days, moved_costs=by_source)


_OUTDATED = """
    SELECT DISTINCT c.source, c.period, c.is_bill, c.day
    FROM counting AS c JOIN (
        SELECT DISTINCT source, period, ingest_id FROM known
        WHERE date BETWEEN $first AND $last
    ) AS k ON c.source = k.source AND c.period = k.period
    SEMI JOIN stale ON k.ingest_id = stale.ingest_id
    WHERE c.is_bill
"""


def derive_anew(
    store: Store,
    stale: Sequence[str],
    days: tuple[date, date],
    derive: Derive,
    cost_column: str,
    read_with: str,
    *,
    change: str,
    at: datetime,
    program: str,
    on_step: Step = no_step,
) -> Recorded | None:
    """Make the costs of bills anew that were made by other rules, where they have these days.

    ``stale`` are the changes that made costs by other rules than those of now;
    ``read_with`` tells the rules of now. None where nothing had to be made. Raises ``LedgerError``,
    ``IngestError`` (``amount_overflow``).
    """
    with writing(store):
        pins = recover(store)
        require_lines(store)
        connection = database.connect()
        standing_views(connection, store)
        connection.register("stale", pa.table({"ingest_id": pa.array(stale, pa.string())}))
        paths = files(store, COSTS, pins[COSTS.name])
        table_view(connection, COSTS, paths, "known")
        touched = connection.sql(_OUTDATED, params={"first": days[0], "last": days[1]})
        bills = touched.to_arrow_table().cast(TOUCHED)
        if not bills.num_rows:
            return None
        how = Making(derive, cost_column, read_with)
        return make_anew(store, pins, bills, how, change, at, program, on_step)


@dataclass(frozen=True, slots=True)
class Making:
    """How costs are made of lines: the function, the workspace's cost column, and the rules."""

    derive: Derive
    cost_column: str
    read_with: str


def make_anew(
    store: Store,
    pins: dict[str, int],
    touched: pa.Table,
    how: Making,
    change: str,
    at: datetime,
    program: str,
    on_step: Step,
) -> Recorded:
    """Make the costs of bills and days that are ``touched`` anew, under the lock.

    Nothing is written where they are what the ledger has. Raises as ``derive_anew``.
    """
    mine = Change(change, "derivation", "")
    nothing = DELIVERY_PARTS.schema.empty_table()
    after = settled(store, mine, nothing, touched, how.cost_column)
    rows = derived_costs(store, after.taken, how.derive, pins[BILL_LINES.name])
    return _write(store, pins, mine, after, rows, nothing, "", at, program, on_step, how.read_with)
