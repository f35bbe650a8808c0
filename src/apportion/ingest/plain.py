"""What the plain formats share: who says it, and for which days."""

from pathlib import Path

import pyarrow as pa
from duckdb import (
    ColumnExpression,
    ConstantExpression,
    DuckDBPyRelation,
    Expression,
    SQLExpression,
)

from apportion.ingest import cells
from apportion.ingest.cells import Cell, Check
from apportion.ingest.decimals import is_nothing
from apportion.ingest.incoming import Context
from apportion.ingest.inspected import SafeFile
from apportion.ledger.record_ingest import Replaced

_GUESS = "guessed"
_SUFFIXES = (".gz", ".csv", ".parquet", ".pq", ".json", ".txt")


def source_cell(file: SafeFile, context: Context) -> Cell:
    """Who says it: the line itself, else what the command names, else the file's name."""
    default = context.source or stem(file.name)
    column = file.find("source")
    if column is None:
        return cells.constant("source", default)
    return cells.text("source", column, default=default)


def guess_cell(file: SafeFile, context: Context) -> Cell:
    """Whether a line's source is only the name of its file."""
    column = file.find("source")
    guess: Expression = ConstantExpression(not context.source)
    if column is not None and not context.source:
        guess = SQLExpression(is_nothing(cells.text_of(column).fragment(), column.nulls))
    return Cell(_GUESS, guess, ColumnExpression(_GUESS))


def guessed_sources(groups: DuckDBPyRelation) -> tuple[str, ...]:
    """The sources that only the names of files tell."""
    return tuple(
        row[0] for row in groups.filter(_GUESS).select("source").distinct().order("1").fetchall()
    )


def stem(name: str) -> str:
    """A file's name without its folder and its known endings.

    >>> stem("bills/aws.2024-01.csv.gz")
    'aws.2024-01'
    """
    path = Path(name)
    while path.suffix.lower() in _SUFFIXES and path.stem:
        path = path.with_suffix("")
    return path.name


def day_cell(file: SafeFile, context: Context) -> Cell:
    """The day of a line, which lies in the declared period if there is one."""
    column = file.find("date")
    assert column is not None
    cell = cells.day("day", column)
    if context.period is None:
        return cell
    first, last = context.period
    inside = cell.value.between(ConstantExpression(first), ConstantExpression(last))
    check = Check(
        "day",
        column,
        "invalid_value",
        f"it is outside the declared period, {first} to {last}",
        "Leave the line out, or declare a longer period.",
        ~inside,
    )
    return Cell(cell.alias, cell.raw, cell.value, (*cell.checks, check), column)


def speaks_for(rows: pa.Table, context: Context) -> tuple[Replaced, ...]:
    """What plain rows replace: each source's days, and of usage only the metrics it speaks of."""
    keys = [name for name in ("source", "metric") if name in rows.column_names]
    bounds = rows.group_by(keys).aggregate([("date", "min"), ("date", "max")]).to_pylist()
    replaced = [
        Replaced(
            source=row["source"],
            metric=row.get("metric", ""),
            first=context.period[0] if context.period else row["date_min"],
            last=context.period[1] if context.period else row["date_max"],
        )
        for row in bounds
    ]
    return tuple(sorted(replaced, key=lambda each: (each.source, each.metric)))
