"""Files whose bytes depend on their content alone."""

import gzip
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq


def write_csv(table: pa.Table, path: Path, *, quoted: bool = False) -> Path:
    """A table as CSV, gzipped where the name ends so. Quotes are needed where texts hold commas."""
    text = io.BytesIO()
    style = "needed" if quoted else "none"
    pa.csv.write_csv(table, text, pa.csv.WriteOptions(quoting_style=style, quoting_header=style))
    content = text.getvalue()
    if path.suffix == ".gz":
        # The header of gzip holds a name and a time, which say nothing about the content.
        packed = io.BytesIO()
        with gzip.GzipFile("", "wb", compresslevel=6, fileobj=packed, mtime=0) as file:
            file.write(content)
        content = packed.getvalue()
    path.write_bytes(content)
    return path


def write_parquet(table: pa.Table, path: Path) -> Path:
    """A table as one Parquet file, in the order given."""
    pq.write_table(table, path, compression="zstd")
    return path
