"""Parquet, as one file."""

import tempfile
from collections.abc import Iterator

import pyarrow.parquet as pq

from apportion.api.formats.format import Answer, Format

_IN_MEMORY = 16 * 2**20
_AT_ONCE = 2**20


def write(answer: Answer) -> Iterator[bytes]:
    """The file; a large one is made on disk, since its end says where its parts lie."""
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
        parts = answer.flat()
        with pq.ParquetWriter(file, next(parts).schema, compression="zstd") as writer:
            for table in parts:
                writer.write_table(table)
        file.seek(0)
        while part := file.read(_AT_ONCE):
            yield part


FORMAT = Format("application/vnd.apache.parquet", write)
