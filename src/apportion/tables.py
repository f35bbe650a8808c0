"""Columns of tables that come in, read exactly or refused with their row."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from apportion.findings import Finding, Place, RunError


def as_table(data: Any, what: str) -> pa.Table:
    """Any object with the Arrow C stream interface, as a table.

    Raises ``RunError`` (``wrong_type``) for anything else.
    """
    if hasattr(data, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(data).read_all()
    raise RunError(
        [
            Finding(
                "wrong_type",
                f"{what} must be an Arrow table or an object with the Arrow C stream interface, "
                f"not {type(data).__name__}.",
                remedy="pyarrow, polars, pandas and DuckDB results all qualify.",
            )
        ]
    )


def require_columns(table: pa.Table, what: str, names: Sequence[str]) -> None:
    """Raise ``RunError`` (``missing_key``) that names every column the table lacks."""
    missing = [name for name in names if name not in table.column_names]
    if missing:
        raise RunError(
            [
                Finding(
                    "missing_key",
                    f"The {what} table lacks the column {name!r}; it has "
                    f"{', '.join(table.column_names)}.",
                    Place(f"<{what}>"),
                    remedy=f"It needs {', '.join(names)}.",
                )
                for name in missing
            ]
        )


def texts(table: pa.Table, what: str, name: str, absent: str | None = None) -> pa.ChunkedArray:
    """A column of texts. Nulls become ``absent``, or are refused where there is no such text."""
    column = _cast_column(plain_column(table, name), what, name, pa.string())
    if column.null_count and absent is None:
        _refuse_nulls(column, what, name)
    return pc.fill_null(column, absent) if absent is not None else column


def days(table: pa.Table, what: str, name: str) -> pa.ChunkedArray:
    """A column of dates, from dates, timestamps at midnight without a zone, or ISO texts."""
    given = plain_column(table, name)
    if pa.types.is_timestamp(given.type) and given.type.tz is not None:
        _refuse(
            what,
            name,
            f"holds moments in the zone {given.type.tz}, and which day that is depends on the zone",
            "Give dates.",
        )
    column = _cast_column(given, what, name, pa.date32())
    if pa.types.is_timestamp(given.type):
        _refuse_times(given, column, what, name)
    if column.null_count:
        _refuse_nulls(column, what, name)
    return column


def _refuse_times(given: pa.ChunkedArray, found: pa.ChunkedArray, what: str, name: str) -> None:
    cut = pc.not_equal(found.cast(given.type), given)
    if pc.any(cut).as_py():
        row = pc.index(cut, pa.scalar(value=True)).as_py() + 1
        problem = f"holds a time of day in row {row}, {given[row - 1]}"
        _refuse(what, name, problem, "Give dates.", row)


def wholes(
    table: pa.Table, what: str, name: str, most: int, absent: int | None = None
) -> pa.ChunkedArray:
    """A column of whole numbers from 0 to ``most``, whatever type they came in."""
    column = _cast_column(plain_column(table, name), what, name, pa.int64())
    if column.null_count:
        if absent is None:
            _refuse_nulls(column, what, name)
        column = pc.fill_null(column, absent)
    for wrong, why in (
        (pc.less(column, 0), "is negative"),
        (pc.greater(column, most), f"is more than {most:,}"),
    ):
        row = pc.index(wrong, value=True).as_py() + 1
        if row:
            value = column[row - 1].as_py()
            problem = f"holds {value} in row {row}, which {why}"
            _refuse(what, name, problem, "Mend the value.", row)
    return column


def flags(table: pa.Table, what: str, name: str) -> pa.ChunkedArray:
    """A column of booleans; nulls are false."""
    return pc.fill_null(
        _cast_column(plain_column(table, name), what, name, pa.bool_()), fill_value=False
    )


def decimals(
    table: pa.Table, what: str, name: str, places: int, *, floats: bool, wide: bool = False
) -> pa.ChunkedArray:
    """A column of decimals with up to ``places`` decimals, of 128 bits, or 256 when ``wide``.

    A column of 128-bit decimals that has no more of them is given as it is. Floats go through
    their shortest text where they are allowed at all: an amount is never a float, a measured usage
    may be.
    """
    column = plain_column(table, name)
    if pa.types.is_decimal128(column.type) and column.type.scale <= places:
        if column.null_count:
            _refuse_nulls(column, what, name)
        return column
    if pa.types.is_floating(column.type):
        if not floats:
            _refuse(
                what,
                name,
                "holds floats, and a float is not an exact amount",
                "Give decimals or texts such as 12.50.",
            )
        column = column.cast(pa.string())
    if pa.types.is_integer(column.type):
        column = column.cast(pa.decimal128(20, 0))
    kind = pa.decimal256(76, places) if wide else pa.decimal128(38, places)
    column = _cast_column(column, what, name, kind)
    if column.null_count:
        _refuse_nulls(column, what, name)
    return column


def ordinal(day: date) -> int:
    """Days since 1970-01-01, as Arrow counts them."""
    return (day - date(1970, 1, 1)).days


def every_day(first: date, last: date) -> list[date]:
    """The days of a stretch, both ends included; none where it ends before it begins."""
    return [first + timedelta(days=passed) for passed in range((last - first).days + 1)]


def from_ordinal(days_since: int) -> date:
    """The date that many days after 1970-01-01."""
    return date(1970, 1, 1) + timedelta(days=days_since)


def plain_column(table: pa.Table, name: str) -> pa.ChunkedArray:
    """A column with its values in place and texts as Arrow's plain ones.

    Arrow cannot yet compute on the views that polars hands out, and takes the values of a
    dictionary for what they are not: a float in one would pass for a decimal.
    """
    column = table[name]
    if pa.types.is_run_end_encoded(column.type):
        column = pa.chunked_array([pc.run_end_decode(chunk) for chunk in column.chunks])
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    is_a = pa.types
    bytes_or_views = (is_a.is_string_view, is_a.is_binary, is_a.is_large_binary)
    if any(test(column.type) for test in (*bytes_or_views, is_a.is_binary_view)):
        try:
            return column.cast(pa.large_string())
        except pa.ArrowInvalid:
            # Bytes that are no text; the cast that follows finds the row.
            return column
    return column


def _cast_column(
    column: pa.ChunkedArray, what: str, name: str, kind: pa.DataType
) -> pa.ChunkedArray:
    try:
        return column.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        row, value = _first_bad(column, kind)
        _refuse(
            what,
            name,
            f"holds {value} in row {row}, which is not a {_wanted(kind)}",
            "Mend the value.",
            row,
        )
        raise AssertionError("unreachable") from None


def _first_bad(column: pa.ChunkedArray, kind: pa.DataType) -> tuple[int, str]:
    """Halve the column until the first value that does not cast is alone."""
    low, high = 0, len(column)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            column.slice(low, middle - low).cast(kind)
            low = middle
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            high = middle
    return low + 1, repr(str(column[low].as_py())[:60])


def _wanted(kind: pa.DataType) -> str:
    if pa.types.is_date(kind):
        return "date such as 2024-01-31"
    if pa.types.is_integer(kind):
        return "whole number"
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_decimal(kind):
        return f"decimal with at most {kind.scale} decimals"
    return "text"


def _refuse_nulls(column: pa.ChunkedArray, what: str, name: str) -> None:
    row = pc.index(pc.is_null(column), True).as_py() + 1
    _refuse(what, name, f"is empty in row {row}", "Every row needs it.", row)


def _refuse(what: str, name: str, problem: str, remedy: str, row: int = 0) -> None:
    raise RunError(
        [
            Finding(
                "invalid_value",
                f"The column {name!r} of the {what} table {problem}.",
                Place(f"<{what}>", row),
                remedy=remedy,
                details={"column": name, "row": row},
            )
        ]
    )
