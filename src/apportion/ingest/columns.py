"""The columns of a file: from a CSV header or a Parquet schema."""

import csv
import re
from pathlib import Path

import duckdb
import pyarrow as pa

from apportion import database
from apportion.ingest.inspected import Column, Holds, Limits, RefusedError
from apportion.ingest.stored import column_of, needs_copy

_DELIMITERS = {";": "a semicolon", "\t": "a tab", "|": "a vertical bar"}


_SEPARATOR = re.compile('"?sep=.?"?', re.IGNORECASE)


def csv_columns(path: Path, limits: Limits, nulls: tuple[str, ...]) -> tuple[Column, ...]:
    """The names in the first line of a CSV file. Raises ``RefusedError``."""
    with path.open("r", encoding="utf-8-sig", errors="replace", newline="") as file:
        line = file.readline(limits.line + 1)
    if len(line) > limits.line:
        raise RefusedError(
            "unsafe_file",
            f"The first line is longer than {limits.line:,} characters.",
            "Check that this is a CSV file.",
            1,
        )
    if _SEPARATOR.fullmatch(line.rstrip("\r\n")):
        raise RefusedError(
            "unreadable_file",
            f"The first line is {line.strip()!r}, which tells a spreadsheet how cells are "
            "separated, and not the header.",
            "Remove the line; cells are separated by commas.",
            1,
        )
    names = _names(line.rstrip("\r\n"))
    if len(names) == 1:
        for delimiter, words in _DELIMITERS.items():
            if delimiter in names[0]:
                raise RefusedError(
                    "unreadable_file",
                    f"The cells seem to be separated by {words}; expected commas.",
                    "Export it again with commas as separators.",
                    1,
                )
    _check_names(names, limits)
    return tuple(Column(name, place, Holds.TEXT, nulls) for place, name in enumerate(names))


def _names(line: str) -> list[str]:
    try:
        return next(iter(csv.reader([line], strict=True)), [])
    except csv.Error as error:
        reason = "a name goes on in the next line" if "unexpected end" in str(error) else str(error)
        raise RefusedError(
            "unreadable_file",
            f"The header cannot be read: {reason}.",
            "The first line holds the names of the columns, separated by commas.",
            1,
        ) from None


def _check_names(names: list[str], limits: Limits) -> None:
    if len(names) > limits.columns:
        raise RefusedError(
            "unsafe_file",
            f"The file has {len(names):,} columns; at most {limits.columns:,} are read.",
            "Export only the columns of the format.",
        )
    seen: dict[str, int] = {}
    for place, name in enumerate(names, start=1):
        if name in seen and name:
            raise RefusedError(
                "duplicate_key",
                f"The columns {seen[name]} and {place} are both named {name[:60]!r}.",
                "Rename or remove one.",
                1,
            )
        seen[name] = place


def parquet_columns(
    path: Path, limits: Limits, nulls: tuple[str, ...]
) -> tuple[tuple[Column, ...], bool]:
    """The columns of a Parquet file, and whether a copy must be made to read them all.

    Raises ``RefusedError``. The footer alone is read.
    """
    # Imported here because it takes a tenth of a second that CSV files need not pay.
    import pyarrow.parquet as pq  # noqa: PLC0415

    with path.open("rb") as file:
        file.seek(-4, 2)
        ends_well = file.read(4) == b"PAR1"
    if not ends_well:
        raise RefusedError(
            "unreadable_file",
            "The Parquet file is cut off: its end is missing.",
            "Download or export it again.",
        )
    try:
        metadata = pq.read_metadata(path)
        schema = metadata.schema.to_arrow_schema()
        sizes = [metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups)]
        misplaced = _misplaced(path)
    except (pa.ArrowException, duckdb.Error, OSError, ValueError):
        raise damaged("what it says of itself cannot be read") from None
    if misplaced:
        raise damaged(f"what it says of {misplaced!r} cannot be")
    _check_size(metadata.num_rows, sum(sizes), path.stat().st_size, limits)
    names = list(schema.names)
    _check_names(names, limits)
    kinds = [schema.field(place).type for place in range(len(names))]
    columns = tuple(
        column_of(name, place, kind, nulls)
        for place, (name, kind) in enumerate(zip(names, kinds, strict=True))
    )
    return columns, any(needs_copy(kind) for kind in kinds)


def damaged(reason: str = "") -> RefusedError:
    """Say that a Parquet file is not what it claims to be."""
    said = f": {reason}" if reason else ""
    return RefusedError(
        "unreadable_file", f"The Parquet file is damaged{said}.", "Download or export it again."
    )


def _check_size(rows: int, unpacked: int, size: int, limits: Limits) -> None:
    """Raise ``RefusedError`` for what a file's own footer says is too much to read."""
    if rows > limits.rows or unpacked > limits.bytes_out:
        raise RefusedError(
            "unsafe_file",
            f"The file claims {rows:,} rows of {unpacked:,} bytes in all; "
            f"at most {limits.rows:,} rows and {limits.bytes_out:,} bytes are read.",
            "Split it.",
        )
    if rows > limits.harmless_rows and rows > size * limits.rows_per_byte:
        raise RefusedError(
            "unsafe_file",
            f"The file claims {rows:,} rows in {size:,} bytes, so nearly all its rows are the "
            "same, as in files that are made to exhaust a machine.",
            "If you trust it, sum equal rows into one before you export it.",
        )


_MISPLACED = """
    SELECT path_in_schema
    FROM parquet_metadata(?)
    WHERE row_group_num_rows > 0 AND NOT coalesce(
        coalesce(dictionary_page_offset, data_page_offset) BETWEEN 4 AND data_page_offset
        AND total_compressed_size BETWEEN 0
            AND ? - coalesce(dictionary_page_offset, data_page_offset)
        AND (contains(path_in_schema, ', ') OR num_values = row_group_num_rows),
        false)
    ORDER BY row_group_id, column_id
    LIMIT 1
"""
"""A column of which some part lies outside the file, or in the wrong order, or is too long. Of
nested columns, whose path has several names, a row may hold any number of values."""


def _misplaced(path: Path) -> str:
    """A column that lies where it cannot, if there is one.

    The query engine trusts what a file says of itself there, to the point of a crash.
    """
    size = path.stat().st_size
    found = database.connect().execute(_MISPLACED, [str(path), size]).fetchone()
    return str(found[0]) if found else ""
