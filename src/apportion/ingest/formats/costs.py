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

from duckdb import ColumnExpression, ConstantExpression, DuckDBPyRelation, SQLExpression

from apportion.ingest import cells
from apportion.ingest.acceptance import Accepted, accept
from apportion.ingest.connection import connect
from apportion.ingest.cost_report import float_findings, proved_totals, rounding_findings
from apportion.ingest.cost_rows import cost_rows
from apportion.ingest.decimals import AMOUNT_DECIMALS
from apportion.ingest.first_reading import Layout
from apportion.ingest.header import require_columns, require_tables, unknown_columns
from apportion.ingest.incoming import Context, Format, Incoming, IngestReport, Kind
from apportion.ingest.inspected import Column, SafeFile
from apportion.ingest.plain import (
    day_cell,
    declared,
    guess_cell,
    guessed_sources,
    register_nodes,
    source_cell,
    speaks_for,
)
from apportion.ingest.safe_reading import inspect, private_folder
from apportion.model import Model
from apportion.model.spelling import did_you_mean

REQUIRED = {"node": "eks-prod", "date": "2024-01-31", "dimension": "compute", "amount": "1234.56"}
COLUMNS = (*REQUIRED, "currency", "source")


def read(paths: Sequence[Path], context: Context) -> Incoming:
    """Read plain costs. Raises ``IngestError`` with all findings."""
    scale = context.model.settings.scale
    with private_folder() as folder:
        files = inspect(paths, folder, context)
        require_tables(files, "costs")
        require_columns(files, REQUIRED, "amount")
        with connect(folder, files) as connection:
            register_nodes(connection, context.model)
            layouts = [_layout(file, context) for file in files]
            accepted = accept(connection, layouts, context, folder)
            floats = float_findings(connection, layouts, context)
            rows = cost_rows(connection, _mapped(accepted), scale)
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
    return Incoming(Kind.COSTS, rows.table, replaced, report, guessed)


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


def _mapped(accepted: Accepted) -> DuckDBPyRelation:
    kept = [ColumnExpression(name) for name in ("source", "node", "dimension", "currency", "day")]
    nothing = ConstantExpression(None).cast("timestamp")
    return accepted.groups.select(
        *kept,
        ConstantExpression("").alias("period"),
        nothing.alias("start"),
        nothing.alias("end_"),
        ColumnExpression("amount"),
        ColumnExpression("lines"),
    )


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
