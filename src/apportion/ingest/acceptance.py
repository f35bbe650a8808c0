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
from apportion.ingest.first_reading import Layout, groups
from apportion.ingest.incoming import Context, FileReport
from apportion.ingest.inspected import RefusedError, SafeFile, Shape
from apportion.ingest.words import count_of

_OURS = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)
"""Errors in our queries, which no file can cause and none may hide."""

REJECTED_COLUMNS = ("file", "line", "reason", "record")


@dataclass(frozen=True, slots=True)
class Accepted:
    """The accepted lines of all files, in groups.

    ``groups`` has the layouts' aliases, ``file`` (the index of the file), ``amount``, ``lines``
    and ``blanks``. ``rejected`` is a table of ``file``, ``line``, ``reason``, ``record``.
    """

    connection: duckdb.DuckDBPyConnection
    groups: duckdb.DuckDBPyRelation
    files: tuple[FileReport, ...]
    rejected: pa.Table
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class _Taken:
    """One file: its table of groups, its numbers, and what is wrong with it."""

    table: str
    report: FileReport
    rejected: pa.Table
    findings: list[Finding]
    more: int = 0


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
    taken = [
        _take(connection, layout, context, folder, index) for index, layout in enumerate(layouts)
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
    return Accepted(connection, relation, reports, rejected, _warnings(taken))


def _take(
    connection: duckdb.DuckDBPyConnection,
    layout: Layout,
    context: Context,
    folder: Path,
    index: int,
) -> _Taken:
    name = layout.file.name
    try:
        if not _read(connection, layout, context, index):
            taken = _proved(connection, layout, index, None)
            # A reader that skipped a line did not stumble over it, so the proof sends it back.
            if not taken.findings or layout.file.shape is Shape.PARQUET:
                return taken
        careful = read_carefully(connection, layout, folder, index, context.limits.line)
        if careful.bad.num_rows and context.reject_file is None:
            findings = line_findings(layout, careful.bad, MOST_SHOWN)
            return _refused(name, findings, max(careful.bad.num_rows - MOST_SHOWN, 0))
        connection.execute(f"drop table if exists {_table(index)}")
        _keep(groups(careful.good, layout), index)
        return _proved(connection, layout, index, careful)
    except RefusedError as refused:
        return _refused(name, [refused.finding(name)])
    except _OURS:
        raise
    except duckdb.Error as error:
        return _refused(name, [_unreadable(layout.file, error)])


def _table(index: int) -> str:
    return f"file_{index}"


def _refused(name: str, findings: list[Finding], more: int = 0) -> _Taken:
    return _Taken("", FileReport(name, 0, 0, 0, {}, {}), _nothing_rejected(), findings, more)


def _proved(
    connection: duckdb.DuckDBPyConnection, layout: Layout, index: int, careful: CarefulLines | None
) -> _Taken:
    report = _report(connection, layout, _table(index), careful)
    findings = _prove(layout, report, careful)
    return _Taken(_table(index), report, _rejected(layout, careful), findings)


def _read(
    connection: duckdb.DuckDBPyConnection, layout: Layout, context: Context, index: int
) -> bool:
    """Try the quick way. Says whether something is wrong, which the careful way then finds."""
    lines = open_lines(connection, layout.file, context.limits.line)
    try:
        _keep(groups(lines, layout), index)
    except (duckdb.OutOfRangeException, *_OURS):
        raise
    except duckdb.Error:
        if layout.file.shape is Shape.PARQUET:
            raise
        return True
    bad = connection.table(_table(index)).aggregate("coalesce(sum(bad), 0)").fetchall()
    return bool(bad[0][0])


def _keep(relation: duckdb.DuckDBPyRelation, index: int) -> None:
    relation.select("*", duckdb.ConstantExpression(index).alias("file")).create(_table(index))


def _unreadable(file: SafeFile, error: duckdb.Error) -> Finding:
    if isinstance(error, duckdb.OutOfRangeException):
        return Finding(
            "amount_overflow",
            "The amounts of the file are too large to be summed.",
            Place(file.name),
            "Check the amounts.",
        )
    # Where the file lies while it is read is nobody's business, and differs each time.
    reason = str(error).splitlines()[0].replace(str(file.path), Path(file.name).name)[:300]
    remedy = "Download or export the file again."
    message = f"The file cannot be read: {reason.rstrip('.')}."
    return Finding("unreadable_file", message, Place(file.name), remedy)


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
    if report.lines_read == 0:
        return [_nothing(report, layout)]
    try:
        counted = second_reading.count(_again(layout, careful))
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0][:300]
        message = f"The file could not be read a second time to prove its totals: {reason}"
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
        layout.nulls,
        layout.number.decimals,
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
    return tuple(
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
    """Raise ``UsageError`` where the reject file is one of the files that are read."""
    if reject_file is not None and reject_file.resolve() in [path.resolve() for path in paths]:
        message = "The reject file is one of the files to ingest, and would replace it."
        raise UsageError([Finding("invalid_argument", message, Place(str(reject_file)))])
