"""Taking lines or refusing them, and the proof that what was taken is what the file holds.

A file with a bad line is refused whole. With a reject file its good lines are taken and the bad
ones are written there. Either way a second, independent reading must find the same number of
lines and the same total of every currency, to the last digit.
"""

import csv
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from apportion.amounts import decimal_text
from apportion.findings import Finding, IngestError, Place, Severity, UsageError
from apportion.ingest import second_reading
from apportion.ingest.careful import (
    MOST_SHOWN,
    CarefulLines,
    line_findings,
    read_carefully,
    reasons,
)
from apportion.ingest.connection import open_lines
from apportion.ingest.decimals import shown
from apportion.ingest.first_reading import Layout, groups, values
from apportion.ingest.incoming import Context, FileReport
from apportion.ingest.inspected import RefusedError, Shape
from apportion.ingest.noted import Noted, noted, notes
from apportion.ingest.unreadable import unreadable
from apportion.ingest.words import count_of

_OURS = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)
"""Errors in our queries, which no file can cause and none may hide."""

REJECTED_COLUMNS = ("file", "line", "reason", "record")


@dataclass(frozen=True, slots=True)
class Accepted:
    """The accepted lines of all files, in groups.

    ``groups`` has the layouts' aliases, ``file`` (the index of the file), ``amount``, ``lines``
    and ``blanks``. ``rejected`` is a table of ``file``, ``line``, ``reason``, ``record``.
    ``notes`` say what was read otherwise than it stands. ``careful`` has the lines of each file
    that was read carefully.
    """

    connection: duckdb.DuckDBPyConnection
    groups: duckdb.DuckDBPyRelation
    files: tuple[FileReport, ...]
    rejected: pa.Table
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    careful: tuple[CarefulLines | None, ...]


@dataclass(slots=True)
class _Taken:
    """One file: its table of groups, its numbers, and what is wrong with it."""

    table: str
    report: FileReport
    rejected: pa.Table
    findings: list[Finding]
    more: int = 0
    careful: CarefulLines | None = None


def accept(
    connection: duckdb.DuckDBPyConnection,
    layouts: Sequence[Layout],
    context: Context,
    folder: Path,
) -> Accepted:
    """Read, judge and prove files.

    Raises ``IngestError`` with what is wrong with every file: ``invalid_value``,
    ``unknown_currency``, ``unknown_node``, ``amount_overflow``, ``unsafe_file``,
    ``unreadable_file``, ``check_saw_no_rows``, ``total_mismatch``.
    """
    found: dict[int, Noted] = {}
    taken = [
        _take(connection, layout, context, folder, index, found)
        for index, layout in enumerate(layouts)
    ]
    findings = [finding for each in taken for finding in each.findings]
    if findings:
        raise IngestError(_cut(findings, sum(each.more for each in taken)))
    rejected = pa.concat_tables([each.rejected for each in taken])
    if context.reject_file is not None:
        write_rejected(rejected, context.reject_file)
    if not any(each.report.accepted for each in taken):
        raise IngestError(
            [_nothing(each.report, layout) for each, layout in zip(taken, layouts, strict=True)]
        )
    relation = connection.table(taken[0].table)
    for each in taken[1:]:
        relation = relation.union(connection.table(each.table))
    reports = tuple(each.report for each in taken)
    told = notes(found.values())
    careful = tuple(each.careful for each in taken)
    return Accepted(connection, relation, reports, rejected, _warnings(taken), told, careful)


def _take(
    connection: duckdb.DuckDBPyConnection,
    layout: Layout,
    context: Context,
    folder: Path,
    index: int,
    found: dict[int, Noted],
) -> _Taken:
    name = layout.file.name
    try:
        if not _read(connection, layout, context, index, found):
            taken = _proved(connection, layout, index, None)
            # A reader that skipped a line did not stumble over it, so the proof sends it back.
            if not taken.findings or layout.file.shape is Shape.PARQUET:
                return taken
        careful = read_carefully(connection, layout, folder, index, context.limits.line)
        if careful.bad.num_rows and context.reject_file is None:
            return _refused(name, *line_findings(layout, careful.bad))
        _keep(connection, careful.good, layout, index, found)
        return _proved(connection, layout, index, careful)
    except RefusedError as refused:
        return _refused(name, [refused.finding(name)])
    except _OURS:
        raise
    except duckdb.Error as error:
        return _refused(name, [unreadable(connection, layout, error)])


def _table(index: int) -> str:
    return f"file_{index}"


def _refused(name: str, findings: list[Finding], more: int = 0) -> _Taken:
    return _Taken("", FileReport(name, 0, 0, 0, {}, {}), _nothing_rejected(), findings, more)


def _proved(
    connection: duckdb.DuckDBPyConnection, layout: Layout, index: int, careful: CarefulLines | None
) -> _Taken:
    report = _report(connection, layout, _table(index), careful)
    findings = _prove(layout, report, careful)
    return _Taken(_table(index), report, _rejected(layout, careful), findings, careful=careful)


def _read(
    connection: duckdb.DuckDBPyConnection,
    layout: Layout,
    context: Context,
    index: int,
    found: dict[int, Noted],
) -> bool:
    """Try the quick way. Says whether something is wrong, which the careful way then finds."""
    lines = open_lines(connection, layout.file, context.limits.line)
    try:
        _keep(connection, lines, layout, index, found)
    except (duckdb.OutOfRangeException, *_OURS):
        raise
    except duckdb.Error:
        if layout.file.shape is Shape.PARQUET:
            raise
        return True
    bad = connection.table(_table(index)).aggregate("coalesce(sum(bad), 0)").fetchall()
    return bool(bad[0][0])


def _keep(
    connection: duckdb.DuckDBPyConnection,
    lines: duckdb.DuckDBPyRelation,
    layout: Layout,
    index: int,
    found: dict[int, Noted],
) -> None:
    raw = f"raw_{index}"
    for table in (raw, _table(index)):
        connection.execute(f"drop table if exists {table}")
    groups(lines, layout).create(raw)
    found[index] = noted(connection.table(raw), layout)
    read = values(connection.table(raw), layout)
    read.select("*", duckdb.ConstantExpression(index).alias("file")).create(_table(index))
    connection.execute(f"drop table {raw}")


def _report(
    connection: duckdb.DuckDBPyConnection,
    layout: Layout,
    table: str,
    careful: CarefulLines | None,
) -> FileReport:
    rows = (
        connection.table(table)
        .aggregate(f"{layout.key}, sum(amount), sum(lines)", layout.key)
        .order(layout.key)
        .fetchall()
    )
    accepted = sum(int(lines) for _, _, lines in rows)
    rejections: dict[str, int] = {}
    if careful is not None and careful.bad.num_rows:
        codes = reasons(layout, careful.bad)[0].to_pylist()
        rejections = dict(sorted(Counter(codes).items()))
    rejected = sum(rejections.values())
    return FileReport(
        layout.file.name,
        accepted + rejected,
        accepted,
        rejected,
        rejections,
        {key: shown(total) for key, total, _ in rows},
    )


def _prove(layout: Layout, report: FileReport, careful: CarefulLines | None) -> list[Finding]:
    """Compare with the second reading."""
    name = layout.file.name
    try:
        counted = second_reading.count(_again(layout, careful))
    except (pa.ArrowException, OSError):
        message = "The file could not be read a second time to prove its totals."
        return [Finding("total_mismatch", message, Place(name), _PROOF_REMEDY)]
    decimals = layout.number.decimals
    again = {
        key: shown(Decimal(decimal_text(total, decimals))) for key, total in counted.totals.items()
    }
    zero = dict.fromkeys((*report.totals, *again), "0")
    if counted.lines != report.accepted or {**zero, **again} != {**zero, **report.totals}:
        message = (
            f"Two readings of the file differ: {report.accepted} lines and {report.totals} "
            f"against {counted.lines} lines and {again}."
        )
        return [Finding("total_mismatch", message, Place(name), _PROOF_REMEDY)]
    return []


_PROOF_REMEDY = "Was the file changed meanwhile? Ingest it again; if this repeats, report it."


def _again(layout: Layout, careful: CarefulLines | None) -> second_reading.Reading:
    number, key = layout.number.cell.column, layout.cell(layout.key).column
    assert number is not None
    reading = second_reading.Reading(
        layout.file.path,
        layout.file.shape is Shape.PARQUET,
        len(layout.file.columns),
        number.position,
        key.position if key else None,
        layout.default_key,
        number.nulls,
        layout.number.decimals,
        codes=layout.key == "currency",
        trimmed=layout.key == "channel",
    )
    if careful is None:
        return reading
    rejected = careful.bad["line"].to_numpy().astype(np.int64)
    if layout.file.shape is Shape.PARQUET:
        return replace(reading, rejected=rejected)
    return replace(
        reading,
        path=careful.path,
        parquet=True,
        number=careful.columns.index(number.id),
        key=careful.columns.index(key.id) if key else None,
        rejected=rejected,
        line=careful.columns.index("line"),
    )


def _nothing_rejected() -> pa.Table:
    return pa.table({column: pa.array([], pa.string()) for column in REJECTED_COLUMNS})


def _rejected(layout: Layout, careful: CarefulLines | None) -> pa.Table:
    if careful is None:
        return _nothing_rejected()
    bad = careful.bad
    return pa.table(
        {
            "file": pa.repeat(pa.scalar(layout.file.name), bad.num_rows),
            "line": bad["line"].cast(pa.string()),
            "reason": reasons(layout, bad)[1],
            "record": bad["record"],
        }
    )


def _nothing(report: FileReport, layout: Layout) -> Finding:
    message = "The file holds a header and no lines."
    if layout.unit:
        message = f"The file holds no {layout.unit}s."
    if report.rejected:
        message = f"Not one of {count_of(report.rejected, layout.unit or 'line')} was accepted."
    remedy = "Check the export; nothing was taken."
    return Finding("check_saw_no_rows", message, Place(report.file), remedy)


def _cut(findings: Sequence[Finding], more: int) -> list[Finding]:
    left_out = more + max(len(findings) - MOST_SHOWN, 0)
    kept = list(findings[:MOST_SHOWN])
    if left_out:
        kept.append(
            Finding(
                "rejected_lines",
                f"Not shown: at least {count_of(left_out, 'more problem')}.",
                remedy="--reject-file PATH takes the good lines and writes the bad ones to PATH.",
            )
        )
    return kept


def _warnings(taken: Sequence[_Taken]) -> tuple[Finding, ...]:
    empty = (
        Finding(
            "check_saw_no_rows",
            "The file holds nothing but its header, so it adds nothing to the others.",
            Place(each.report.file),
            "Check that the export was complete.",
            Severity.WARNING,
        )
        for each in taken
        if not each.report.lines_read
    )
    rejected = (
        Finding(
            "rejected_lines",
            f"Not accepted: {each.report.rejected:,} of "
            f"{count_of(each.report.lines_read, 'line')} ("
            + ", ".join(f"{code}: {count:,}" for code, count in each.report.rejections.items())
            + ").",
            Place(each.report.file),
            "Mend them in the file itself and ingest it again, which replaces what was taken now.",
            Severity.WARNING,
        )
        for each in taken
        if each.report.rejected
    )
    return (*empty, *rejected)


def write_rejected(rejected: pa.Table, path: Path) -> None:
    """Write rejected lines as CSV, whole or not at all. Raises ``IngestError``."""
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", newline="", dir=path.parent, prefix=".rejected-", delete=False
        ) as file:
            writer = csv.writer(file)
            writer.writerow(REJECTED_COLUMNS)
            writer.writerows(zip(*(rejected[c].to_pylist() for c in REJECTED_COLUMNS), strict=True))
        Path(file.name).replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise IngestError(
            [
                Finding(
                    "storage_failed",
                    f"The reject file cannot be written: {reason}.",
                    Place(str(path)),
                )
            ]
        ) from None


def refuse_overwriting(paths: Sequence[Path], reject_file: Path | None) -> None:
    """Raise ``UsageError`` where the reject file would replace anything but an earlier one."""
    if reject_file is None:
        return
    message = ""
    if reject_file.resolve() in [path.resolve() for path in paths]:
        message = "The reject file is one of the files to ingest, and would replace it."
    elif (reject_file.exists() or reject_file.is_symlink()) and not _is_rejects(reject_file):
        message = "There is something already that is no reject file, and it would be replaced."
    if message:
        where = Place(str(reject_file))
        remedy = "Name a file that does not exist yet."
        raise UsageError([Finding("invalid_argument", message, where, remedy)])


def _is_rejects(path: Path) -> bool:
    """Whether a file is empty or begins as the reject files do that are written here."""
    if not path.is_file():
        return False
    header = ",".join(REJECTED_COLUMNS).encode()
    try:
        with path.open("rb") as file:
            begin = file.read(len(header) + 1)
    except OSError:
        return False
    return not begin or begin.rstrip(b"\r\n") == header
