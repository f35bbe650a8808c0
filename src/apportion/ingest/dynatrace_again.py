"""Points that are told more than once: by two answers, by two series, or within one series.

A point is its metric, its dimensions and its moment, whichever file or page it stands in. What is
told again with the same value counts once; with another value nobody can know which one counts.
A point without a value says nothing against one that has it, nor does one without a unit.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from duckdb import (
    ColumnExpression,
    ConstantExpression,
    DuckDBPyConnection,
    DuckDBPyRelation,
    SQLExpression,
)

from apportion.findings import Finding, IngestError, Place
from apportion.ingest.decimals import VALUE_DECIMALS, exact, is_blank, shown
from apportion.ingest.inspected import Column, Holds, SafeFile
from apportion.ingest.words import count_of

AGAIN = "again"
"""The column that is not blank where a point was told before, in files that have such points."""

_SHOWN = 20
_LONGEST = 200
_KEY = "metric, labels, moment"
_MOMENTS = f"moment between {10**11} and {10**13 - 1}"
_REPEATED = "repeated_points"
_HASHES = "repeated_hashes"
_WINDOW = f"(partition by {_KEY})"
_DIFFERS = (
    f"coalesce(min(value) over {_WINDOW} <> max(value) over {_WINDOW}, false) or "
    f"coalesce(min(named) over {_WINDOW} <> max(named) over {_WINDOW}, false)"
)


def marked(
    connection: DuckDBPyConnection, files: Sequence[SafeFile], ends: Sequence[bool], folder: Path
) -> tuple[SafeFile, ...]:
    """The files, in which those points are marked that are told once more.

    A point is kept where it has a value and a unit, and where its file shows that timestamps mark
    the ``ends`` of slots, as it then is known which day it belongs to. What is no moment or no
    number is not looked at. Raises ``IngestError`` (``duplicate_key``).
    """
    repeated = _repeated(connection, files, ends)
    if repeated is None:
        return tuple(files)
    _refuse_differing(repeated, files)
    order = "value is null, named is null, not ends, file, line"
    again = (
        repeated.select(
            "file",
            "line",
            SQLExpression(f"row_number() over (partition by {_KEY} order by {order})").alias("nth"),
        )
        .filter("nth > 1")
        .to_arrow_table()
    )
    index, line = again["file"].to_numpy(), again["line"].to_numpy()
    return tuple(
        _with_marks(file, line[index == place], folder / f"points_{place}_marked")
        for place, file in enumerate(files)
    )


def _repeated(
    connection: DuckDBPyConnection, files: Sequence[SafeFile], ends: Sequence[bool]
) -> DuckDBPyRelation | None:
    """All points whose key is there more than once, as a table; nothing where there are none.

    Keys are compared by hash first, because most answers repeat nothing.
    """
    points = _points(connection, files[0], 0, ends=ends[0])
    for place in range(1, len(files)):
        points = points.union(_points(connection, files[place], place, ends=ends[place]))
    hashed = points.select("*", SQLExpression(f"hash({_KEY})").alias("hashed"))
    counted = hashed.aggregate("hashed, count(*) as times", "hashed")
    counted.filter("times > 1").select("hashed").create(_HASHES)
    if not connection.table(_HASHES).limit(1).fetchall():
        return None
    suspects = hashed.join(connection.table(_HASHES), "hashed", how="semi")
    value = exact("text", Holds.TEXT, VALUE_DECIMALS)
    read = suspects.select("*", value.alias("value")).filter(
        is_blank("text", Holds.TEXT, ("",)) | ColumnExpression("value").isnotnull()
    )
    times = SQLExpression(f"count(*) over {_WINDOW}")
    read.select("*", times.alias("times")).filter("times > 1").create(_REPEATED)
    return connection.table(_REPEATED)


def _points(
    connection: DuckDBPyConnection, file: SafeFile, place: int, *, ends: bool
) -> DuckDBPyRelation:
    moment = SQLExpression('try_cast("timestamp" as bigint)')
    return (
        connection.read_parquet(str(file.path), file_row_number=True)
        .select(
            ColumnExpression("metricId").alias("metric"),
            "labels",
            moment.alias("moment"),
            SQLExpression("nullif(unit, '')").alias("named"),
            ColumnExpression("value").alias("text"),
            ConstantExpression(place).alias("file"),
            SQLExpression("file_row_number + 1").alias("line"),
            ConstantExpression(ends).alias("ends"),
        )
        .filter(_MOMENTS)
    )


def _refuse_differing(repeated: DuckDBPyRelation, files: Sequence[SafeFile]) -> None:
    keys = f"{_KEY}, value, named"
    told = repeated.filter("value is not null").aggregate(
        f"{keys}, min(struct_pack(file := file, line := line)) as place", keys
    )
    window = f"(partition by {_KEY} order by place)"
    every = f"{window[:-1]} rows between unbounded preceding and unbounded following)"
    parts = ("value", "named", "place")
    differing = (
        told.select("*", SQLExpression(_DIFFERS).alias("differs"))
        .filter("differs")
        .select(
            *_KEY.split(", "),
            *[
                SQLExpression(f"{which}_value({part}) over {every}").alias(f"{which}_{part}")
                for which in ("first", "last")
                for part in parts
            ],
        )
        .distinct()
    )
    count = int(differing.aggregate("count(*)").fetchall()[0][0])
    if not count:
        return
    rows = differing.order(f"last_place, {_KEY}").limit(_SHOWN).to_arrow_table().to_pylist()
    findings = [_differing(row, files) for row in rows]
    if count > _SHOWN:
        more = count_of(count - _SHOWN, "more point")
        findings.append(
            Finding("duplicate_key", f"Not shown: {more} told again with another value.")
        )
    raise IngestError(findings)


def _differing(row: dict[str, object], files: Sequence[SafeFile]) -> Finding:
    (first, before), (last, here) = (_place(row[f"{which}_place"]) for which in ("first", "last"))
    labels = str(row["labels"])
    labels = labels if len(labels) <= _LONGEST else f"{labels[: _LONGEST - 3]}..."
    moment = datetime.fromtimestamp(int(str(row["moment"])) / 1000, UTC)
    at = moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")
    of_file = "" if first == last else f" of {files[first].name}"
    return Finding(
        "duplicate_key",
        f"point {here}: {row['metric']!r} with the dimensions {labels} at "
        f"{at.replace('+00:00', 'Z')} is {_said(row, 'last')}, where point {before}{of_file} says "
        f"{_said(row, 'first')}.",
        Place(files[last].name),
        "Of each metric, set of dimensions and moment one value can count. Leave out the answer "
        "that is older or of another resolution, or ask Dynatrace for these days once more, in "
        "one query.",
        details={"metric": row["metric"], "labels": row["labels"], "timestamp": row["moment"]},
    )


def _place(at: object) -> tuple[int, int]:
    assert isinstance(at, dict)
    return int(at["file"]), int(at["line"])


def _said(row: dict[str, object], which: str) -> str:
    unit = row[f"{which}_named"]
    return shown(row[f"{which}_value"]) + (f" {unit}" if unit else "")


def _with_marks(file: SafeFile, lines: np.ndarray, path: Path) -> SafeFile:
    if not lines.size:
        return file
    table = pq.read_table(file.path)
    marks = np.full(table.num_rows, "", dtype=object)
    marks[lines - 1] = AGAIN
    pq.write_table(table.append_column(AGAIN, pa.array(marks, pa.string())), path)
    column = Column(AGAIN, len(file.columns), Holds.TEXT)
    return replace(file, path=path, columns=(*file.columns, column))
