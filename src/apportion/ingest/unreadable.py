"""What is said where a library gives up on a file: never its own words, always the file.

A library speaks of its types, of columns by names that are ours, and of paths that are gone a
moment later. What helps is which column it was, so each is tried alone.
"""

import duckdb
import pyarrow as pa

from apportion.findings import Finding, Place
from apportion.ingest.connection import open_lines
from apportion.ingest.first_reading import Layout
from apportion.ingest.inspected import Column, SafeFile
from apportion.ingest.stored import is_binary

_FULL = "No space left on device"


def unreadable(
    connection: duckdb.DuckDBPyConnection, layout: Layout, error: duckdb.Error
) -> Finding:
    """The finding about a file that was given up on: ``unreadable_file``, or what else it was."""
    file = layout.file
    where = Place(file.name)
    if isinstance(error, duckdb.OutOfRangeException):
        message = "The amounts of the file are too large to be summed."
        return Finding("amount_overflow", message, where, "Check the amounts.")
    if isinstance(error, duckdb.OutOfMemoryException):
        message = "Reading the file needs more memory than there is."
        return Finding("memory_exceeded", message, where, "Split the file.")
    if _FULL in str(error):
        message = "The disk for temporary files is full."
        remedy = "Make room, or name another folder in the environment variable TMPDIR."
        return Finding("storage_failed", message, where, remedy)
    column = next((each for each in layout.read if _fails(connection, file, each)), None)
    if column is None:
        return Finding(
            "unreadable_file",
            "The file cannot be read: its content is not what the file says of it.",
            where,
            "Download or export it again; if that does not help, export it as CSV.",
        )
    return Finding(
        "unreadable_file",
        f"The column {column.name!r} cannot be read: {_reason(file, column)}.",
        where,
        "Download or export the file again; if that does not help, export the column as text.",
    )


def _fails(connection: duckdb.DuckDBPyConnection, file: SafeFile, column: Column) -> bool:
    try:
        open_lines(connection, file, 2**20).aggregate(f"max(hash({column.id}))").fetchall()
    except (duckdb.Error, pa.ArrowException):
        return True
    return False


def _reason(file: SafeFile, column: Column) -> str:
    # Imported here because it takes a tenth of a second that CSV files need not pay.
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        binary = is_binary(pq.read_schema(file.path).field(column.position).type)
    except (pa.ArrowException, OSError):
        binary = False
    if binary:
        return "it holds bytes that are not UTF-8 text"
    return "the file is damaged there, or what it holds is not what its type says"
