"""Model lists as CSV or Parquet: a column for each key, a row for each record.

An empty cell is an absent key. ``parameters``, ``overrides`` and ``labels`` hold JSON; a single
parameter or label may have a column of its own (``parameters.metric``, ``label.team``). ``part_of``
holds one id, or a JSON list of them. Findings give the line in a CSV file and the number of the
row in a Parquet file.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from apportion.findings import Finding, Place
from apportion.model.fields import Shape
from apportion.model.raw import UNREAD, RawRow
from apportion.model.spelling import did_you_mean, one_of
from apportion.model.values import show

MAXIMUM_BYTES = 512 * 2**20
MAXIMUM_UNPACKED = 2 * 2**30
MAXIMUM_ROWS = 5_000_000

_JSON = frozenset({"parameters", "overrides", "labels"})
_MAYBE_JSON = frozenset({"part_of", "former_ids"})
_NESTED = {"parameters": "parameters", "label": "labels", "labels": "labels"}

Records = list[Mapping[str, Any]]
_Column = tuple[str, str, bool | None]
"""Key, key inside it, and whether cells are JSON (``None``: where they look like it)."""


def read_csv(file: str, data: bytes, shape: Shape, findings: list[Finding]) -> tuple[Records, bool]:
    """Read a CSV file with commas and a header.

    Gives the records and whether they are all of them; ``findings`` says what is wrong.
    """
    try:
        text = data.decode("utf-8-sig")
        lines = csv.reader(io.StringIO(text, newline=""), strict=True)
        header = next(lines, [])
    except UnicodeDecodeError as error:
        message = f"The byte {error.start} of the file is not UTF-8."
        return _refused(findings, Place(file), message, "Save it as CSV UTF-8.")
    except csv.Error as error:
        return _refused(findings, Place(file, 1), f"Not CSV: {error}.")
    if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
        message = "The columns are not separated by commas."
        return _refused(findings, Place(file, 1), message, "Save it with commas.")
    table = _Table(file, header, shape, findings)
    try:
        for cells in lines:
            if cells:
                table.add(lines.line_num, cells)
    except csv.Error as error:
        return _refused(findings, Place(file, lines.line_num), f"Not CSV: {error}.")
    return table.records, table.complete


def read_parquet(
    file: str, data: bytes, shape: Shape, findings: list[Finding]
) -> tuple[Records, bool]:
    """Read a Parquet file.

    Gives the records and whether they are all of them; ``findings`` says what is wrong.
    """
    # Arrow takes longer to import than most models take to read.
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        parquet = pq.ParquetFile(pa.BufferReader(data))
        about = parquet.metadata
        groups = [about.row_group(number) for number in range(about.num_row_groups)]
        unpacked = sum(group.total_byte_size for group in groups)
        if about.num_rows > MAXIMUM_ROWS or unpacked > MAXIMUM_UNPACKED:
            message = f"The file unpacks to more than {MAXIMUM_ROWS:,} rows or 2 GB."
            return _refused(findings, Place(file), message, "Split the file.", "unsafe_file")
        read = parquet.read()
    except (pa.ArrowException, OSError, KeyError, ValueError):
        message = "The Parquet file cannot be read: it is cut off, damaged, or none."
        return _refused(findings, Place(file), message, "Write it again, or as CSV.")
    columns = []
    for name, column in zip(read.column_names, read.columns, strict=True):
        try:
            columns.append(_cells(column))
        except (pa.ArrowException, ValueError):
            message = f"The column {show(name)} holds bytes that are no text, or a key twice."
            return _refused(findings, Place(file), message, "Write its values as text.")
    table = _Table(file, read.column_names, shape, findings)
    for number, cells in enumerate(zip(*columns, strict=True), start=1):
        table.add(number, cells)
    return table.records, table.complete


def _cells(column: Any) -> list[Any]:
    """The values of a column as plain Python ones. Raises ``pa.ArrowException``, ``ValueError``.

    Python's moments have no nanoseconds, bytes are texts that a program did not call so, and maps
    may be lists of records with a key and a value.
    """
    import pyarrow as pa  # noqa: PLC0415

    kind = column.type
    is_a = pa.types
    if is_a.is_timestamp(kind) and kind.unit == "ns":
        column = column.cast(pa.timestamp("us", kind.tz), safe=False)
    elif is_a.is_binary(kind) or is_a.is_large_binary(kind) or is_a.is_fixed_size_binary(kind):
        column = column.cast(pa.string())
    if is_a.is_map(kind):
        return [None if cell is None else _once(cell) for cell in column.to_pylist()]
    cells: list[Any] = column.to_pylist()
    if (is_a.is_list(kind) or is_a.is_large_list(kind)) and is_a.is_struct(kind.value_type):
        names = {kind.value_type.field(place).name for place in range(kind.value_type.num_fields)}
        if {"key", "value"} <= names:
            return [
                None if cell is None else _once((each["key"], each["value"]) for each in cell)
                for cell in cells
            ]
    return cells


def _once(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, Any]:
    """Pairs as a mapping; a key may be told again, but not otherwise."""
    held: dict[Any, Any] = {}
    for key, value in pairs:
        if held.setdefault(key, value) != value:
            raise ValueError("a key is given twice")
    return held


def _refused(
    findings: list[Finding],
    where: Place,
    message: str,
    remedy: str = "",
    code: str = "unreadable_file",
) -> tuple[Records, bool]:
    findings.append(Finding(code, message, where, remedy))
    return [], False


class _Table:
    """Turns rows of cells into records, column by column as the header says."""

    def __init__(
        self, file: str, header: Sequence[str], shape: Shape, findings: list[Finding]
    ) -> None:
        self.file = file
        self.findings = findings
        self.columns = [self._column(name, shape) for name in header]
        self.decoded: dict[str, Any] = {}
        self.records: Records = []
        before = len(findings)
        for name in sorted({name for name in header if header.count(name) > 1}):
            self._note("duplicate_key", f"The column {show(name)} is there twice.", "")
        for key, example in shape.required.items():
            if key not in header:
                remedy = f"Add it, with values such as {example}."
                self._note("missing_key", f"The column {show(key)} is missing.", remedy)
        self.usable = self.complete = len(findings) == before

    def _column(self, name: str, shape: Shape) -> _Column | None:
        prefix, _, inside = name.partition(".")
        if name in shape.keys:
            return name, "", True if name in _JSON else None if name in _MAYBE_JSON else False
        if inside and _NESTED.get(prefix) in shape.keys:
            return _NESTED[prefix], inside, None if prefix == "parameters" else False
        meant = shape.synonyms.get(name, "")
        guess = f"Did you mean {meant!r}?" if meant else did_you_mean(name, shape.keys)
        remedy = guess or f"Columns are {one_of(sorted(shape.keys))}."
        self._note("unknown_key", f"The column {show(name)} means nothing here.", remedy)
        return None

    def add(self, line: int, cells: Sequence[Any]) -> None:
        """Take a row as a record."""
        if not self.usable:
            return
        row = RawRow(self.file, line, {})
        if len(cells) != len(self.columns):
            message = f"The row has {len(cells)} cells; the header has {len(self.columns)}."
            remedy = "Put quotes around cells that hold commas."
            self.findings.append(Finding("invalid_value", message, row.place(), remedy))
            self.complete = False
            return
        for column, cell in zip(self.columns, cells, strict=True):
            if column is not None and cell is not None and cell != "":
                self._set(row, column, cell)
        self.records.append(row)

    def _set(self, row: RawRow, column: _Column, cell: Any) -> None:
        key, inside, is_json = column
        if isinstance(cell, str) and is_json is not False:
            cell = self._decode(cell, key, row, must=bool(is_json))
        if row.get(key) is UNREAD:
            return
        if inside:
            row.setdefault(key, {})
            _put(row, key, inside.split(".") if key == "parameters" else [inside], cell)
        elif key in row:
            row[key] = {**cell, **row[key]} if isinstance(cell, Mapping) else cell
        else:
            row[key] = cell

    def _decode(self, cell: str, key: str, row: RawRow, *, must: bool) -> Any:
        if not must and cell[0] not in "[{":
            return cell
        if cell not in self.decoded:
            try:
                self.decoded[cell] = json.loads(
                    cell,
                    parse_float=Decimal,
                    parse_constant=_no_constant,
                    object_pairs_hook=_no_duplicates,
                )
            except (ValueError, ArithmeticError, RecursionError) as error:
                if not must:
                    return cell
                why = getattr(error, "msg", str(error))
                message = f"{show(key)} holds {show(cell)}, which is not JSON: {why}."
                remedy = 'Write, for example, {"metric": "cpu_hours"}.'
                self.findings.append(Finding("wrong_type", message, row.place(), remedy))
                return UNREAD
        return self.decoded[cell]

    def _note(self, code: str, message: str, remedy: str) -> None:
        self.findings.append(Finding(code, message, Place(self.file, 1), remedy))


def _put(row: RawRow, key: str, path: list[str], cell: Any) -> None:
    """Set a value inside nested mappings, without touching those that rows share."""
    inside = row[key] = dict(row[key])
    for step in path[:-1]:
        known = inside.get(step)
        inside[step] = dict(known) if isinstance(known, Mapping) else {}
        inside = inside[step]
    inside[path[-1]] = cell


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is given twice")
    return found
