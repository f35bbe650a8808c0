"""The second reading: the total of a file once more, by another library and another way.

Nothing here is shared with the first reading but the rule for what a number is. What both find
must be equal to the last digit, and so must the number of lines.
"""

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

_BLOCK = 2**24
_SMALL = 2**16
_ROW_GROUPS = 8
_WIDE = pa.decimal256(76, 50)
_NARROW = 38
_SAMPLE = 1_000
_WORTHWHILE = 0.05
# not an amount: a cell as the file stores it, until it is a decimal
_Stored = np.float64
_STEPS = ((12, 1e3), (9, 1e6), (6, 1e9), (3, 1e12), (14, 1e1), (16, 1e-1))


@dataclass(frozen=True, slots=True)
class Reading:
    """What to read again: the columns by position, and how.

    ``key`` is the position of the currency or metric, or ``None`` where every line has the
    default. ``rejected`` are lines to leave out, ascending, by their number. ``line`` is the
    position of a column with the lines' numbers; without one they count from 1. ``codes`` says
    that keys are codes of currencies, which are the same in any capitals, ``trimmed`` that blanks
    around a key mean nothing.
    """

    path: Path
    parquet: bool
    columns: int
    number: int
    key: int | None
    default_key: str
    nulls: tuple[str, ...]
    decimals: int
    rejected: npt.NDArray[np.int64] | None = None
    line: int | None = None
    codes: bool = False
    trimmed: bool = False


@dataclass(slots=True)
class Counted:
    """Lines, and totals by key as integers of 10^-decimals."""

    lines: int
    totals: dict[str, int]


def count(reading: Reading) -> Counted:
    """Read a file again. Raises ``pa.ArrowException`` or ``OSError`` where that is impossible."""
    totals: dict[str, int] = defaultdict(int)
    lines = 0
    for part in _parts(reading):
        lines += part.lines
        for key, units in part.totals.items():
            totals[key] += units
    return Counted(lines, dict(totals))


def _parts(reading: Reading) -> Iterator[Counted]:
    if not reading.parquet:
        yield from (_count(batch, reading, 0) for batch in _csv_batches(reading))
        return
    # Imported here because it takes a tenth of a second that CSV files need not pay.
    import pyarrow.parquet as pq  # noqa: PLC0415

    with pq.ParquetFile(reading.path) as file:
        metadata = file.metadata
        names = file.schema_arrow.names
    chosen = [place for place in (reading.number, reading.key, reading.line) if place is not None]
    wanted = [names[place] for place in chosen]
    texts = [names[reading.key]] if reading.key is not None else []
    starts = np.cumsum(
        [0, *(metadata.row_group(i).num_rows for i in range(metadata.num_row_groups))]
    )

    def one(first: int) -> Counted:
        last = min(first + _ROW_GROUPS, metadata.num_row_groups)
        with pq.ParquetFile(reading.path, metadata=metadata, read_dictionary=texts) as part:
            table = part.read_row_groups(
                list(range(first, last)), columns=wanted, use_threads=False
            )
        by_place = dict(zip(chosen, (table[name] for name in wanted), strict=True))
        return _count(by_place, reading, int(starts[first]))

    with ThreadPoolExecutor(max_workers=pa.cpu_count()) as pool:
        yield from pool.map(one, range(0, metadata.num_row_groups, _ROW_GROUPS))


def _csv_batches(reading: Reading) -> Iterator[dict[int, Any]]:
    import pyarrow.csv as pacsv  # noqa: PLC0415

    if _is_header_alone(reading.path):
        return
    names = [f"c{place}" for place in range(reading.columns)]
    chosen = sorted({place for place in (reading.number, reading.key) if place is not None})
    reader = pacsv.open_csv(
        reading.path,
        pacsv.ReadOptions(column_names=names, skip_rows=1, block_size=_BLOCK),
        pacsv.ParseOptions(newlines_in_values=True),
        pacsv.ConvertOptions(
            include_columns=[names[place] for place in chosen],
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=False,
        ),
    )
    for batch in reader:
        yield dict(zip(chosen, batch.columns, strict=True))


def _is_header_alone(path: Path) -> bool:
    """Whether nothing follows the first line, which Arrow takes for an error."""
    with path.open("rb") as file:
        file.readline()
        return not file.read(_SMALL).strip()


def _count(columns: dict[int, Any], reading: Reading, start: int) -> Counted:
    number = columns[reading.number]
    keys = columns[reading.key] if reading.key is not None else None
    if reading.rejected is not None:
        lines = (
            columns[reading.line].to_numpy()
            if reading.line is not None
            else np.arange(start + 1, start + 1 + len(number))
        )
        keep = pa.array(~np.isin(lines, reading.rejected))
        number = number.filter(keep)
        keys = keys.filter(keep) if keys is not None else None
    if keys is None:
        return Counted(len(number), {reading.default_key: _total(number, reading)})
    words, codes = _coded(keys, reading)
    present = np.flatnonzero(np.bincount(codes, minlength=len(words)))
    if present.size == 1:
        return Counted(len(number), {words[present[0]]: _total(number, reading)})
    totals = {
        words[code]: _total(number.filter(pa.array(codes == code)), reading) for code in present
    }
    return Counted(len(number), totals)


def _coded(keys: Any, reading: Reading) -> tuple[list[str], npt.NDArray[np.int64]]:
    """The distinct keys, and for each line which it has. Only distinct texts are looked at."""
    coded = (
        keys if pa.types.is_dictionary(keys.type) else pc.dictionary_encode(keys.cast(pa.string()))
    )
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.unify_dictionaries().combine_chunks()
    if isinstance(coded, pa.ChunkedArray):
        coded = pa.array([], coded.type)
    texts = coded.dictionary.cast(pa.string()).to_pylist()
    names = [
        reading.default_key
        if text is None or text.strip(" ").lower() in reading.nulls
        else _key(text, reading)
        for text in texts
    ]
    words = sorted({*names, reading.default_key})
    place = {word: code for code, word in enumerate(words)}
    # A null has the index -1, which picks the last entry.
    codes = np.array([*(place[name] for name in names), place[reading.default_key]])
    return words, codes[coded.indices.fill_null(-1).to_numpy()]


def _key(text: str, reading: Reading) -> str:
    if reading.codes:
        return text.strip(" ").upper()
    return text.strip() if reading.trimmed else text


def _total(number: Any, reading: Reading) -> int:
    kind = number.type
    if pa.types.is_float64(kind):
        doubles = number.drop_null().to_numpy()
        return _of_doubles(doubles, reading.decimals) if doubles.size else 0
    if pa.types.is_integer(kind):
        number = number.cast(pa.decimal128(20, 0))
    elif pa.types.is_floating(kind):
        finite = number.filter(pc.is_finite(number))
        return _of_texts(finite.cast(pa.string()), reading)
    elif not pa.types.is_decimal(kind):
        return _of_texts(number.cast(pa.string()), reading)
    return _of_decimals(number.drop_null(), reading.decimals)


def _of_doubles(values: npt.NDArray[_Stored], decimals: int) -> int:
    """Sum the shortest decimals of doubles, in units of 10^-decimals.

    An integer below 10^15 divided by a power of ten gives back the double only where the two are
    the same number to 15 digits, and then no other decimal as short does. What takes more digits
    is printed.
    """
    total = 0
    for places, bound in _STEPS:
        # A look at some values saves going through all in vain; it never changes the result.
        if places > decimals or _near(values[:_SAMPLE], places, bound)[1].mean() < _WORTHWHILE:
            continue
        near, fits = _near(values, places, bound)
        total += _sum(near[fits].astype(np.int64)) * int(10 ** (decimals - places))
        values = values[~fits]
        if not values.size:
            return total
    return total + _of_printed(pa.array(values).cast(pa.string()), decimals)


def _near(
    values: npt.NDArray[_Stored], places: int, bound: float
) -> tuple[npt.NDArray[_Stored], npt.NDArray[np.bool_]]:
    # not an amount: a power of ten that a double holds exactly
    factor = float(10**places)
    with np.errstate(over="ignore", invalid="ignore"):
        near = np.rint(values * factor)
        return near, (np.abs(values) < bound) & (near / factor == values)


def _sum(values: npt.NDArray[np.int64]) -> int:
    """An exact sum, in two halves so that neither can overflow."""
    return (int((values >> 24).sum()) << 24) + int((values & 0xFFFFFF).sum())


def _of_texts(texts: Any, reading: Reading) -> int:
    plain = pc.ascii_trim_whitespace(texts.drop_null())
    blank = pc.is_in(pc.utf8_lower(plain), value_set=pa.array(reading.nulls, pa.string()))
    return _of_printed(plain.filter(pc.invert(blank)), reading.decimals)


def _of_printed(texts: Any, decimals: int) -> int:
    for kind in (pa.decimal128(_NARROW, decimals), _WIDE):
        try:
            return _of_decimals(texts.cast(kind), decimals)
        except pa.ArrowInvalid:
            continue
    # Digits beyond what Arrow reads, as in 1E-60. Rare, so one by one.
    with localcontext() as context:
        context.prec = 200
        unit = Decimal(1).scaleb(-decimals)
        rounded = (Decimal(text).quantize(unit, ROUND_HALF_UP) for text in texts.to_pylist())
        return int(sum(rounded, Decimal(0)).scaleb(decimals))


def _of_decimals(values: Any, decimals: int) -> int:
    if not len(values):
        return 0
    if values.type.scale > decimals:
        values = pc.round(values, ndigits=decimals, round_mode="half_towards_infinity")
    elif pa.types.is_decimal128(values.type):
        return _sum_of_words(values) * int(10 ** (decimals - values.type.scale))
    total = pc.sum(values.cast(pa.decimal256(76, values.type.scale))).as_py()
    with localcontext() as context:
        context.prec = 100
        return int(total.scaleb(decimals))


def _sum_of_words(values: Any) -> int:
    """Sum decimals of 128 bits as their two words, which cannot overflow as Arrow's sum may."""
    total = 0
    for chunk in values.chunks if isinstance(values, pa.ChunkedArray) else [values]:
        words = np.frombuffer(chunk.buffers()[1], dtype="<i8")
        words = words[2 * chunk.offset : 2 * (chunk.offset + len(chunk))]
        low = words[0::2].view("<u8")
        lower = (int((low >> np.uint64(32)).sum()) << 32) + int((low & np.uint64(0xFFFFFFFF)).sum())
        total += (_sum(words[1::2]) << 64) + lower
    return total
