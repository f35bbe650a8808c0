"""The careful reading, for files in which something is wrong: which lines, and why.

It is taken only where the first reading stumbled. A CSV file is walked record by record, because
only that tells the line of the file on which a record begins and gives its text back as it was.
"""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from duckdb import (
    ColumnExpression,
    ConstantExpression,
    DuckDBPyConnection,
    DuckDBPyRelation,
    Expression,
    FunctionExpression,
    SQLExpression,
)

from apportion.amounts.currencies import CODES as CURRENCIES
from apportion.findings import Finding, Place
from apportion.ingest.cells import any_of, text_of
from apportion.ingest.connection import open_numbered_rows
from apportion.ingest.first_reading import Layout, raw_cells
from apportion.ingest.inspected import Column, RefusedError, SafeFile, Shape
from apportion.ingest.words import count_of
from apportion.model.values import show

MOST_SHOWN = 50
"""Findings about lines that are printed; the others are counted."""

_BATCH = 50_000
_SHOWN = 200
_UNREADABLE = re.compile("[\udc80-\udcff]")
_TOO_LONG = "field larger than field limit"
_QUOTES = {
    "unexpected end of data": "a double quote is opened and never closed",
    "',' expected after '\"'": "text follows the double quote that closes a cell",
}


@dataclass(slots=True)
class _Text:
    """The lines of a file, remembering those of the record that is being read."""

    path: Path
    longest: int
    number: int = 0
    held: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[str]:
        """Give the lines. Bytes that are not UTF-8 become lone surrogates."""
        with self.path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            while line := file.readline(self.longest + 1):
                if len(line) > self.longest:
                    raise RefusedError(
                        "unsafe_file",
                        f"The line is longer than {self.longest:,} characters.",
                        "Check that the file is a CSV file with line breaks.",
                        self.number + 1,
                    )
                self.number += 1
                self.held.append(line)
                yield line

    def take(self) -> str:
        """The text of the record just read."""
        record = "".join(self.held)
        self.held.clear()
        return record


def walk(
    path: Path, columns: Sequence[Column], wanted: Sequence[Column], out: Path, longest: int
) -> None:
    """Write the records of a CSV file to a Parquet file.

    Its columns are ``line`` (on which the record begins), ``record`` (the text as it was),
    ``problem`` (null where the record has the right shape) and those wanted under their ids.

    Raises ``RefusedError`` where a line is too long to be one.
    """
    schema = pa.schema(
        [("line", pa.int64()), ("record", pa.string()), ("problem", pa.string())]
        + [(column.id, pa.string()) for column in wanted]
    )
    with pq.ParquetWriter(out, schema, compression="zstd") as writer:
        places = [column.position for column in wanted]
        for batch in _batches(path, len(columns), places, longest):
            writer.write_table(pa.table(batch, schema))


def first_line(
    connection: DuckDBPyConnection, file: SafeFile, column: Column, value: str, longest: int
) -> int:
    """The first line of a file with that text in a column."""
    if file.shape is Shape.CSV:
        records = _records(file.path, len(file.columns), longest)
        place = column.position
        return next((line for line, _, _, cells in records if cells and cells[place] == value), 0)
    rows = open_numbered_rows(connection, file, [column])
    found = rows.filter(text_of(column) == ConstantExpression(value)).aggregate("min(line)")
    return int(found.fetchall()[0][0] or 0)


def _batches(
    path: Path, width: int, places: Sequence[int], longest: int
) -> Iterator[list[list[object]]]:
    """Columns of the next records. Row by row, because nothing else knows the lines."""
    batch: list[list[object]] = [[] for _ in range(3 + len(places))]
    for line, record, problem, cells in _records(path, width, longest):
        values = [line, record, problem, *(cells[place] if cells else None for place in places)]
        for column, value in zip(batch, values, strict=True):
            column.append(value)
        if len(batch[0]) == _BATCH:
            yield batch
            batch = [[] for _ in batch]
    if batch[0]:
        yield batch


_Record = tuple[int, str, str | None, list[str] | None]


def _records(path: Path, width: int, longest: int) -> Iterator[_Record]:
    before = csv.field_size_limit(longest)
    try:
        yield from _read_records(path, width, longest)
    finally:
        csv.field_size_limit(before)


def _read_records(path: Path, width: int, longest: int) -> Iterator[_Record]:
    text = _Text(path, longest)
    reader = csv.reader(iter(text), strict=True)
    header = True
    while True:
        line = text.number + 1
        cells: list[str] | None = None
        problem = None
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problem = _QUOTES.get(str(error), str(error))
            if problem.startswith(_TOO_LONG):
                # Where the cell ends is not known, so neither is what any later line is.
                raise RefusedError(
                    "unsafe_file",
                    f"A cell is longer than {longest:,} characters.",
                    "Check that its quotes are closed.",
                    line,
                ) from None
        record = text.take()
        if header or cells == []:
            header = False
            continue
        if cells is not None and len(cells) != width:
            problem = f"expected {width} cells, found {len(cells)}"
        if _UNREADABLE.search(record) or "\0" in record:
            problem = "it holds bytes that are not UTF-8 text"
            record = record.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        yield line, record.rstrip("\r\n"), problem, None if problem else cells


@dataclass(frozen=True, slots=True)
class CarefulLines:
    """The lines of a file with their numbers.

    ``good`` has the file's columns by id, ``path`` is what it is read from. ``bad`` is a table of
    the wrong lines: ``line``, ``record``, ``problem``, ``value_<id>`` for each column that
    is read and ``check_<n>`` for each of the layout's checks.
    """

    good: DuckDBPyRelation
    bad: pa.Table
    path: Path
    columns: tuple[str, ...]


def read_carefully(
    connection: DuckDBPyConnection, layout: Layout, folder: Path, index: int, longest: int
) -> CarefulLines:
    """Tell good lines from bad ones. Raises ``RefusedError``, ``duckdb.Error``."""
    file = layout.file
    wanted = layout.read
    path, columns = file.path, tuple(column.id for column in file.columns)
    if file.shape is Shape.CSV:
        path = folder / f"careful_{index}"
        columns = ("line", "record", "problem", *(column.id for column in file.columns))
        walk(file.path, file.columns, file.columns, path, longest)
        lines = connection.read_parquet(str(path))
    else:
        lines = _numbered(connection, layout)
    own = ("line", "record", "problem")
    flagged = raw_cells(lines, layout, (*own, *(column.id for column in wanted)))
    checks = [
        any_of([check.bad]).alias(f"check_{place}") for place, check in enumerate(layout.checks)
    ]
    cells = [_shown(column).alias(f"value_{column.id}") for column in wanted]
    wrong = any_of(ColumnExpression(f"check_{place}") for place in range(len(checks)))
    bad = (
        flagged.select(*[ColumnExpression(name) for name in own], *cells, *checks)
        .filter(ColumnExpression("problem").isnotnull() | wrong)
        .order("line")
        .to_arrow_table()
    )
    connection.register(f"bad_{index}", bad.select(["line"]))
    good = lines.filter(SQLExpression(f"line not in (from bad_{index})"))
    return CarefulLines(good, bad, path, columns)


def _shown(column: Column) -> Expression:
    return FunctionExpression(
        "left", ColumnExpression(column.id).cast("varchar"), ConstantExpression(_SHOWN)
    )


def _numbered(connection: DuckDBPyConnection, layout: Layout) -> DuckDBPyRelation:
    """The rows of a Parquet file, numbered from 1, each with its content as JSON."""
    file = layout.file
    lines = open_numbered_rows(connection, file, layout.read)
    named = [
        part
        for column in file.columns
        for part in (ConstantExpression(column.name), ColumnExpression(column.id))
    ]
    record = FunctionExpression("json_object", *named).cast("varchar")
    nothing = ConstantExpression(None).cast("varchar")
    return lines.select("*", record.alias("record"), nothing.alias("problem"))


def line_findings(layout: Layout, bad: pa.Table) -> tuple[list[Finding], int]:
    """Say what is wrong with the first lines, and of how many more nothing is said.

    Lines without data, which spreadsheets and joined files have, are one finding of each kind.
    """
    told: list[Finding] = []
    rest = bad
    for kind in _NO_DATA:
        such = kind.lines(layout, rest)
        told += kind.findings(layout, rest.filter(such))
        rest = rest.filter(pc.invert(such))
    findings = [*told, *_findings(layout, rest)]
    ordered = sorted(findings, key=lambda finding: finding.where)
    return ordered[:MOST_SHOWN], max(rest.num_rows - MOST_SHOWN, 0)


@dataclass(frozen=True, slots=True)
class _NoData:
    """A kind of line that holds no data: how it is told, and what is said of all of them."""

    pattern: Callable[[Layout], str]
    one: str
    many: str
    reason: str
    remedy: str

    def lines(self, layout: Layout, bad: pa.Table) -> pa.ChunkedArray:
        """Which lines are of this kind."""
        if layout.file.shape is not Shape.CSV:
            return pa.chunked_array([pa.repeat(pa.scalar(False), bad.num_rows)])  # noqa: FBT003
        return pc.match_substring_regex(bad["record"], self.pattern(layout))

    def findings(self, layout: Layout, lines: pa.Table) -> list[Finding]:
        """One finding for all lines of this kind, at the first of them."""
        if not lines.num_rows:
            return []
        count = lines.num_rows
        said = f"{count_of(count, 'line')} {self.many}, the first of them here"
        where = Place(layout.file.name, lines["line"][0].as_py())
        message = f"{said if count > 1 else f'The line {self.one}'}."
        return [Finding("invalid_value", message, where, self.remedy)]


def _as_header(layout: Layout) -> str:
    """The pattern of a line that holds the names of the columns once more."""
    names = [f'"?{re.escape(column.name)}"?' for column in layout.file.columns]
    return "^\ufeff?" + ",".join(names) + "$"


_DECIMAL = "[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?"
_TOTAL = r'[,\s"]*(grand[ _-]?|sub[ _-]?)?totals?\s*:?\s*(["(,].*|$)'


def _as_totals(layout: Layout) -> str:
    """The pattern of a line that begins with the word, or has numbers and no more than money."""
    nulls = layout.file.columns[0].nulls
    words = "|".join([_DECIMAL, *sorted(CURRENCIES), *(re.escape(word) for word in nulls if word)])
    cell = f'\\s*"?\\s*({words})?\\s*"?\\s*'
    return f"(?is)^({_TOTAL}|{cell}(,{cell})+)$"


_NO_DATA = (
    _NoData(
        lambda _: '^[,\\s"]*$',
        "holds nothing but commas and blanks",
        "hold nothing but commas and blanks",
        "it holds nothing but commas and blanks",
        "Remove such lines, which spreadsheets add at the end, or take the others with "
        "--reject-file.",
    ),
    _NoData(
        _as_header,
        "repeats the header",
        "repeat the header",
        "it repeats the header",
        "Remove such lines, which files have that were joined, or take the others with "
        "--reject-file.",
    ),
    _NoData(
        _as_totals,
        "is one of totals: it holds numbers and nothing that says whose they are",
        "are totals: they hold numbers and nothing that says whose they are",
        "it is a line of totals",
        "Remove such lines, which would count everything once more, or take the others with "
        "--reject-file.",
    ),
)


def _findings(layout: Layout, bad: pa.Table) -> list[Finding]:
    findings: list[Finding] = []
    for row in bad.slice(0, MOST_SHOWN).to_pylist():
        if row["problem"] is not None:
            message = f"The line cannot be read: {row['problem']}."
            where = Place(layout.file.name, row["line"])
            remedy = "Mend the line, or take the others with --reject-file."
            findings.append(Finding("invalid_value", message, where, remedy))
            continue
        failed = [check for place, check in enumerate(layout.checks) if row[f"check_{place}"]]
        for check in failed:
            value = row[f"value_{check.column.id}"] or ""
            expected, remedy = check.expected, check.remedy
            if check.explain:
                expected, remedy = check.explain(value)
            where = Place(layout.file.name, row["line"], check.column.position + 1)
            message = f"{check.column.name} is {show(value)}; {expected}."
            if layout.unit:
                where = Place(layout.file.name)
                message = f"{layout.unit} {row['line']}: {message}"
            findings.append(Finding(check.code, message, where, remedy))
    return findings


def reasons(layout: Layout, bad: pa.Table) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """For each bad line the code and the reason of what is wrong first."""
    reason = bad["problem"]
    for kind in reversed(_NO_DATA):
        reason = pc.if_else(kind.lines(layout, bad), kind.reason, reason)
    code = pc.if_else(pc.is_valid(reason), "invalid_value", pa.scalar(None, pa.string()))
    for place, check in enumerate(layout.checks):
        fails = pc.and_(bad[f"check_{place}"], pc.is_null(code))
        code = pc.if_else(fails, check.code, code)
        reason = pc.if_else(fails, f"{check.column.name}: {check.expected}", reason)
    return code, reason
