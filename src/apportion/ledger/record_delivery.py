"""The ordered steps by which a delivery of costs is kept and counts. The record decides.

``on_step`` is called with each step's name before the step, as in ``record_ingest``.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from apportion import database
from apportion.findings import Finding, IngestError, Place
from apportion.ledger.bill_lines import (
    BILL_LINES,
    DELIVERIES,
    DELIVERY_PARTS,
    FACTS,
    NOBODY,
)
from apportion.ledger.derived import Derive, derived_costs
from apportion.ledger.digest import content_digest
from apportion.ledger.disk import Store
from apportion.ledger.kept import FileFact, Kept
from apportion.ledger.lines import lines_view
from apportion.ledger.locks import writing
from apportion.ledger.moved import moved
from apportion.ledger.moved_costs import moved_costs
from apportion.ledger.overlaps import keys_of, refuse_overlaps
from apportion.ledger.record_ingest import (
    Ingest,
    NamedRows,
    Recorded,
    as_recorded,
    days_of,
    placed_digest,
    put_rows,
    record_of,
    recover,
    twin_of,
)
from apportion.ledger.record_standing import Making, make_anew
from apportion.ledger.replaced_bills import judge
from apportion.ledger.same_again import refuse_same_again
from apportion.ledger.same_elsewhere import refuse_same_elsewhere
from apportion.ledger.schemas import COSTS, INGESTS
from apportion.ledger.settled import TOUCHED, Change, asked_columns, settled, stretches_of
from apportion.ledger.standing import standing_views
from apportion.ledger.steps import Step, no_step
from apportion.ledger.store import (
    NewFile,
    add_files,
    add_record,
    as_json,
    make_tables,
    read,
)
from apportion.ledger.upgrade import require_lines

DELIVERY_STEPS = ("lock", "recover", "compare", "keep", "write", "read back", "record", "unlock")


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said once of all deliveries of an issuer, by its plain key, or of one source."""

    issuer: str
    source: str
    mode: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """Costs to be kept and to count.

    ``rows`` are the costs made of its lines alone. ``asked_column`` is the cost column that
    somebody asked for, ``cost_column`` the workspace's. ``answer`` is replace or append where
    somebody said so. ``period`` are the days that plain costs were declared to be all of.
    ``guessed`` are sources that nobody named. ``read_with`` tells the rules (see ``readings``).
    ``standing`` are the answers of the workspace.
    """

    kept: Kept
    rows: pa.Table
    format: str
    files: tuple[FileFact, ...]
    totals: Mapping[str, str]
    cost_column: str
    asked_column: str = ""
    answer: str = ""
    period: tuple[date, date] | None = None
    guessed: tuple[str, ...] = ()
    read_with: str = ""
    standing: tuple[Answer, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the files."""
        return tuple(file.name for file in self.files)

    @property
    def where(self) -> Place:
        """The files as a place."""
        return Place(", ".join(self.names))


def commit_delivery(
    store: Store,
    delivery: Delivery,
    derive: Derive,
    *,
    delivery_id: str,
    at: datetime,
    program: str,
    on_step: Step = no_step,
) -> Recorded:
    """Keep the lines of a delivery and let them count, all or nothing (`D1`, `D4`).

    Raises ``LedgerError``, and ``IngestError`` (``unsaid_replacement``, ``repeated_lines``,
    ``overlapping_source``); the ledger then is as it was.
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
        _arrive(connection, delivery)
        _compare(connection, store, pins, delivery)
        coming = connection.execute("SELECT count(*) FROM modes WHERE mode <> 'repeat'")
        if not coming.fetchall()[0][0]:
            how = Making(derive, delivery.cost_column, delivery.read_with)
            record = delivery_id, at, program, on_step
            return _repeated(connection, store, pins, delivery, how, *record)
        parts = _parts(connection, delivery_id)
        ingest = _ingest(connection, store, pins, delivery, delivery_id, parts, derive)
        recorded = as_recorded(ingest, delivery_id)
        digest = content_digest(COSTS.name, recorded)
        named = NamedRows(store, COSTS, ingest.replaced)
        before = named.rows(pins[COSTS.name])
        twin = twin_of(store, ingest, digest, pins)
        if twin and delivery.guessed:
            return Recorded("", recorded.num_rows, 0, twin)
        days = days_of(before, recorded)
        if delivery.guessed:
            names = ["source", *keys_of(recorded)]
            kept = named.others(pins[COSTS.name], days_of(recorded), names)
            refuse_overlaps(kept, before, recorded, delivery.guessed, delivery.where)
        # The data files are gone from where they are once the table has them.
        facts = _facts(delivery, delivery_id, at, program, ())
        on_step("keep")
        lines_version = add_files(store, BILL_LINES, _new_files(delivery.kept, delivery_id))
        add_record(store, DELIVERIES, facts)
        add_record(store, DELIVERY_PARTS, parts)
        on_step("write")
        reached = put_rows(store, named, recorded, pins[COSTS.name], days, on_step)
        on_step("record")
        now = {**pins, COSTS.name: reached, BILL_LINES.name: lines_version}
        what = {"kind": "delivery", "delivery": delivery_id}
        row = record_of(store, ingest, delivery_id, at, program, digest, now, days, what)
        add_record(store, INGESTS, row)
        on_step("unlock")
    changed = moved(COSTS.name, before, recorded), twin, days, moved_costs(before, recorded)
    return Recorded(delivery_id, recorded.num_rows, before.num_rows, "", *changed)


_ARRIVING = """
    CREATE TABLE arriving AS
    SELECT b.source, b.issuers, b.account, b.is_bill,
           CASE WHEN b.is_bill THEN b.period ELSE concat(day, '/', day) END AS period,
           p.day, p.currency, p.bill, p.lines, p.digest, p.billed, p.effective, p.contracted, p.list
    FROM coming_parts AS p JOIN bills AS b USING (bill)
"""
_DECLARED = """
    INSERT INTO arriving
    SELECT b.source, b.issuers, b.account, false, concat(d.day, '/', d.day), d.day, '', b.bill, 0,
           '0', NULL, NULL, NULL, NULL
    FROM bills AS b
    CROSS JOIN (SELECT unnest(range($first::DATE, $last::DATE + 1, INTERVAL 1 DAY))::DATE AS day) d
    ANTI JOIN arriving AS a ON a.bill = b.bill AND a.day = d.day
"""


def _arrive(connection: duckdb.DuckDBPyConnection, delivery: Delivery) -> None:
    """Make ``arriving``: the parts of the delivery, each with its source and period."""
    connection.register("coming_parts", delivery.kept.parts)
    connection.register("bills", _under_known_names(connection, delivery.kept.bills))
    connection.execute(_ARRIVING)
    if delivery.period is not None:
        first, last = delivery.period
        connection.execute(_DECLARED, {"first": first, "last": last})


_KNOWN_BILLS = """
    SELECT source, account, issuers FROM parts JOIN changes ON parts.change = changes.ingest_id
    WHERE is_bill GROUP BY source, account, issuers ORDER BY min(sequence), source
"""


def _under_known_names(connection: duckdb.DuckDBPyConnection, bills: pa.Table) -> pa.Table:
    """Bills under the name that their source has already, in whatever spelling they come (`D3`)."""
    known = connection.execute(_KNOWN_BILLS).fetchall()
    by_account: dict[str, list[tuple[str, set[str]]]] = {}
    for source, account, issuers in known:
        by_account.setdefault(account, []).append((source, set(json.loads(issuers))))
    names = []
    for row in bills.to_pylist() if known else ():
        found = row["source"]
        if row["is_bill"] and not row["is_named"]:
            mine = set(json.loads(row["issuers"]))
            for source, issuers in by_account.get(row["account"], ()):
                # What names neither issuer nor account is nobody's bill, and not that of a source
                # which somebody named.
                if mine & issuers or (row["account"] and not (mine or issuers)):
                    found = source
                    break
        names.append(found)
    if not known:
        return bills
    place = bills.schema.get_field_index("source")
    return bills.set_column(place, "source", pa.array(names, pa.string()))


def _compare(
    connection: duckdb.DuckDBPyConnection,
    store: Store,
    pins: Mapping[str, int],
    delivery: Delivery,
) -> None:
    """Decide what becomes of each source and period."""
    paths = [file.path for file in delivery.kept.files]

    def open_lines() -> None:
        # What has no identity is compared with nothing.
        _require_identity(connection, delivery.where)
        known = connection.execute(_HOLDING).fetchall()
        lines_view(connection, store, [row[0] for row in known], pins[BILL_LINES.name])
        lines_view(connection, store, (), None, paths, "coming")

    answer = delivery.answer or ("replace" if delivery.period else "")
    standing = _standing(connection, delivery.standing)
    columns = _columns(store, delivery)
    judge(connection, answer, delivery.where, _REMEDY, open_lines, standing, columns)
    _require_identity(connection, delivery.where)
    if answer != "append":
        lines_view(connection, store, (), None, paths, "brought")
        refuse_same_elsewhere(connection, store, pins[BILL_LINES.name], delivery.where)
        refuse_same_again(connection, store, pins[BILL_LINES.name], delivery.where)


def _columns(store: Store, delivery: Delivery) -> tuple[str, pa.Table]:
    """The cost column of the delivery, and that of each that is known."""
    known = asked_columns(store)
    asked = known["cost_column"]
    resolved = pc.if_else(pc.equal(asked, ""), delivery.cost_column, asked)
    told = known.set_column(1, "cost_column", resolved)
    return delivery.asked_column or delivery.cost_column, told


_WITHOUT_IDENTITY = """
    SELECT count(*) FROM fates SEMI JOIN (
        FROM bills WHERE is_bill AND NOT is_named AND source = $nobody
    ) USING (source)
    WHERE fate <> 'repeat' AND EXISTS (FROM standing WHERE is_bill AND source = $nobody)
"""


def _require_identity(connection: duckdb.DuckDBPyConnection, where: Place) -> None:
    """Ask whose bill it is, where neither it nor one before it says (`D3`)."""
    found = connection.execute(_WITHOUT_IDENTITY, {"nobody": NOBODY}).fetchall()
    if found[0][0]:
        message = (
            "The bill names neither its issuer nor its account, and another that names neither is "
            "there already; nobody can tell whether they are one. Nothing was recorded."
        )
        remedy = "Say whose it is with --source NAME, and the other one, too."
        raise IngestError([Finding("overlapping_source", message, where, remedy)])


def _standing(
    connection: duckdb.DuckDBPyConnection, answers: Sequence[Answer]
) -> Mapping[str, str]:
    """The answer that stands for each source of the delivery; one for a source comes first."""
    if not answers:
        return {}
    of_sources = {each.source: each.mode for each in answers if each.source}
    of_issuers = {each.issuer: each.mode for each in answers if each.issuer}
    found = {}
    for source, issuers in connection.execute("SELECT source, issuers FROM bills").fetchall():
        mine = [of_issuers[name] for name in json.loads(issuers) if name in of_issuers]
        if mode := of_sources.get(source) or next(iter(mine), ""):
            found[source] = mode
    return found


_HOLDING = "SELECT DISTINCT kept_in FROM counting SEMI JOIN arriving USING (source, period)"


_REMEDY = (
    "If the files are all there is of the period, say so with --replace. If they add to what the "
    "ledger has, say so with --append."
)
_PARTS = """
    SELECT $id AS change, $id AS delivery, a.source, a.issuers, a.account, a.period, a.is_bill,
           a.day, a.currency, m.mode, $id AS kept_in, a.bill AS kept_bill, a.lines, a.digest,
           a.billed, a.effective, a.contracted, a.list
    FROM arriving AS a JOIN modes AS m USING (source, period) WHERE m.mode <> 'repeat'
    ORDER BY ALL
"""


def _parts(connection: duckdb.DuckDBPyConnection, delivery_id: str) -> pa.Table:
    """The rows of ``delivery_parts`` of those periods that are not repeated."""
    found = connection.sql(_PARTS, params={"id": delivery_id})
    return found.to_arrow_table().cast(DELIVERY_PARTS.schema)


_TOUCHED = """
    SELECT a.source, a.period, a.is_bill, a.day
    FROM arriving AS a JOIN modes AS m USING (source, period) WHERE m.mode <> 'repeat'
"""


def _ingest(
    connection: duckdb.DuckDBPyConnection,
    store: Store,
    pins: Mapping[str, int],
    delivery: Delivery,
    delivery_id: str,
    parts: pa.Table,
    derive: Derive,
) -> Ingest:
    """The costs of what will count, and which of those known they replace."""
    change = Change(delivery_id, "delivery", delivery_id, delivery.asked_column)
    touched = connection.sql(_TOUCHED).to_arrow_table().cast(TOUCHED)
    after = settled(store, change, parts, touched, delivery.cost_column)
    version = pins[BILL_LINES.name]
    return Ingest(
        COSTS,
        _rows(connection, store, delivery, delivery_id, after.taken, derive, version),
        after.replaced,
        delivery.format,
        delivery.names,
        dict(delivery.totals),
        delivery.guessed,
        delivery.read_with,
    )


_STANDS_ALONE = """
    SELECT (SELECT count(*) FROM taken WHERE delivery <> $id)
         + (SELECT count(*) FROM modes WHERE mode = 'repeat' AND deliveries IS NOT NULL)
         + (SELECT count(*) FROM bills JOIN bills_as_read AS b USING (bill)
            WHERE bills.source <> b.source)
"""


def _rows(
    connection: duckdb.DuckDBPyConnection,
    store: Store,
    delivery: Delivery,
    delivery_id: str,
    taken: pa.Table,
    derive: Derive,
    at_version: int,
) -> pa.Table:
    """The costs of what is ``taken``; those that were made already where that is all of it."""
    connection.register("taken", taken)
    connection.register("bills_as_read", delivery.kept.bills)
    if not connection.execute(_STANDS_ALONE, {"id": delivery_id}).fetchall()[0][0]:
        return delivery.rows
    paths = [file.path for file in delivery.kept.files]
    return derived_costs(store, taken, derive, at_version, paths)


def _new_files(kept: Kept, delivery_id: str) -> list[NewFile]:
    return [
        NewFile(
            file.path,
            f"{delivery_id}-{place}.parquet",
            {"issuer": file.issuer, "month": file.month},
            file.rows,
        )
        for place, file in enumerate(kept.files)
    ]


def _facts(
    delivery: Delivery,
    delivery_id: str,
    at: datetime,
    program: str,
    repeats: Sequence[str],
) -> pa.Table:
    """The row of ``deliveries``. ``repeats`` are the deliveries that have all of it already."""
    kept = delivery.kept
    data = (
        []
        if repeats
        else [
            {"name": new.name, **new.place, "sha256": file.sha256, "rows": file.rows}
            for file, new in zip(kept.files, _new_files(kept, delivery_id), strict=True)
        ]
    )
    row = {
        "delivery": delivery_id,
        "at": at,
        "format": delivery.format,
        "outcome": "repeat" if repeats else "kept",
        "repeats": as_json(list(repeats)),
        "files": as_json([asdict(file) for file in delivery.files]),
        "lines": sum(file.lines for file in delivery.files),
        "totals": as_json(kept.totals()),
        "cost_column": delivery.asked_column,
        "answer": delivery.answer,
        "data_files": as_json(data),
        "program": program,
    }
    return pa.Table.from_pylist([row], schema=DELIVERIES.schema)


def _repeated(
    connection: duckdb.DuckDBPyConnection,
    store: Store,
    pins: dict[str, int],
    delivery: Delivery,
    how: Making,
    delivery_id: str,
    at: datetime,
    program: str,
    on_step: Step,
) -> Recorded:
    """Record that the ledger has all of it; make costs anew that a disk has changed."""
    found = connection.execute("SELECT DISTINCT unnest(deliveries) FROM modes ORDER BY 1")
    repeats = [row[0] for row in found.fetchall()]
    add_record(store, DELIVERIES, _facts(delivery, delivery_id, at, program, repeats))
    touched = connection.sql(_ARRIVED).to_arrow_table().cast(TOUCHED)
    if not _is_harmed(store, pins, delivery, touched):
        return Recorded("", delivery.rows.num_rows, 0)
    return make_anew(store, pins, touched, how, delivery_id, at, program, on_step)


_ARRIVED = "SELECT DISTINCT source, period, is_bill, day FROM arriving"


def _is_harmed(
    store: Store, pins: Mapping[str, int], delivery: Delivery, touched: pa.Table
) -> bool:
    """Whether costs of lines that came again may be others than those that were made of them.

    A disk can have changed them; nobody edits them. Costs that other rules made are left to the
    run, which knows these.
    """
    replaced = stretches_of(touched)
    known = NamedRows(store, COSTS, replaced).rows(pins[COSTS.name])
    ingest = Ingest(COSTS, delivery.rows, replaced, delivery.format, delivery.names, {})
    if placed_digest(COSTS, known) == placed_digest(COSTS, as_recorded(ingest, "")):
        return False
    records = read(store, INGESTS, columns=["ingest_id", "read_with"])
    mine = pc.is_in(records["ingest_id"], pc.unique(known["ingest_id"]))
    rules = {each or "" for each in records.filter(mine)["read_with"].to_pylist()}
    return rules <= {delivery.read_with}
