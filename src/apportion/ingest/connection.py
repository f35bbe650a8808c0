"""A DuckDB connection that can reach the given files and nothing else."""

from collections.abc import Collection, Sequence
from pathlib import Path

import duckdb

from apportion.ingest.inspected import Column, SafeFile, Shape

_FLUSHED = 2**16
"""Rows of a part of the lines that are held until they are written, by each thread."""

MEMORY = "60%"
"""Of the machine's memory; beyond it DuckDB works in the private folder."""


def connect(
    folder: Path, files: Sequence[SafeFile], memory: str = MEMORY
) -> duckdb.DuckDBPyConnection:
    """Open a database in memory whose reach ends with the private folder and the files in it.

    No extension is fetched, moments are in UTC, and the settings can no longer be changed.
    """
    connection = duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "temp_directory": str(folder),
            "memory_limit": memory,
            "partitioned_write_flush_threshold": _FLUSHED,
        }
    )
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET allowed_directories = ?", [[f"{folder}/"]])
    connection.execute("SET allowed_paths = ?", [[str(file.path) for file in files]])
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def open_lines(
    connection: duckdb.DuckDBPyConnection, file: SafeFile, longest_line: int
) -> duckdb.DuckDBPyRelation:
    """A file's lines, one row each, with the columns ``c0``, ``c1``, ... in the file's order.

    Nothing is guessed: commas, double quotes, every cell of a CSV file a text. A line that does
    not fit raises a ``duckdb.Error``, at the latest when the relation is read.
    """
    if file.shape is Shape.PARQUET:
        relation = connection.read_parquet(str(file.plain or file.path))
        return relation.select(*_by_id(relation, file))
    return connection.read_csv(
        str(file.path),
        columns={column.id: "VARCHAR" for column in file.columns},
        auto_detect=False,
        header=True,
        delimiter=",",
        quotechar='"',
        escapechar='"',
        encoding="utf-8",
        strict_mode=True,
        null_padding=False,
        max_line_size=longest_line,
    )


def open_numbered_rows(
    connection: duckdb.DuckDBPyConnection, file: SafeFile, read: Sequence[Column]
) -> duckdb.DuckDBPyRelation:
    """The rows of a Parquet file as ``open_lines`` gives them, and ``line``, counted from 1.

    What cannot be read is null in columns that are not ``read``, which are shown and no more.
    """
    relation = connection.read_parquet(str(file.plain or file.path), file_row_number=True)
    number = duckdb.ColumnExpression(relation.columns[-1]) + 1
    shown = set(file.columns) - set(read)
    return relation.select(*_by_id(relation, file, shown), number.alias("line"))


def _by_id(
    relation: duckdb.DuckDBPyRelation, file: SafeFile, shown: Collection[Column] = ()
) -> list[duckdb.Expression]:
    """Columns by place, because two names that differ in case alone are one to DuckDB."""
    return [
        _plain(relation.columns[column.position], column, shown).alias(column.id)
        for column in file.columns
    ]


def _plain(stored: str, column: Column, shown: Collection[Column]) -> duckdb.Expression:
    """The cell in a type that every expression can work with."""
    cell = duckdb.ColumnExpression(stored)
    if not column.plain:
        return cell
    plain = column.plain.replace("{}", cell.fragment())
    return duckdb.SQLExpression(f"try({plain})" if column in shown else plain)
