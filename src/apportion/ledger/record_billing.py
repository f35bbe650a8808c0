"""The ordered steps of an ingest of billable usage. The record decides, as for all ingests.

A row takes the place of the row with its key, at once and never added to it (`B3`); what else a
delivery does to its days is ``usage_delivery``'s to say.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pyarrow as pa
import pyarrow.dataset as ds

from apportion.findings import Finding, LedgerError, Place
from apportion.ledger.digest import content_digest
from apportion.ledger.disk import Store
from apportion.ledger.locks import writing
from apportion.ledger.record_ingest import PREDICATE_PARTS, Recorded
from apportion.ledger.runs import require_not_behind
from apportion.ledger.schemas import BILLABLE_USAGE, BILLING_INGESTS, BILLING_TABLES
from apportion.ledger.steps import Step, no_step
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
from apportion.ledger.usage_delivery import (
    BillingIngest,
    Moved,
    moved,
    under_present_ids,
)

BILLING_STEPS = ("lock", "recover", "compare", "write", "read back", "record", "unlock")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RecordedBilling(Recorded):
    """The outcome of an ingest of billable usage, and what it did to the rows of its days."""

    usage_moved: Moved | None = None


def billing_version(store: Store) -> int:
    """The version of ``billable_usage`` that counts: that of the latest ingest.

    Raises ``LedgerError`` (``damaged_ledger``).
    """
    make_tables(store, BILLING_TABLES)
    column = "billable_usage_version"
    records = read(store, BILLING_INGESTS, columns=["sequence", column]).sort_by("sequence")
    reached = records[column][-1].as_py() if records.num_rows else 0
    require_not_behind(store, BILLING_INGESTS, {column: reached})
    return int(reached)


def commit_billing(
    store: Store,
    ingest: BillingIngest,
    *,
    ingest_id: str,
    at: datetime,
    program: str,
    on_step: Step = no_step,
) -> RecordedBilling:
    """Record billable usage in place of what it replaces; all or nothing (`B3`).

    Raises ``LedgerError``, and ``IngestError`` (``unsaid_replacement``) where usage would go that
    the delivery does not mention; the ledger then is as it was.
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
        done = moved(store, ingest, rows, before)
        whole = pa.concat_tables([rows, done.kept])
        digest = content_digest(BILLABLE_USAGE.name, whole)
        if _says(ingest, before) == _says(ingest, whole):
            return RecordedBilling("", rows.num_rows, 0, usage_moved=done)
        on_step("write")
        reached = replace(store, BILLABLE_USAGE, whole, _predicate(stretches))
        on_step("read back")
        _require_same(store, reached, stretches, digest)
        on_step("record")
        replaced = before.num_rows - done.kept.num_rows
        record = _record(store, ingest, ingest_id, at, program, digest, reached, replaced)
        add_record(store, BILLING_INGESTS, record)
        on_step("unlock")
    return RecordedBilling(ingest_id, rows.num_rows, replaced, usage_moved=done)


def _says(ingest: BillingIngest, rows: pa.Table) -> str:
    """A digest of what rows say, under whichever of its ids an account has them."""
    return content_digest(BILLABLE_USAGE.name, under_present_ids(rows, ingest.former_ids))


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
