"""Arrow's stream: the columns as they are computed, amounts as exact decimals."""

from collections.abc import Iterator

import pyarrow as pa

from apportion.api.formats.format import Answer, Format

_AT_ONCE = 100_000


def write(answer: Answer) -> Iterator[bytes]:
    """The schema and the rows, batch by batch."""
    parts = answer.flat()
    sink = _Passing()
    with pa.ipc.new_stream(sink, next(parts).schema) as stream:
        for table in parts:
            for batch in table.to_batches(max_chunksize=_AT_ONCE):
                stream.write_batch(batch)
                yield sink.taken()
    yield sink.taken()


class _Passing:
    """A file that hands on what was written to it, so that a stream is never held whole."""

    closed = False

    def __init__(self) -> None:
        """Hold nothing."""
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Keep what is written until it is taken."""
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        """What was written since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing is to be closed."""


FORMAT = Format("application/vnd.apache.arrow.stream", write)
