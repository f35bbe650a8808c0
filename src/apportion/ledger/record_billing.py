"""The ordered steps of an ingest of billable usage. The record decides, as for all ingests.

A file of daily usage speaks for the days of the accounts that it names; a file of raw events
for whole days, since an account that it does not name had none. What it speaks for is replaced at
once, never added to (`B3`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from apportion.findings import Finding, LedgerError, Place
from apportion.ledger.digest import content_digest
from apportion.ledger.disk import Store
from apportion.ledger.locks import writing
from apportion.ledger.moved import moved
from apportion.ledger.record_ingest import PREDICATE_PARTS, Recorded, Step, no_step
from apportion.ledger.schemas import BILLABLE_USAGE, BILLING_INGESTS, BILLING_TABLES
from apportion.ledger.store import (
    add_record,
    as_json,
    files,
    make_tables,
    next_sequence,
    read,
    replace,
    restore,
    version,
    within,
)

BILLING_STEPS = ("lock", "recover", "compare", "write", "read back", "record", "unlock")
_SLICE = ["date", "account"]
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class BillingIngest:
    """Rows of billable usage to be recorded, each key once, and the days that they speak for.

    With ``whole_days`` they speak for all accounts on those days, otherwise only for the days of
    the accounts that have a row.
    """

    rows: pa.Table
    days: tuple[date, ...]
    whole_days: bool
    format: str
    files: tuple[str, ...]


def billing_version(store: Store) -> int:
    """The version of ``billable_usage`` that counts: that of the latest ingest."""
    make_tables(store, BILLING_TABLES)
    records = read(store, BILLING_INGESTS)
    if records.num_rows == 0:
        return 0
    last = records.sort_by("sequence").slice(records.num_rows - 1).to_pylist()[0]
    return int(last["billable_usage_version"])


def commit_billing(
    store: Store,
    ingest: BillingIngest,
    *,
    ingest_id: str,
    at: datetime,
    program: str,
    on_step: Step = no_step,
) -> Recorded:
    """Record billable usage in place of what it replaces; all or nothing (`B3`).

    Raises ``LedgerError``; the ledger then is as it was.
    """
    make_tables(store, BILLING_TABLES)
    own = pa.repeat(pa.scalar(ingest_id), ingest.rows.num_rows)
    rows = ingest.rows.append_column("ingest_id", own).select(BILLABLE_USAGE.schema.names)
    rows = rows.cast(BILLABLE_USAGE.schema)
    stretches = _stretches(ingest.days)
    on_step("lock")
    with writing(store):
        on_step("recover")
        pin = _recover(store)
        on_step("compare")
        before = _rows_of(store, pin, stretches)
        kept = _others(before, ingest, rows)
        whole = pa.concat_tables([rows, kept])
        digest = content_digest(BILLABLE_USAGE.name, whole)
        if content_digest(BILLABLE_USAGE.name, before) == digest:
            return Recorded("", rows.num_rows, 0)
        on_step("write")
        reached = replace(store, BILLABLE_USAGE, whole, _predicate(stretches))
        on_step("read back")
        _require_same(store, reached, stretches, digest)
        on_step("record")
        replaced = before.num_rows - kept.num_rows
        record = _record(store, ingest, ingest_id, at, program, digest, reached, replaced)
        add_record(store, BILLING_INGESTS, record)
        on_step("unlock")
    spoken = rows.group_by(_SLICE).aggregate([])
    gone = before if ingest.whole_days else before.join(spoken, _SLICE, join_type="left semi")
    changes = moved(BILLABLE_USAGE.name, gone, rows)
    return Recorded(
        ingest_id, rows.num_rows, replaced, shrunk=_shrunk(before, whole), moved=changes
    )


def _stretches(days: Iterable[date]) -> list[tuple[date, date]]:
    """Days as the fewest stretches, both ends included; as one where there are too many."""
    found: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if found and found[-1][1] + _DAY == day:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    # A condition of many parts is more than the Delta library can read.
    return found if len(found) <= PREDICATE_PARTS else [(found[0][0], found[-1][1])]


def _predicate(stretches: list[tuple[date, date]]) -> str:
    """The days, in SQL that holds only dates."""
    return " OR ".join(f"({within(first, last)})" for first, last in stretches)


def _recover(store: Store) -> int:
    """Undo what a killed writer left beyond the last record; return the version that counts."""
    pin = billing_version(store)
    if version(store, BILLABLE_USAGE) != pin:
        restore(store, BILLABLE_USAGE, pin)
    return pin


def _rows_of(store: Store, at_version: int, stretches: list[tuple[date, date]]) -> pa.Table:
    paths = files(store, BILLABLE_USAGE, at_version)
    if not paths or not stretches:
        return BILLABLE_USAGE.schema.empty_table()
    day = ds.field("date")
    wanted = (day >= stretches[0][0]) & (day <= stretches[0][1])
    for first, last in stretches[1:]:
        wanted |= (day >= first) & (day <= last)
    found = ds.dataset([str(path) for path in paths], schema=BILLABLE_USAGE.schema)
    return found.to_table(filter=wanted)


def _others(before: pa.Table, ingest: BillingIngest, rows: pa.Table) -> pa.Table:
    """Rows of days, or of accounts' days, that the new rows do not speak for."""
    days = pa.table({"date": pa.array(ingest.days, pa.date32())})
    spoken = days if ingest.whole_days else rows.group_by(_SLICE).aggregate([])
    kept = before.join(spoken, spoken.column_names, join_type="left anti")
    return kept.select(before.column_names).cast(before.schema).combine_chunks()


def _shrunk(before: pa.Table, after: pa.Table) -> tuple[date, ...]:
    """Days on which an account sent less than the ledger had: corrected, or told in part only."""

    def sent(rows: pa.Table, name: str) -> pa.Table:
        counted = rows.group_by(["date", "account"]).aggregate([("notifications_sent", "sum")])
        return counted.rename_columns(["date", "account", name])

    both = sent(before, "before").join(sent(after, "after"), ["date", "account"])
    less = pc.less(pc.fill_null(both["after"], 0), both["before"])
    return tuple(sorted(pc.unique(both.filter(less)["date"]).to_pylist()))


def _require_same(
    store: Store, reached: int, stretches: list[tuple[date, date]], digest: str
) -> None:
    """Read the written rows back: a disk that changed them is found before they count."""
    after = _rows_of(store, reached, stretches)
    if content_digest(BILLABLE_USAGE.name, after) != digest:
        raise LedgerError(
            [
                Finding(
                    "damaged_ledger",
                    "The rows read back from 'billable_usage' are not those written.",
                    Place(str(store.folder(BILLABLE_USAGE))),
                    remedy="Nothing was recorded. Check the disk, then ingest again.",
                )
            ]
        )


def _record(
    store: Store,
    ingest: BillingIngest,
    ingest_id: str,
    at: datetime,
    program: str,
    digest: str,
    reached: int,
    replaced: int,
) -> pa.Table:
    row = {
        "sequence": next_sequence(store, BILLING_INGESTS),
        "ingest_id": ingest_id,
        "at": at,
        "format": ingest.format,
        "files": as_json(list(ingest.files)),
        "digest": digest,
        "start_date": min(ingest.days, default=None),
        "end_date": max(ingest.days, default=None),
        "rows": ingest.rows.num_rows,
        "replaced_rows": replaced,
        "billable_usage_version": reached,
        "program": program,
    }
    return pa.Table.from_pylist([row], schema=BILLING_INGESTS.schema)
