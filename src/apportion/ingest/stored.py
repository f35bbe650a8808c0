"""What the types of a Parquet file can hold, and how a cell of them is read.

Some types the query engine reads only in part: moments in nanoseconds with a zone, texts that are
stored as bytes, decimals of more than 38 digits. Each is turned here, once, into one that every
expression can work with; nothing after it knows how a cell was stored.
"""

from pathlib import Path
from typing import Any

import pyarrow as pa

from apportion.ingest.inspected import Column, Holds

_WIDEST = 38
"""Digits of a decimal that the query engine keeps."""

_IN_NANOSECONDS = "make_timestamp((epoch_ns({}) - ((epoch_ns({}) % 1000) + 1000) % 1000) // 1000)"
"""The microsecond in which a moment lies. A moment is cut, also before 1970, and not rounded."""

_KEYS = ("key", "name")


def column_of(name: str, position: int, kind: Any, nulls: tuple[str, ...]) -> Column:
    """A column of that type."""
    return Column(name, position, _holds(kind), nulls, _plain(kind))


def needs_copy(kind: Any) -> bool:
    """Whether the query engine loses digits of the type, so that a copy is made of the column."""
    return bool(pa.types.is_decimal256(kind)) and kind.precision > _WIDEST


def write_copy(path: Path, out: Path) -> None:
    """Write the file anew with texts in place of the decimals that the query engine cannot read.

    Raises ``pa.ArrowException``, ``OSError``.
    """
    import pyarrow.compute as pc  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    def plain(column: Any) -> Any:
        if not needs_copy(column.type):
            return column
        texts = column.cast(pa.string())
        return pc.replace_substring_regex(texts, r"(\.[0-9]*[1-9])0+$|\.0+$", r"\1")

    with pq.ParquetFile(path) as file:
        old = file.schema_arrow
        fields = [each.with_type(pa.string()) if needs_copy(each.type) else each for each in old]
        schema = pa.schema(fields)
        with pq.ParquetWriter(out, schema, compression="zstd") as writer:
            for batch in file.iter_batches():
                writer.write_batch(
                    pa.record_batch([plain(column) for column in batch.columns], schema)
                )


def _holds(kind: Any) -> Holds:
    is_a = pa.types
    if is_a.is_dictionary(kind):
        return _holds(kind.value_type)
    if is_a.is_decimal256(kind):
        return Holds.TEXT if needs_copy(kind) else Holds.NUMBER
    # Not floats of 16 bits, of which the query engine loses digits. A column without a type holds
    # nothing at all, which is no wrong number.
    numbers = (is_a.is_integer, is_a.is_decimal128, is_a.is_decimal64, is_a.is_decimal32)
    tests = (
        (Holds.TEXT, (is_a.is_string, is_a.is_large_string, is_a.is_string_view, is_binary)),
        (Holds.NUMBER, (*numbers, is_a.is_null)),
        (Holds.DOUBLE, (is_a.is_float64,)),
        (Holds.FLOAT, (is_a.is_float32,)),
        (Holds.FLAG, (is_a.is_boolean,)),
        (Holds.MOMENT, (is_a.is_timestamp,)),
        (Holds.DAY, (is_a.is_date,)),
        (Holds.PAIRS, (is_a.is_map, lambda each: bool(_key_and_value(each)))),
        (Holds.STRUCT, (is_a.is_struct,)),
    )
    return next((holds for holds, those in tests if any(test(kind) for test in those)), Holds.OTHER)


def _plain(kind: Any) -> str:
    """How queries read a cell of the type, where the type itself will not do."""
    is_a = pa.types
    if is_a.is_dictionary(kind):
        return _plain(kind.value_type)
    if is_a.is_timestamp(kind) and kind.unit == "ns":
        return _IN_NANOSECONDS
    if is_binary(kind):
        return "decode({})"
    if is_a.is_map(kind):
        return _entries("map_entries({})", "key", kind.key_type, "value", kind.item_type)
    names = _key_and_value(kind)
    if names:
        key, value = (kind.value_type.field(name) for name in names)
        return _entries("{}", key.name, key.type, value.name, value.type)
    return ""


def _entries(listed: str, key: str, key_type: Any, value: str, value_type: Any) -> str:
    """A list of pairs of texts, whatever else stands beside key and value."""
    parts = (
        as_text(f"struct_extract(e, '{name}')", _holds(kind), _plain(kind))
        for name, kind in ((key, key_type), (value, value_type))
    )
    key_text, value_text = parts
    return (
        f"list_transform({listed}, lambda e: struct_pack(key := {key_text}, value := {value_text}))"
    )


def as_text(cell: str, holds: Holds, plain: str = "") -> str:
    """The text of a cell as people write it: a whole number has no point behind it.

    Ids that a program took for numbers stay readable so: 100200300400 and not 100200300400.0.
    """
    held = plain.replace("{}", cell) if plain else cell
    text = f"cast({held} as varchar)"
    if holds is Holds.TEXT:
        return held
    if holds is Holds.NUMBER:
        short = f"regexp_replace({text}, '[.]0*$|([.][0-9]*[1-9])0+$', '\\1')"
        return f"case when contains({text}, '.') then {short} else {text} end"
    if holds in (Holds.DOUBLE, Holds.FLOAT):
        whole = f"{held} = trunc({held}) and abs({held}) < 1e15"
        return f"case when {whole} then cast(cast({held} as bigint) as varchar) else {text} end"
    return text


def is_binary(kind: Any) -> bool:
    """Whether cells of the type are bytes."""
    is_a = pa.types
    return bool(
        is_a.is_binary(kind)
        or is_a.is_large_binary(kind)
        or is_a.is_fixed_size_binary(kind)
        or is_a.is_binary_view(kind)
    )


def _key_and_value(kind: Any) -> tuple[str, str] | None:
    """The names of key and value in the type of a list of records, if it is one of pairs."""
    is_a = pa.types
    listed = (is_a.is_list, is_a.is_large_list, is_a.is_list_view, is_a.is_large_list_view)
    if not any(test(kind) for test in listed) or not is_a.is_struct(kind.value_type):
        return None
    parts = kind.value_type
    names = {parts.field(place).name.casefold(): place for place in range(parts.num_fields)}
    key = next((names[word] for word in _KEYS if word in names), None)
    value = names.get("value")
    if key is None or value is None:
        return None
    return parts.field(key).name, parts.field(value).name
