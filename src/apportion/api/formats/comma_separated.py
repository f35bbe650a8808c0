"""CSV that a spreadsheet may open: no text can act as a formula."""

import io
from collections.abc import Iterator

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from apportion.api.formats.format import Answer, Format

_AT_ONCE = 50_000
_FORMULA = "^[=+\\-@\t\r]"
_WITH_HEADER = pyarrow.csv.WriteOptions(include_header=True)
_WITHOUT_HEADER = pyarrow.csv.WriteOptions(include_header=False)


def write(answer: Answer) -> Iterator[bytes]:
    """A header and the rows; amounts with all their digits, lists joined by semicolons."""
    table = answer.flat()
    options = _WITH_HEADER
    for batch in table.to_batches(max_chunksize=_AT_ONCE) or [_nothing(table)]:
        out = io.BytesIO()
        cells = pa.Table.from_batches([batch])
        texts = pa.table({name: _text(cells[name]) for name in cells.column_names})
        pyarrow.csv.write_csv(texts, out, options)
        yield out.getvalue()
        options = _WITHOUT_HEADER


def _nothing(table: pa.Table) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], schema=table.schema)


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
    return column


def _digits(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Amounts without exponents, which Arrow's own cast uses for small ones."""
    amounts = pa.table({"amount": column})
    texts = duckdb.connect().from_arrow(amounts).select("CAST(amount AS VARCHAR) AS text")
    return texts.to_arrow_table()["text"]


FORMAT = Format("text/csv", write)
