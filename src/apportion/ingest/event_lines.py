"""Events one by one, where some line is in the way of counting them all: which, and why."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from apportion.findings import Finding, IngestError, Place
from apportion.ingest.acceptance import REJECTED_COLUMNS, write_rejected
from apportion.ingest.careful import MOST_SHOWN, line_findings, read_carefully, reasons
from apportion.ingest.event_cells import layout_of
from apportion.ingest.incoming import Context
from apportion.ingest.inspected import RefusedError, SafeFile
from apportion.ingest.unreadable import unreadable
from apportion.ingest.words import count_of
from apportion.ingest.zones import FIRST, LAST, stretches


@dataclass(frozen=True, slots=True)
class CarefulFile:
    """A file whose lines were looked at one by one: the good ones, and why others are not."""

    file: SafeFile
    good: duckdb.DuckDBPyRelation
    rejections: Mapping[str, int]

    def puzzle(self) -> Finding:
        """Say that two ways of reading disagree on the file."""
        return Finding(
            "unreadable_file",
            "The file cannot be read as a whole, yet each of its lines can.",
            Place(self.file.name),
            "Export it again; if this repeats, report it.",
        )


def judge_lines(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[SafeFile],
    context: Context,
    folder: Path,
) -> list[CarefulFile]:
    """Tell good lines from bad ones.

    With a reject file the bad ones are written there. Raises ``IngestError`` with what is wrong,
    the first lines of it, where there is no such file, or where nothing is left.
    """
    found = stretches(context.model.settings.time_zone, FIRST, LAST)
    judged: list[CarefulFile] = []
    rejected: list[pa.Table] = []
    findings: list[Finding] = []
    more = 0
    for index, file in enumerate(files):
        layout = layout_of(file, context, found, ids=True)
        try:
            careful = read_carefully(connection, layout, folder, index, context.limits.line)
        except RefusedError as refused:
            findings.append(refused.finding(file.name))
            continue
        except duckdb.Error as error:
            findings.append(unreadable(connection, layout, error))
            continue
        bad = careful.bad
        codes, why = reasons(layout, bad)
        judged.append(
            CarefulFile(file, careful.good, dict(sorted(Counter(codes.to_pylist()).items())))
        )
        if bad.num_rows and context.reject_file is None:
            told, untold = line_findings(layout, bad)
            findings.extend(told)
            more += untold
        name = pa.repeat(pa.scalar(file.name), bad.num_rows)
        columns = [name, bad["line"].cast(pa.string()), why.cast(pa.string()), bad["record"]]
        rejected.append(pa.table(columns, names=list(REJECTED_COLUMNS)))
    if findings:
        raise IngestError(_cut(findings, more))
    if context.reject_file is not None:
        write_rejected(pa.concat_tables(rejected), context.reject_file)
    return judged


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
