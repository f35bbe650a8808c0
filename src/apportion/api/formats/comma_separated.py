"""CSV that a spreadsheet may open: no text can act as a formula."""

import io
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from apportion import database
from apportion.api.formats.format import Answer, Format

_AT_ONCE = 50_000
_FORMULA = "^[=+\\-@\t\r]"
_WITH_HEADER = pyarrow.csv.WriteOptions(include_header=True)
_WITHOUT_HEADER = pyarrow.csv.WriteOptions(include_header=False)


def write(answer: Answer) -> Iterator[bytes]:
    """A header and the rows; amounts with all their digits, lists joined by semicolons."""
    parts = answer.flat()
    yield _lines(next(parts), _WITH_HEADER)
    for table in parts:
        for begin in range(0, table.num_rows, _AT_ONCE):
            yield _lines(table.slice(begin, _AT_ONCE), _WITHOUT_HEADER)


def _lines(cells: pa.Table, options: pyarrow.csv.WriteOptions) -> bytes:
    out = io.BytesIO()
    texts = pa.table({name: _text(cells[name]) for name in cells.column_names})
    pyarrow.csv.write_csv(texts, out, options)
    return out.getvalue()


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _text(column.cast(kind.value_type))
    if pa.types.is_list(kind):
        return _text(pc.binary_join(column, ";"))
    if pa.types.is_string(kind):
        return pc.replace_substring_regex(column, _FORMULA, "'\\0")
    if pa.types.is_decimal(kind):
        return _digits(column)
    if pa.types.is_map(kind):
        return _asked(column, "CAST(to_json(value) AS VARCHAR)")
    return column


def _digits(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Amounts without exponents, which Arrow's own cast uses for small ones."""
    return _asked(column, "CAST(value AS VARCHAR)")


def _asked(column: pa.ChunkedArray, text: str) -> pa.ChunkedArray:
    """The text of each value, by an expression over it."""
    values = database.connect().from_arrow(pa.table({"value": column}))
    return values.select(f"{text} AS text").to_arrow_table()["text"]


FORMAT = Format("text/csv", write)
