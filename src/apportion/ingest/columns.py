"""The columns of a file: from a CSV header or a Parquet schema."""

import csv
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from apportion.ingest.inspected import Column, Holds, Limits, RefusedError

_DELIMITERS = {";": "a semicolon", "\t": "a tab", "|": "a vertical bar"}


def csv_columns(path: Path, limits: Limits) -> tuple[Column, ...]:
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
    return tuple(Column(name, place, Holds.TEXT) for place, name in enumerate(names))


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


def parquet_columns(path: Path, limits: Limits) -> tuple[Column, ...]:
    """The columns of a Parquet file. Raises ``RefusedError``."""
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
    except (pa.ArrowException, duckdb.Error, OSError, ValueError) as error:
        reason = str(error).splitlines()[0][:200]
        raise RefusedError(
            "unreadable_file",
            f"The Parquet file is damaged: {reason}.",
            "Download or export it again.",
        ) from None
    if misplaced:
        raise RefusedError(
            "unreadable_file",
            f"The Parquet file is damaged: what it says of {misplaced!r} cannot be.",
            "Download or export it again.",
        )
    if metadata.num_rows > limits.rows or sum(sizes) > limits.bytes_out:
        raise RefusedError(
            "unsafe_file",
            f"The file claims {metadata.num_rows:,} rows of {sum(sizes):,} bytes in all; "
            f"at most {limits.rows:,} rows and {limits.bytes_out:,} bytes are read.",
            "Split it.",
        )
    names = list(schema.names)
    _check_names(names, limits)
    return tuple(
        Column(name, place, _holds(schema.field(place).type)) for place, name in enumerate(names)
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
    with duckdb.connect() as connection:
        found = connection.execute(_MISPLACED, [str(path), path.stat().st_size]).fetchone()
    return str(found[0]) if found else ""


def _holds(kind: Any) -> Holds:
    is_a = pa.types
    if is_a.is_dictionary(kind):
        return _holds(kind.value_type)
    # Not decimals of 256 bits nor floats of 16, of which the query engine loses digits. A column
    # without a type holds nothing at all, which is no wrong number.
    numbers = (is_a.is_integer, is_a.is_decimal128, is_a.is_decimal64, is_a.is_decimal32)
    tests = (
        (Holds.TEXT, (is_a.is_string, is_a.is_large_string, is_a.is_string_view)),
        (Holds.NUMBER, (*numbers, is_a.is_null)),
        (Holds.DOUBLE, (is_a.is_float64,)),
        (Holds.FLOAT, (is_a.is_float32,)),
        (Holds.MOMENT, (is_a.is_timestamp,)),
        (Holds.DAY, (is_a.is_date,)),
        (Holds.MAP, (is_a.is_map,)),
    )
    for holds, those in tests:
        if any(test(kind) for test in those):
            return holds
    if is_a.is_list(kind) and is_a.is_struct(kind.value_type):
        names = {kind.value_type.field(i).name for i in range(kind.value_type.num_fields)}
        return Holds.PAIRS if names == {"key", "value"} else Holds.OTHER
    return Holds.STRUCT if is_a.is_struct(kind) else Holds.OTHER
