"""Plain usage: one line a node, day and metric, with a value.

``node``, ``date``, ``metric`` and ``value`` are required; ``unit`` and ``source`` are optional.
Labels are columns named ``label.NAME`` (``label.env`` with the cell ``prod`` is the label ``env``;
a blank cell is no label), or one column ``labels`` with JSON objects or maps. Where a file has both
and they give one label two values, the line is refused.

A file speaks for each of its sources and metrics from the first to the last of its days. Lines of
the same node, day, metric, labels and unit are summed, negative ones apart from the others.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from duckdb import (
    ColumnExpression,
    ConstantExpression,
    Expression,
    FunctionExpression,
    SQLExpression,
)

from apportion.ingest import cells
from apportion.ingest.acceptance import accept
from apportion.ingest.connection import connect
from apportion.ingest.decimals import VALUE_DECIMALS, is_nothing
from apportion.ingest.first_reading import Layout
from apportion.ingest.header import require_columns, require_tables, unknown_columns
from apportion.ingest.incoming import Context, Format, Incoming, IngestReport, Kind
from apportion.ingest.inspected import Column, SafeFile
from apportion.ingest.plain import (
    day_cell,
    guess_cell,
    guessed_sources,
    source_cell,
    speaks_for,
)
from apportion.ingest.safe_reading import inspect, private_folder
from apportion.ingest.usage_rows import KEYS, LABELS, usage_rows

REQUIRED = {
    "node": "checkout",
    "date": "2024-01-31",
    "metric": "http_requests",
    "value": "1234",
}
COLUMNS = (*REQUIRED, "unit", "source", "labels")
LABEL = "label."
"""What the name of a column with a label begins with."""

_MAP = "map(varchar, varchar)"


def read(paths: Sequence[Path], context: Context) -> Incoming:
    """Read plain usage. Raises ``IngestError`` with all findings."""
    with private_folder() as folder:
        files = inspect(paths, folder, context)
        require_tables(files, "usage figures")
        require_columns(files, REQUIRED, "value")
        with connect(folder, files) as connection:
            layouts = [_layout(file, context) for file in files]
            accepted = accept(connection, layouts, context, folder)
            named = accepted.groups.select(
                *[
                    ColumnExpression(name)
                    for name in ("source", "node", "metric", "labels", "unit")
                ],
                ConstantExpression("").alias("period"),
                ColumnExpression("day").alias("date"),
                ColumnExpression("amount"),
                ColumnExpression("lines"),
                SQLExpression("amount < 0").alias("below"),
            )
            keys = ", ".join(KEYS)
            # Two files may speak of the same node and day, as two lines of one file may.
            groups = named.aggregate(
                f"{keys}, sum(amount) as amount, cast(sum(lines) as bigint) as lines",
                f"{keys}, below",
            ).to_arrow_table()
            guessed = guessed_sources(accepted.groups)
    rows = usage_rows(groups, accepted.files, context.model)
    doubts = [
        finding
        for file in files
        for finding in unknown_columns(file, COLUMNS, (LABEL, "x_"), ("value",))
    ]
    report = IngestReport(
        FORMAT.name,
        Kind.USAGE,
        accepted.files,
        notes=accepted.notes,
        findings=(*accepted.findings, *doubts, *rows.findings),
    )
    replaced = speaks_for(rows.table, context)
    return Incoming(Kind.USAGE, rows.table, replaced, report, guessed)


def _layout(file: SafeFile, context: Context) -> Layout:
    node, metric, value = (file.find(name) for name in ("node", "metric", "value"))
    assert node is not None
    assert metric is not None
    assert value is not None
    unit = file.find("unit")
    return Layout(
        file,
        (
            source_cell(file, context),
            guess_cell(file, context),
            cells.name("node", node),
            day_cell(file, context),
            cells.name("metric", metric),
            cells.text("unit", unit, default="") if unit else cells.constant("unit", ""),
            *_label_cells(file),
        ),
        cells.number("number", value, VALUE_DECIMALS),
        key="metric",
        sign=True,
        beside=_label_columns(file),
    )


def _label_cells(file: SafeFile) -> tuple[cells.Cell, ...]:
    """The labels of a line as canonical text, from the column of all and those of each."""
    whole = file.find("labels")
    nothing = ConstantExpression(None).cast(_MAP)
    given = cells.tags("labels", whole) if whole else None
    each = _label_columns(file)
    parts = _map_of(each) if each else nothing
    of_all = given.value.fragment() if given else nothing.fragment()
    # A blank cell says nothing, so it takes no label away either.
    said = (
        "map_from_entries(list_filter(map_entries(label_columns), lambda e: e.value is not null))"
    )
    both = f"map_concat(coalesce({of_all}, map()), coalesce({said}, map()))"
    text = SQLExpression(LABELS.format(f"cast({both} as {_MAP})"))
    checks = (*given.checks, *_one_value(given, each)) if given else ()
    return (
        cells.Cell("label_columns", parts, ColumnExpression("label_columns")),
        cells.Cell("labels", given.raw if given else nothing, text, checks, whole),
    )


def _one_value(given: cells.Cell, each: Sequence[Column]) -> Iterator[cells.Check]:
    """That no column of one label says anything else than the column of all."""
    for column in each:
        key = ConstantExpression(column.name.removeprefix(LABEL)).cast("varchar")
        said, told = (
            FunctionExpression("map_extract_value", of_all, key)
            for of_all in (ColumnExpression("label_columns"), given.value)
        )
        yield cells.Check(
            "label_columns",
            column,
            "invalid_value",
            "the column labels gives this label another value",
            "Say it in one of the two columns, or the same in both.",
            said != told,
        )


def _label_columns(file: SafeFile) -> tuple[Column, ...]:
    return tuple(column for column in file.columns if column.name.startswith(LABEL))


def _map_of(columns: Sequence[Column]) -> Expression:
    names = [ConstantExpression(column.name.removeprefix(LABEL)) for column in columns]
    values = [
        SQLExpression(f"case when not {is_nothing(text, column.nulls)} then {text} end")
        for column in columns
        for text in [cells.text_of(column).fragment()]
    ]
    return FunctionExpression(
        "map", FunctionExpression("list_value", *names), FunctionExpression("list_value", *values)
    )


FORMAT = Format(
    "usage",
    Kind.USAGE,
    "Plain usage as CSV or Parquet: node, date, metric, value, perhaps unit, source and labels.",
    read,
)
