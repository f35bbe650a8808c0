"""Billable usage: one line a day, account, channel and whatever else tells charges apart (`B3`).

``date``, ``account``, ``channel``, ``billable_units`` and ``notifications_sent`` are required;
``provider``, ``rate_multiplier`` (1 where absent), ``international`` (false) and ``template`` are
optional. Each row takes the place of the ledger's row with the same key; rows of other keys stay.
With a declared period a file is all there is of its days, of all accounts.
"""

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from apportion.findings import Finding, IngestError, Place
from apportion.ingest.acceptance import accept
from apportion.ingest.billable_rows import days_of, may_be_empty, spoken_days, with_way_out
from apportion.ingest.connection import connect
from apportion.ingest.first_rates import require_first_rates
from apportion.ingest.first_reading import Layout
from apportion.ingest.header import require_columns, require_tables
from apportion.ingest.incoming import (
    Context,
    FileReport,
    Format,
    Incoming,
    IngestReport,
    Kind,
)
from apportion.ingest.inspected import SafeFile
from apportion.ingest.meter_cells import (
    account_cell,
    channel_cell,
    doubts,
    flag,
    optional_text,
    register_meters,
    whole,
    whole_cell,
)
from apportion.ingest.plain import day_cell
from apportion.ingest.repeated_keys import require_each_key_once
from apportion.ingest.safe_reading import inspect, private_folder
from apportion.model.billable_usage import LARGEST_MULTIPLIER, SCHEMA
from apportion.model.billing import LARGEST_COUNT

REQUIRED = {
    "date": "2024-01-31",
    "account": "svc-1",
    "channel": "sms",
    "billable_units": "1234",
    "notifications_sent": "1000",
}
COLUMNS = (*REQUIRED, "provider", "rate_multiplier", "international", "template")

_ROWS = """
    SELECT day AS date, account, channel, provider, rate_multiplier, international, template,
           amount::BIGINT AS billable_units, notifications_sent, lines
    FROM accepted
    ORDER BY date, account, channel, provider, rate_multiplier, international, template
"""


def read(paths: Sequence[Path], context: Context) -> Incoming:
    """Read billable usage. Raises ``IngestError`` with all findings."""
    with private_folder() as folder:
        files = inspect(paths, folder, context)
        require_tables(files, "billable usage")
        require_columns(files, REQUIRED, "billable_units")
        with connect(folder, files) as connection:
            register_meters(connection, context.model)
            layouts = [_layout(file, context) for file in files]
            rows, reports, notes, findings = _accepted(connection, layouts, context, folder)
            require_each_key_once(connection, rows, layouts, folder, context.limits.line)
    where = Place(", ".join(file.name for file in files))
    require_first_rates(rows, context.model, where)
    report = IngestReport(
        FORMAT.name,
        Kind.BILLABLE,
        reports,
        notes=notes,
        findings=(*findings, *doubts(files, COLUMNS)),
    )
    rows = rows.select(SCHEMA.names).cast(SCHEMA)
    return Incoming(
        Kind.BILLABLE,
        rows,
        (),
        report,
        days=spoken_days(days_of(rows), context.period),
        whole_days=context.period is not None,
    )


def _accepted(
    connection: duckdb.DuckDBPyConnection,
    layouts: Sequence[Layout],
    context: Context,
    folder: Path,
) -> tuple[pa.Table, tuple[FileReport, ...], tuple[str, ...], tuple[Finding, ...]]:
    """The rows of the files, what became of their lines, notes and warnings."""
    try:
        accepted = accept(connection, layouts, context, folder)
    except IngestError as error:
        nothing = all(each.code == "check_saw_no_rows" for each in error.findings)
        if not (nothing and may_be_empty(context)):
            raise IngestError(map(with_way_out, error.findings)) from None
        empty = tuple(FileReport(each.file.name, 0, 0, 0, {}, {}) for each in layouts)
        return SCHEMA.append(pa.field("lines", pa.int64())).empty_table(), empty, (), ()
    rows = _rows(connection, accepted.groups)
    return rows, accepted.files, accepted.notes, accepted.findings


def _layout(file: SafeFile, context: Context) -> Layout:
    account, channel, units, sent = (
        file.find(name) for name in ("account", "channel", "billable_units", "notifications_sent")
    )
    assert account is not None
    assert channel is not None
    assert units is not None
    return Layout(
        file,
        (
            day_cell(file, context),
            account_cell(account, context.model),
            channel_cell(channel, context.model),
            optional_text("provider", file),
            whole_cell("rate_multiplier", file.find("rate_multiplier"), LARGEST_MULTIPLIER, 1),
            flag("international", file.find("international")),
            optional_text("template", file),
            whole_cell("notifications_sent", sent, LARGEST_COUNT),
        ),
        whole("units", units, LARGEST_COUNT),
        key="channel",
    )


def _rows(connection: duckdb.DuckDBPyConnection, groups: duckdb.DuckDBPyRelation) -> pa.Table:
    groups.create_view("accepted")
    return connection.sql(_ROWS).to_arrow_table()


FORMAT = Format(
    "billable",
    Kind.BILLABLE,
    "Billable usage as CSV or Parquet: date, account, channel, billable_units, notifications_sent, "
    "perhaps provider, rate_multiplier, international and template.",
    read,
)
