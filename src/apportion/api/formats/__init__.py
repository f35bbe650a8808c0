"""The formats of a table, one file each, by the names under which clients accept them."""

from collections.abc import Mapping
from types import MappingProxyType

from apportion.api.formats import arrow, comma_separated, json_text, parquet
from apportion.api.formats.format import Format

FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "json": json_text.FORMAT,
        "csv": comma_separated.FORMAT,
        "arrow": arrow.FORMAT,
        "parquet": parquet.FORMAT,
    }
)
"""By their short names; the first is what a client gets that does not say."""
