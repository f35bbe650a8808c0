"""The ordered steps of an ingest. What counts is the record; all before it can be undone.

``on_step`` is called with each step's name before the step. Tests stop the world there.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from apportion import database
from apportion.findings import Finding, LedgerError, Place
from apportion.ledger.digest import content_digest
from apportion.ledger.disk import Store
from apportion.ledger.format_version import require_known
from apportion.ledger.locks import writing
from apportion.ledger.moved import Moved, moved
from apportion.ledger.moved_costs import MovedCosts
from apportion.ledger.overlaps import keys_of, refuse_overlaps
from apportion.ledger.runs import VERSIONED, pinned_versions, require_inputs
from apportion.ledger.schemas import INGESTS, USAGE, Table
from apportion.ledger.steps import Step, no_step
from apportion.ledger.store import (
    add_record,
    as_json,
    files,
    is_made,
    next_sequence,
    overwrite,
    read,
    replace,
    restore,
    version,
    within,
)
from apportion.ledger.views import table_view

Days = tuple[date | None, date | None]

PREDICATE_PARTS = 50
"""Parts of a condition that the Delta library is given: it fails in the midst of thousands."""

INGEST_STEPS = ("lock", "recover", "compare", "write", "read back", "record", "unlock")


@dataclass(frozen=True, slots=True)
class Replaced:
    """What a file speaks for: all rows of a source's billing period, or of a stretch of days.

    ``metric`` narrows it for usage. Rows of the same are replaced together (`A28`).
    """

    source: str
    period: str = ""
    metric: str = ""
    first: date | None = None
    last: date | None = None

    @property
    def slice(self) -> str:
        """A digest that stands for source, period and metric in predicates."""
        return sha256(as_json([self.source, self.period, self.metric]).encode()).hexdigest()[:32]

    def predicate(self) -> str:
        """The rows replaced, in SQL that holds only digests and dates."""
        days = f" AND {within(self.first, self.last)}" if self.first and self.last else ""
        return f"(slice = '{self.slice}'{days})"


@dataclass(frozen=True, slots=True)
class Ingest:
    """Rows to be recorded, and what they replace.

    ``rows`` are those of ``costs`` or ``usage`` without ``slice`` and ``ingest_id``.
    ``guessed`` are sources that nobody named, so equal rows under another name are the same file
    again, and rows with the keys of another source's may be meant to correct them. ``read_with``
    tells the rules by which the rows were made (see ``readings``).
    """

    table: Table
    rows: pa.Table
    replaced: tuple[Replaced, ...]
    format: str
    files: tuple[str, ...]
    totals: dict[str, str]
    guessed: tuple[str, ...] = ()
    read_with: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """The outcome of an ingest.

    ``ingest_id`` is empty where nothing was written, because the same rows are there already:
    under the same source, or under ``same_as``. ``moved`` is what changed of what was there.
    ``beside`` is another source under which the same rows count as well, because somebody named
    the one of this ingest. ``days`` are the first and the last day of what was written anew.
    ``moved_costs`` is what changed of costs, by source and period.
    """

    ingest_id: str
    rows: int
    replaced_rows: int
    same_as: str = ""
    moved: tuple[Moved, ...] = ()
    beside: str = ""
    days: Days = (None, None)
    moved_costs: tuple[MovedCosts, ...] = ()


def commit_ingest(
    store: Store,
    ingest: Ingest,
    *,
    ingest_id: str,
    at: datetime,
    program: str,
    on_step: Step = no_step,
) -> Recorded:
    """Record the rows of one ingest in place of those they replace; all or nothing (`A28`).

    Raises ``LedgerError``, and ``IngestError`` (``overlapping_source``); the ledger then is as it
    was.
    """
    rows = as_recorded(ingest, ingest_id)
    digest = content_digest(ingest.table.name, rows)
    on_step("lock")
    with writing(store):
        on_step("recover")
        pins = recover(store)
        on_step("compare")
        named = NamedRows(store, ingest.table, ingest.replaced)
        before = named.rows(pins[ingest.table.name])
        if placed_digest(ingest.table, before) == placed_digest(ingest.table, rows):
            note_same(store, before, ingest.read_with)
            return Recorded("", rows.num_rows, 0)
        twin = twin_of(store, ingest, digest, pins)
        if twin and ingest.guessed:
            return Recorded("", rows.num_rows, 0, twin)
        if ingest.guessed:
            names = ["source", *keys_of(rows)]
            kept = named.others(pins[ingest.table.name], days_of(rows), names)
            refuse_overlaps(kept, before, rows, ingest.guessed, Place(", ".join(ingest.files)))
        on_step("write")
        days = days_of(before, rows)
        reached = put_rows(store, named, rows, pins[ingest.table.name], days, on_step)
        on_step("record")
        now = {**pins, ingest.table.name: reached}
        record = record_of(
            store, ingest, ingest_id, at, program, digest, now, days, {"kind": "usage"}
        )
        add_record(store, INGESTS, record)
        on_step("unlock")
    changes = moved(ingest.table.name, before, rows)
    return Recorded(ingest_id, rows.num_rows, before.num_rows, moved=changes, beside=twin)


def note_same(store: Store, rows: pa.Table, read_with: str) -> None:
    """Record that the rules of now give the very rows that the ledger has."""
    records = read(store, INGESTS)
    mine = pc.is_in(records["ingest_id"], pc.unique(rows["ingest_id"]))
    told = pc.if_else(mine, read_with, records["read_with"])
    if not read_with or told.equals(records["read_with"]):
        return
    place = records.schema.get_field_index("read_with")
    overwrite(store, INGESTS, records.set_column(place, records.schema.field(place), told))


def as_recorded(ingest: Ingest, ingest_id: str) -> pa.Table:
    """Rows as the table has them, with the digest of what each belongs to."""
    keys = ["source", "period"] + (["metric"] if ingest.table is USAGE else [])
    known = ingest.rows.select(keys).group_by(keys).aggregate([])
    known = known.append_column(
        "slice", pa.array([Replaced(**row).slice for row in known.to_pylist()], pa.string())
    )
    rows = ingest.rows.join(known, keys).combine_chunks()
    rows = rows.append_column("ingest_id", pa.repeat(pa.scalar(ingest_id), rows.num_rows))
    # A digest is of decimals as they are kept, however few of them the workspace computes with.
    return rows.select(ingest.table.schema.names).cast(ingest.table.schema)


def placed_digest(table: Table, rows: pa.Table) -> str:
    """A digest of rows that tells apart which bill each stands on, as a plain one does not."""
    placed = pc.binary_join_element_wise(rows["slice"], rows["node"], "\x1f")
    at = rows.schema.get_field_index("node")
    return content_digest(table.name, rows.set_column(at, "node", placed))


def recover(store: Store) -> dict[str, int]:
    """Undo what a killed writer left beyond the last record; return the versions that count.

    Raises ``LedgerError`` (``newer_ledger``) where a newer program came since it was opened.
    """
    require_known(store)
    pins = pinned_versions(store)
    require_inputs(store, pins)
    for table in VERSIONED:
        if is_made(store, table) and version(store, table) != pins[table.name]:
            # What is gone cannot be gone back to.
            files(store, table, pins[table.name])
            restore(store, table, pins[table.name])
    return pins


_SPOKEN_FOR = """
    JOIN replaced ON known.slice = replaced.slice
    AND known.date BETWEEN coalesce(first, '-infinity'::DATE) AND coalesce(last, 'infinity'::DATE)
    WHERE known.date BETWEEN coalesce(?, '-infinity'::DATE) AND coalesce(?, 'infinity'::DATE)
"""
_REPLACED = f"FROM known SEMI {_SPOKEN_FOR}"
_OTHERS = f"FROM known ANTI {_SPOKEN_FOR}"


@dataclass(frozen=True, slots=True)
class NamedRows:
    """The rows of a table that an ingest replaces, and those that it does not.

    They are found by a join with the table of what is replaced: a file can name a hundred thousand
    metrics, and a condition of as many parts overflows the stack of whoever reads it.
    """

    store: Store
    table: Table
    replaced: tuple[Replaced, ...]

    def rows(self, at_version: int) -> pa.Table:
        """All rows that it replaces."""
        return self._joined(at_version, self.table.schema.names, _REPLACED, (None, None))

    def others(self, at_version: int, days: Days, names: Sequence[str]) -> pa.Table:
        """The rows of a stretch of days that stay."""
        return self._joined(at_version, names, _OTHERS, days)

    def staying(self, at_version: int, days: Days) -> tuple[pa.Table, ...]:
        """The rows that stay though the predicate takes them, where it does."""
        if len(self.replaced) <= PREDICATE_PARTS:
            return ()
        return (self.others(at_version, days, self.table.schema.names),)

    def predicate(self, days: Days) -> str:
        """What is replaced, in SQL; all of the days where it would have too many parts."""
        if len(self.replaced) <= PREDICATE_PARTS:
            return " OR ".join(each.predicate() for each in self.replaced)
        return within(*days)

    def _joined(self, at_version: int, names: Sequence[str], query: str, days: Days) -> pa.Table:
        paths = files(self.store, self.table, at_version)
        schema = pa.schema([self.table.schema.field(name) for name in names])
        keys = pa.table(
            {
                "slice": pa.array([each.slice for each in self.replaced], pa.string()),
                "first": pa.array([each.first for each in self.replaced], pa.date32()),
                "last": pa.array([each.last for each in self.replaced], pa.date32()),
            }
        )
        connection = database.connect()
        table_view(connection, self.table, paths, "known")
        connection.register("replaced", keys)
        columns = [duckdb.ColumnExpression(name) for name in names]
        found = connection.sql(query, params=list(days)).select(*columns)
        return found.to_arrow_table().cast(schema)


def twin_of(store: Store, ingest: Ingest, digest: str, pins: dict[str, int]) -> str:
    """The other source under which the same rows already count, if there is one."""
    records = read(store, INGESTS, columns=["ingest_id", "digest", "rows", "sources"])
    same = records.filter(pc.equal(records["digest"], digest)).sort_by("ingest_id").to_pylist()
    ours = {each.source for each in ingest.replaced}
    same = [each for each in same if ours.isdisjoint(json.loads(each["sources"]))]
    if not same:
        return ""
    connection = database.connect()
    paths = files(store, ingest.table, pins[ingest.table.name])
    table_view(connection, ingest.table, paths, "known")
    for each in same:
        rows = connection.sql(_OF_INGEST, params=[each["ingest_id"]]).to_arrow_table()
        # Rows that a disk has changed since then are no longer the same.
        if content_digest(ingest.table.name, rows) == digest:
            return ", ".join(json.loads(each["sources"]))
    return ""


_OF_INGEST = "SELECT * FROM known WHERE ingest_id = ?"


def put_rows(
    store: Store, named: NamedRows, rows: pa.Table, at_version: int, days: Days, on_step: Step
) -> int:
    """Put rows in the place of those that are named, and hold what is read back to them.

    Gives the version that was reached. Raises ``LedgerError``.
    """
    table = named.table
    # Of many all rows of their days are written anew, those that stay among them.
    whole = pa.concat_tables([rows, *named.staying(at_version, days)])
    reached = replace(store, table, whole, named.predicate(days))
    on_step("read back")
    after = pa.concat_tables([named.rows(reached), *named.staying(reached, days)])
    require_same(table, whole, after, Place(str(store.folder(table))))
    return reached


def require_same(table: Table, written: pa.Table, after: pa.Table, where: Place) -> None:
    """Hold what was read back: a disk that changed rows is found before they count."""
    if content_digest(table.name, after) != content_digest(table.name, written):
        raise LedgerError(
            [
                Finding(
                    "damaged_ledger",
                    f"The rows read back from {table.name!r} are not those written.",
                    where,
                    remedy="Nothing was recorded. Check the disk, then ingest again.",
                )
            ]
        )


def days_of(*parts: pa.Table) -> Days:
    """The first and the last day of which anything is told anew."""
    bounds = pc.min_max(pa.concat_tables([each.select(["date"]) for each in parts])["date"])
    return bounds["min"].as_py(), bounds["max"].as_py()


def record_of(
    store: Store,
    ingest: Ingest,
    ingest_id: str,
    at: datetime,
    program: str,
    digest: str,
    reached: Mapping[str, int],
    days: Days,
    what: Mapping[str, str | None],
) -> pa.Table:
    """The row of ``ingests``. ``reached`` are the versions that hold from now on.

    ``what`` has ``kind``, ``delivery`` and ``reason`` where they are known.
    """
    row = {
        "sequence": next_sequence(store, INGESTS),
        "ingest_id": ingest_id,
        "at": at,
        "format": ingest.format,
        "files": as_json(list(ingest.files)),
        "sources": as_json(sorted({each.source for each in ingest.replaced})),
        "digest": digest,
        "rows": ingest.rows.num_rows,
        "first_date": days[0],
        "last_date": days[1],
        "totals": as_json(ingest.totals),
        **{f"{name}_version": number for name, number in reached.items()},
        **what,
        "read_with": ingest.read_with,
        "program": program,
    }
    return pa.Table.from_pylist([row], schema=INGESTS.schema)
