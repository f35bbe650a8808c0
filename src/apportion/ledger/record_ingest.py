"""The ordered steps of an ingest. What counts is the record; all before it can be undone.

``on_step`` is called with each step's name before the step. Tests stop the world there.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from apportion.findings import Finding, LedgerError, Place
from apportion.ledger.digest import content_digest
from apportion.ledger.overlaps import keys_of, refuse_overlaps
from apportion.ledger.schemas import INGESTS, INPUTS, USAGE, Table
from apportion.ledger.steps import Step, no_step
from apportion.ledger.store import (
    Store,
    append,
    as_json,
    files,
    next_sequence,
    read,
    replace,
    restore,
    version,
    writing,
)

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
        days = (
            f" AND date >= DATE '{self.first.isoformat()}'"
            f" AND date <= DATE '{self.last.isoformat()}'"
            if self.first and self.last
            else ""
        )
        return f"(slice = '{self.slice}'{days})"

    def expression(self) -> ds.Expression:
        """The same as a filter on rows that are read."""
        rows = ds.field("slice") == self.slice
        if self.first and self.last:
            rows &= (ds.field("date") >= self.first) & (ds.field("date") <= self.last)
        return rows


@dataclass(frozen=True, slots=True)
class Ingest:
    """Rows to be recorded, and what they replace.

    ``rows`` are those of ``costs`` or ``usage`` without ``slice`` and ``ingest_id``.
    ``guessed`` are sources that nobody named, so equal rows under another name are the same file
    again, and rows with the keys of another source's may be meant to correct them.
    """

    table: Table
    rows: pa.Table
    replaced: tuple[Replaced, ...]
    format: str
    files: tuple[str, ...]
    totals: dict[str, str]
    guessed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recorded:
    """The outcome of an ingest.

    ``ingest_id`` is empty where nothing was written, because the same rows are there already:
    under the same source, or under ``same_as``.
    """

    ingest_id: str
    rows: int
    replaced_rows: int
    same_as: str = ""


def pinned_versions(store: Store) -> dict[str, int]:
    """The versions of ``costs`` and ``usage`` that count: those of the latest ingest."""
    records = read(store, INGESTS)
    if records.num_rows == 0:
        return {table.name: 0 for table in INPUTS}
    last = records.sort_by("sequence").slice(records.num_rows - 1).to_pylist()[0]
    return {table.name: last[f"{table.name}_version"] for table in INPUTS}


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
    rows = _as_recorded(ingest, ingest_id)
    digest = content_digest(ingest.table.name, rows)
    on_step("lock")
    with writing(store):
        on_step("recover")
        pins = _recover(store)
        on_step("compare")
        before = _rows_of(store, ingest.table, pins[ingest.table.name], ingest.replaced)
        if _placed_digest(ingest.table, before) == _placed_digest(ingest.table, rows):
            return Recorded("", rows.num_rows, 0)
        twin = _twin(store, ingest, digest, pins) if ingest.guessed else ""
        if twin:
            return Recorded("", rows.num_rows, 0, twin)
        if ingest.guessed:
            kept = _kept(store, ingest, pins[ingest.table.name])
            refuse_overlaps(kept, before, rows, ingest.guessed, Place(", ".join(ingest.files)))
        on_step("write")
        predicate = " OR ".join(each.predicate() for each in ingest.replaced)
        reached = replace(store, ingest.table, rows, predicate)
        on_step("read back")
        _require_same(store, ingest, reached, digest)
        on_step("record")
        days = _days(before, rows)
        append(
            store, INGESTS, _record(store, ingest, ingest_id, at, program, digest, reached, days)
        )
        on_step("unlock")
    return Recorded(ingest_id, rows.num_rows, before.num_rows)


def _as_recorded(ingest: Ingest, ingest_id: str) -> pa.Table:
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


def _placed_digest(table: Table, rows: pa.Table) -> str:
    """A digest of rows that tells apart which bill each stands on, as a plain one does not."""
    placed = pc.binary_join_element_wise(rows["slice"], rows["node"], "\x1f")
    at = rows.schema.get_field_index("node")
    return content_digest(table.name, rows.set_column(at, "node", placed))


def _recover(store: Store) -> dict[str, int]:
    """Undo what a killed writer left beyond the last record; return the versions that count."""
    pins = pinned_versions(store)
    reached = {table.name: version(store, table) for table in INPUTS}
    for table in INPUTS:
        if reached[table.name] != pins[table.name]:
            restore(store, table, pins[table.name])
    return pins


def _rows_of(store: Store, table: Table, at_version: int, replaced: Sequence[Replaced]) -> pa.Table:
    paths = files(store, table, at_version)
    wanted = replaced[0].expression()
    for each in replaced[1:]:
        wanted |= each.expression()
    if not paths:
        return table.schema.empty_table()
    return ds.dataset([str(path) for path in paths], schema=table.schema).to_table(filter=wanted)


def _kept(store: Store, ingest: Ingest, at_version: int) -> pa.Table:
    """The keys of the rows that are not replaced, of the days of those that come."""
    paths = [str(path) for path in files(store, ingest.table, at_version)]
    names = ["source", *keys_of(ingest.rows)]
    if not paths:
        return pa.schema([ingest.table.schema.field(name) for name in names]).empty_table()
    days = pc.min_max(ingest.rows["date"])
    wanted = (ds.field("date") >= days["min"]) & (ds.field("date") <= days["max"])
    for each in ingest.replaced:
        wanted &= ~each.expression()
    return ds.dataset(paths, schema=ingest.table.schema).to_table(names, filter=wanted)


def _twin(store: Store, ingest: Ingest, digest: str, pins: dict[str, int]) -> str:
    """The source under which the same rows already count, if there is one."""
    records = read(store, INGESTS)
    same = records.filter(pc.equal(records["digest"], digest))
    paths = [str(path) for path in files(store, ingest.table, pins[ingest.table.name])]
    for record in same.to_pylist():
        rows = ds.dataset(paths, schema=ingest.table.schema) if paths else None
        mine = ds.field("ingest_id") == record["ingest_id"]
        if rows is not None and rows.count_rows(filter=mine) == record["rows"]:
            return ", ".join(json.loads(record["sources"]))
    return ""


def _require_same(store: Store, ingest: Ingest, reached: int, digest: str) -> None:
    """Read the written rows back: a disk that changed them is found before they count."""
    after = _rows_of(store, ingest.table, reached, ingest.replaced)
    if content_digest(ingest.table.name, after) != digest:
        raise LedgerError(
            [
                Finding(
                    "damaged_ledger",
                    f"The rows read back from {ingest.table.name!r} are not those written.",
                    Place(str(store.folder(ingest.table))),
                    remedy="Nothing was recorded. Check the disk, then ingest again.",
                )
            ]
        )


def _days(before: pa.Table, after: pa.Table) -> tuple[date | None, date | None]:
    """The first and the last day of which anything is told anew."""
    bounds = pc.min_max(pa.chunked_array([*before["date"].chunks, *after["date"].chunks]))
    return bounds["min"].as_py(), bounds["max"].as_py()


def _record(
    store: Store,
    ingest: Ingest,
    ingest_id: str,
    at: datetime,
    program: str,
    digest: str,
    reached: int,
    days: tuple[date | None, date | None],
) -> pa.Table:
    versions = {table.name: version(store, table) for table in INPUTS}
    versions[ingest.table.name] = reached
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
        "costs_version": versions["costs"],
        "usage_version": versions["usage"],
        "program": program,
    }
    return pa.Table.from_pylist([row], schema=INGESTS.schema)
