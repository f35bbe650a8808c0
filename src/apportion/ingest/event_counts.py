"""Events counted into days: groups of lines, each event once, and the proof that none is lost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import duckdb
import pyarrow as pa
from duckdb import ColumnExpression, ConstantExpression, SQLExpression

from apportion.findings import Finding, IngestError, Place
from apportion.ingest.billable_rows import may_be_empty
from apportion.ingest.cells import any_of
from apportion.ingest.decimals import shown
from apportion.ingest.event_cells import counted, layout_of, moment, offsets
from apportion.ingest.event_ids import Ids, count_ids, register_repeated, told_again, told_once
from apportion.ingest.event_lines import CarefulFile
from apportion.ingest.event_reuse import REUSED, ReusedError
from apportion.ingest.first_reading import Layout, groups, raw_cells, values
from apportion.ingest.incoming import Context, FileReport
from apportion.ingest.inspected import SafeFile

OURS = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)
"""Errors in our queries, which no file can cause and none may hide."""

_EVENTS = "counted_events"
_AGAIN = "events_told_again"

_ROWS = """
    SELECT day AS date, account, channel, provider, rate_multiplier, international, template,
           (sum(amount) + sum(blanks))::BIGINT AS billable_units,
           sum(lines)::BIGINT AS notifications_sent
    FROM counted_events WHERE counts
    GROUP BY day, account, channel, provider, rate_multiplier, international, template
    ORDER BY day, account, channel, provider, rate_multiplier, international, template
"""
_UNCOUNTED = """
    SELECT day AS date, account, channel, provider, rate_multiplier, international, template
    FROM counted_events
    GROUP BY day, account, channel, provider, rate_multiplier, international, template
    HAVING NOT bool_or(counts)
"""
_ONCE = """
    SELECT DISTINCT ON (id) day, account, channel, status, key_type, provider, rate_multiplier,
           international, template, coalesce(amount, 0) AS amount, 1::BIGINT AS lines,
           blank::BIGINT AS blanks, file
    FROM events_told_again ORDER BY id, file
"""
_TOTALS = """
    SELECT file, channel, day, counts, sum(amount) + sum(blanks), sum(lines)::BIGINT
    FROM counted_events GROUP BY file, channel, day, counts
"""
_REPEATS = "SELECT count(*) - count(DISTINCT id) FROM events_told_again"


@dataclass(frozen=True, slots=True)
class Counted:
    """Daily rows, and what became of the events.

    ``days`` are those of all events, ``left_out`` those that do not count, ``repeats`` those told
    again, ``events`` how many each file has, ``totals`` units by file and channel. ``uncounted``
    are keys of rows of which there are events, and none that counts.
    """

    rows: pa.Table
    uncounted: pa.Table
    days: tuple[date, ...]
    events: tuple[int, ...]
    left_out: int
    repeats: int
    totals: tuple[dict[str, str], ...]

    def reports(
        self, files: Sequence[SafeFile], careful: Sequence[CarefulFile]
    ) -> tuple[FileReport, ...]:
        """What became of each file's lines."""
        rejections = [each.rejections for each in careful] or [{} for _ in files]
        return tuple(
            FileReport(
                file.name,
                accepted + sum(rejected.values()),
                accepted,
                sum(rejected.values()),
                rejected,
                totals,
            )
            for file, accepted, rejected, totals in zip(
                files, self.events, rejections, self.totals, strict=True
            )
        )


def count_events(
    connection: duckdb.DuckDBPyConnection,
    lines: Sequence[duckdb.DuckDBPyRelation],
    files: Sequence[SafeFile],
    context: Context,
) -> Counted | None:
    """Count events, or say that a line is in the way, which ``judge_lines`` then finds.

    Raises ``ReusedError``, and ``IngestError``: ``check_saw_no_rows``, ``total_mismatch``.
    """
    try:
        found = offsets(lines, files, context.model.settings.time_zone)
        ids = count_ids(connection, lines, files)
        if ids.some_blank:
            return None
        if not sum(ids.counts) and not may_be_empty(context):
            raise IngestError([_nothing(file) for file in files])
        layouts = [layout_of(file, context, found, ids=False) for file in files]
        register_repeated(connection, ids.repeated)
        has_repeats = bool(ids.repeated.size)
        if not _gather(connection, lines, layouts, context, has_repeats=has_repeats):
            return None
    except OURS:
        raise
    except duckdb.Error:
        return None
    counted, events = _summed(connection, ids)
    lost = sum(ids.counts) - counted.repeats - events
    if lost:
        message = f"Of {sum(ids.counts)} events, {lost} were lost between two readings."
        where = Place(", ".join(file.name for file in files))
        raise IngestError([Finding("total_mismatch", message, where, "Please report this.")])
    return counted


def _gather(
    connection: duckdb.DuckDBPyConnection,
    lines: Sequence[duckdb.DuckDBPyRelation],
    layouts: Sequence[Layout],
    context: Context,
    *,
    has_repeats: bool,
) -> bool:
    """Make the table of groups of events. Says whether all could be read."""
    for table in (_EVENTS, _AGAIN):
        connection.execute(f"drop table if exists {table}")
    if has_repeats and not _gather_again(connection, lines, layouts):
        return False
    parts = []
    for index, (relation, layout) in enumerate(zip(lines, layouts, strict=True)):
        single = told_once(relation, layout.file) if has_repeats else relation
        table = f"event_groups_{index}"
        connection.execute(f"drop table if exists {table}")
        groups(single, layout).create(table)
        grouped = values(connection.table(table), layout).select(
            *(ColumnExpression(cell.alias) for cell in layout.cells),
            *(ColumnExpression(name) for name in ("amount", "lines", "blanks", "bad")),
            ConstantExpression(index).cast("bigint").alias("file"),
        )
        parts.append(grouped)
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.union(part)
    whole.create("event_groups")
    try:
        bad = connection.execute("SELECT coalesce(sum(bad), 0) FROM event_groups").fetchall()[0]
        if bad[0]:
            return False
        kept = connection.table("event_groups").select(SQLExpression("* exclude (bad)"))
        if has_repeats:
            kept = kept.union(connection.sql(_ONCE))
        counts = SQLExpression(counted(context.model)).alias("counts")
        kept.select("*", counts).create(_EVENTS)
    finally:
        connection.execute("drop table if exists event_groups")
    return True


def _gather_again(
    connection: duckdb.DuckDBPyConnection,
    lines: Sequence[duckdb.DuckDBPyRelation],
    layouts: Sequence[Layout],
) -> bool:
    """Make the table of events that are told again. Raises ``ReusedError``."""
    parts = []
    for index, (relation, layout) in enumerate(zip(lines, layouts, strict=True)):
        again = told_again(relation, layout.file)
        again = again.select("*", SQLExpression(moment(layout.file)).alias("moment"))
        raw = raw_cells(again, layout, ("id", "moment"))
        parts.append(
            raw.select(
                *(ColumnExpression(name) for name in ("id", "moment")),
                *(cell.value.alias(cell.alias) for cell in layout.cells),
                layout.number.cell.value.alias("amount"),
                layout.number.blank.alias("blank"),
                any_of(check.bad for check in layout.checks).alias("bad"),
                ConstantExpression(index).cast("bigint").alias("file"),
            )
        )
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.union(part)
    whole.create(_AGAIN)
    bad = connection.execute("SELECT count_if(bad) FROM events_told_again").fetchall()[0]
    if bad[0]:
        return False
    reused = connection.execute(REUSED).fetchall()
    if reused:
        raise ReusedError(reused)
    return True


def _summed(connection: duckdb.DuckDBPyConnection, ids: Ids) -> tuple[Counted, int]:
    """What was counted, and how many events that is."""
    totals: list[dict[str, str]] = [{} for _ in ids.counts]
    days: set[date] = set()
    left_out = events = 0
    for file, channel, day, counts, units, lines in connection.execute(_TOTALS).fetchall():
        totals[file][channel] = shown(Decimal(totals[file].get(channel, 0)) + units)
        days.add(day)
        events += lines
        left_out += 0 if counts else lines
    repeats = 0
    if ids.repeated.size:
        repeats = connection.execute(_REPEATS).fetchall()[0][0]
    rows = connection.sql(_ROWS).to_arrow_table()
    told = tuple(dict(sorted(each.items())) for each in totals)
    uncounted = connection.sql(_UNCOUNTED).to_arrow_table()
    return Counted(
        rows, uncounted, tuple(sorted(days)), ids.counts, left_out, repeats, told
    ), events


def _nothing(file: SafeFile) -> Finding:
    message = "The file holds a header and no lines."
    remedy = "Check the export; nothing was taken."
    return Finding("check_saw_no_rows", message, Place(file.name), remedy)
