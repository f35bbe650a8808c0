"""JSON: one object with what was asked, the totals, and the rows; amounts are decimal texts."""

from collections.abc import Iterator
from typing import Any

from apportion.api.formats.format import Answer, Format
from apportion.report.json_text import object_with_rows

_AT_ONCE = 10_000


def write(answer: Answer) -> Iterator[bytes]:
    """The object, its rows as they come."""
    for text in object_with_rows(answer.head, _rows(answer)):
        yield text.encode()


def _rows(answer: Answer) -> Iterator[dict[str, Any]]:
    for table in answer.tables():
        for batch in table.to_batches(max_chunksize=_AT_ONCE):
            yield from batch.to_pylist(maps_as_pydicts="strict")


FORMAT = Format("application/json", write)
