"""Raw events, one line a notification, counted into daily billable usage (`B3`, `B6`).

``id``, ``account``, ``channel``, ``status``, ``key_type``, ``fragments`` and ``created_at`` (with
its zone) are required; ``provider``, ``multiplier``, ``international`` and ``template`` are
optional. Without fragments an event is one unit. What counts is decided by the settings
``counted_statuses`` and ``counted_key_types``; the day is that of the workspace's time zone.

The same event told twice in one ingest counts once. Since the ledger keeps counts and no ids, a
count that it has already is changed only where the files are said to hold all events of the day.
"""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from apportion.findings import IngestError, Place
from apportion.ingest.billable_rows import spoken_days, with_way_out
from apportion.ingest.connection import connect, open_lines
from apportion.ingest.event_cells import require_zones
from apportion.ingest.event_counts import Counted, count_events
from apportion.ingest.event_lines import CarefulFile, judge_lines
from apportion.ingest.event_reuse import ReusedError, reused_ids
from apportion.ingest.first_rates import require_first_rates
from apportion.ingest.header import require_columns, require_tables
from apportion.ingest.incoming import Context, Format, Incoming, IngestReport, Kind
from apportion.ingest.inspected import SafeFile
from apportion.ingest.meter_cells import doubts, register_meters
from apportion.ingest.safe_reading import inspect, private_folder
from apportion.ingest.words import count_of
from apportion.model.billable_usage import SCHEMA

REQUIRED = {
    "id": "6f9c2d",
    "account": "svc-1",
    "channel": "sms",
    "status": "delivered",
    "key_type": "normal",
    "fragments": "2",
    "created_at": "2024-01-31T09:30:00Z",
}
COLUMNS = (
    *REQUIRED,
    "provider",
    "multiplier",
    "rate_multiplier",
    "international",
    "template",
)
MEMORY = "1200MB"
"""What the query engine may hold; beyond it, it works in the private folder."""


def read(paths: Sequence[Path], context: Context) -> Incoming:
    """Count raw events. Raises ``IngestError`` with all findings."""
    with private_folder() as folder:
        files = inspect(paths, folder, context)
        require_tables(files, "events")
        require_columns(files, REQUIRED, "fragments")
        require_zones(files)
        with connect(folder, files, MEMORY) as connection:
            register_meters(connection, context.model)
            counted, careful = _counted(connection, files, context, folder)
    rows = counted.rows.select(SCHEMA.names).cast(SCHEMA)
    require_first_rates(rows, context.model, Place(", ".join(file.name for file in files)))
    report = IngestReport(
        FORMAT.name,
        Kind.BILLABLE,
        counted.reports(files, careful),
        notes=_notes(counted),
        findings=tuple(doubts(files, COLUMNS)),
    )
    return Incoming(
        Kind.BILLABLE,
        rows,
        (),
        report,
        days=spoken_days(counted.days, context.period),
        whole_days=context.period is not None,
        uncounted=counted.uncounted,
    )


def _counted(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[SafeFile],
    context: Context,
    folder: Path,
) -> tuple[Counted, Sequence[CarefulFile]]:
    """Count events the quick way; where that stumbles, look at each line and try again."""
    try:
        return _counted_once(connection, files, context, folder)
    except ReusedError as reused:
        found = reused_ids(connection, files, context, folder, reused.ids)
        raise IngestError(found) from None


def _counted_once(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[SafeFile],
    context: Context,
    folder: Path,
) -> tuple[Counted, Sequence[CarefulFile]]:
    lines = [open_lines(connection, file, context.limits.line) for file in files]
    try:
        counted = count_events(connection, lines, files, context)
    except IngestError as error:
        raise IngestError(map(with_way_out, error.findings)) from None
    if counted is not None:
        return counted, ()
    careful = judge_lines(connection, files, context, folder)
    counted = count_events(connection, [each.good for each in careful], files, context)
    if counted is None:
        raise IngestError([each.puzzle() for each in careful])
    return counted, careful


def _notes(counted: Counted) -> tuple[str, ...]:
    notes = []
    if counted.left_out:
        notes.append(f"Not counted for their status or key type: {counted.left_out:,}.")
    if counted.repeats:
        notes.append(f"Told again, and counted once: {count_of(counted.repeats, 'event')}.")
    return tuple(notes)


FORMAT = Format(
    "events",
    Kind.BILLABLE,
    "Raw events as CSV or Parquet, counted into days: id, account, channel, status, key_type, "
    "fragments, created_at, perhaps provider, multiplier, international and template.",
    read,
)
