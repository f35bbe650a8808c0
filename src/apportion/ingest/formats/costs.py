"""Plain costs: one line a node, day and dimension, with an amount.

``node``, ``date``, ``dimension`` and ``amount`` are required. Without ``currency`` amounts are in
the workspace's. ``source`` says who states the line; without it that is what the command names,
or else the file's name. Where that is all there is, rows with the node, day and dimension of
another source's are refused, because they may be meant to correct them.

A file speaks for each of its sources from the first to the last of its days. Lines of the same
node, day, dimension and currency are summed.
"""

from collections.abc import Sequence
from pathlib import Path

from duckdb import DuckDBPyConnection, SQLExpression

from apportion.derive.costs import derive_costs
from apportion.derive.nodes import declared, register_nodes
from apportion.ingest import cells
from apportion.ingest.acceptance import Accepted, accept
from apportion.ingest.connection import connect
from apportion.ingest.cost_report import float_findings, proved_totals, rounding_findings
from apportion.ingest.decimals import AMOUNT_DECIMALS
from apportion.ingest.first_reading import Layout
from apportion.ingest.header import require_columns, require_tables, unknown_columns
from apportion.ingest.incoming import Context, Format, Incoming, IngestReport, Kind
from apportion.ingest.inspected import Column, SafeFile
from apportion.ingest.kept_lines import (
    SOURCE_OF_LINE,
    cost_lines,
    numbered_lines,
    parts_of,
    source_table,
    write_lines,
)
from apportion.ingest.lines_in_two_files import refuse_lines_in_two_files
from apportion.ingest.plain import (
    day_cell,
    guess_cell,
    guessed_sources,
    source_cell,
    speaks_for,
)
from apportion.ingest.safe_reading import inspect, private_folder
from apportion.ledger.kept import Kept
from apportion.model import Model
from apportion.model.spelling import did_you_mean

REQUIRED = {"node": "eks-prod", "date": "2024-01-31", "dimension": "compute", "amount": "1234.56"}
COLUMNS = (*REQUIRED, "currency", "source")


def read(paths: Sequence[Path], context: Context) -> Incoming:
    """Read plain costs. Raises ``IngestError`` with all findings."""
    scale = context.model.settings.scale
    with private_folder(context.folder) as folder:
        files = inspect(paths, folder, context)
        require_tables(files, "costs")
        require_columns(files, REQUIRED, "amount")
        with connect(folder, files) as connection:
            register_nodes(connection, context.model)
            layouts = [_layout(file, context) for file in files]
            accepted = accept(connection, layouts, context, folder)
            floats = float_findings(connection, layouts, context)
            kept = _kept(connection, layouts, accepted, context, folder)
            if not context.append:
                refuse_lines_in_two_files(
                    connection, [file.name for file in files], "EffectiveCost"
                )
            connection.execute(_LINES)
            rows = derive_costs(connection, "lines", context.model).rows
            totals = proved_totals(accepted.files, rows)
            guessed = guessed_sources(accepted.groups)
    doubts = [
        finding
        for file in files
        for finding in unknown_columns(file, COLUMNS, ("x_",), ("amount",))
    ]
    report = IngestReport(
        FORMAT.name,
        Kind.COSTS,
        accepted.files,
        totals,
        notes=(*_notes(files, context), *accepted.notes),
        findings=(*accepted.findings, *floats, *doubts, *rounding_findings(totals, rows, scale)),
    )
    replaced = speaks_for(rows.table, context)
    return Incoming(Kind.COSTS, rows.table, replaced, report, guessed, kept=kept)


def _layout(file: SafeFile, context: Context) -> Layout:
    settings = context.model.settings
    node, dimension, amount = (file.find(name) for name in ("node", "dimension", "amount"))
    assert node is not None
    assert dimension is not None
    assert amount is not None
    currency = file.find("currency")
    default = settings.currency or "USD"
    return Layout(
        file,
        (
            source_cell(file, context),
            guess_cell(file, context),
            _node_cell(node, context.model),
            day_cell(file, context),
            cells.name("dimension", dimension),
            cells.currency("currency", currency, default)
            if currency
            else cells.constant("currency", default),
        ),
        cells.number("number", amount, AMOUNT_DECIMALS, scale=settings.scale),
        key="currency",
        default_key=default,
    )


def _node_cell(column: Column, model: Model) -> cells.Cell:
    cell = cells.name("node", column)
    ids = [node.id for node in model.nodes]

    def explain(text: str) -> tuple[str, str]:
        remedy = did_you_mean(text, ids) or "Declare it under `nodes:`, or correct the line."
        return "the model declares no such node", remedy

    check = cells.Check(
        "node",
        column,
        "unknown_node",
        "the model declares no such node",
        "",
        SQLExpression(f"trim(node) != '' and not {declared('node')}"),
        explain,
    )
    return cells.Cell(cell.alias, cell.raw, cell.value, (*cell.checks, check), column)


_LINES = """
    create view lines as select kept.*, bills.source, bills.period, "EffectiveCost" as cost
    from kept join bills using (bill)
"""


def _kept(
    connection: DuckDBPyConnection,
    layouts: Sequence[Layout],
    accepted: Accepted,
    context: Context,
    folder: Path,
) -> Kept:
    """Write the accepted lines, each with the number of its source."""
    sources = accepted.groups.select("source").distinct().order("source").to_arrow_table()
    bills = source_table(connection, sources, context.source)
    connection.register("bills", bills)
    lines = numbered_lines(connection, layouts, accepted.careful, context.limits.line)
    queries = []
    for place, (each, layout) in enumerate(zip(lines, layouts, strict=True)):
        known = [column for name in COLUMNS if (column := layout.file.find(name))]
        queries.append(cost_lines(each, layout, place, known))
    month = "strftime(c.\"ChargePeriodStart\"::timestamp, '%Y-%m')"
    days = accepted.groups.select("strftime(day, '%Y-%m')").distinct().fetchall()
    data_files = write_lines(
        connection,
        queries,
        SOURCE_OF_LINE,
        month,
        context.delivery,
        folder,
        sorted(("costs", found[0]) for found in days),
    )
    return Kept(data_files, bills, parts_of(connection))


def _notes(files: Sequence[SafeFile], context: Context) -> tuple[str, ...]:
    without = [file.name for file in files if file.find("currency") is None]
    if not without:
        return ()
    currency = context.model.settings.currency
    said = f"the workspace's, {currency}" if currency else "USD, since the workspace declares none"
    return (f"{', '.join(without)}: no currency column, so the currency is {said}.",)


FORMAT = Format(
    "costs",
    Kind.COSTS,
    "Plain costs as CSV or Parquet: node, date, dimension, amount, perhaps currency and source.",
    read,
)
