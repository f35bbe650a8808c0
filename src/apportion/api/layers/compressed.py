"""Bodies made smaller for clients that can read them so."""

import zlib
from dataclasses import dataclass
from typing import Protocol

import zstandard

_WORTH_IT = 600
"""Bytes below which compressing gains nothing."""

_PACKED = (b"application/vnd.apache.parquet", b"text/event-stream", b"image/")
"""Media types that are compressed already, or have to go out at once."""

_GZIP = 16 + zlib.MAX_WBITS
_LEVEL = 6


class _Stream(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Compressor:
    """A body on its way. ``name`` is how HTTP calls the encoding."""

    name: bytes
    stream: _Stream

    def add(self, data: bytes) -> bytes:
        """What can be sent after this part."""
        return self.stream.compress(data)

    def end(self) -> bytes:
        """The last of it."""
        return self.stream.flush()


def encoding_wanted(accepted: str) -> str:
    """The best encoding that a client says it reads: zstd, gzip, or none.

    >>> encoding_wanted("gzip, deflate, br, zstd"), encoding_wanted("gzip;q=0.5")
    ('zstd', 'gzip')
    """
    offered = set()
    for part in accepted.lower().split(","):
        name, _, parameters = part.strip().partition(";")
        if parameters.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            offered.add(name.strip())
    return next((name for name in ("zstd", "gzip") if name in offered), "")


def compressor_for(
    encoding: str, headers: list[tuple[bytes, bytes]], size: int
) -> Compressor | None:
    """What makes a body of this kind and size smaller, where that is worth it."""
    given = dict(headers)
    kind = given.get(b"content-type", b"")
    if not encoding or size < _WORTH_IT or kind.startswith(_PACKED) or b"content-encoding" in given:
        return None
    stream: _Stream
    if encoding == "zstd":
        stream = zstandard.ZstdCompressor(level=3).compressobj()
    else:
        stream = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    return Compressor(encoding.encode(), stream)
