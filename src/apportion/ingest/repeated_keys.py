"""Lines of billable usage with one key: which of them counts would be a guess (`B3`)."""

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from apportion.findings import Finding, IngestError, Place
from apportion.ingest.first_reading import Layout
from apportion.ingest.numbered_lines import Lines, number_lines
from apportion.model.billable_usage import KEY

_SHOWN = 20
_NAMED = 3
"""Lines of a key that are named; of the others it is told how many there are."""

_WHERE = """
    SELECT place, list([file, line] ORDER BY file, line)[:$named]
    FROM numbered_lines lines JOIN repeated
    ON lines.day = repeated.date AND lines.account = repeated.account
        AND lines.channel = repeated.channel AND lines.provider = repeated.provider
        AND lines.rate_multiplier = repeated.rate_multiplier
        AND lines.international = repeated.international AND lines.template = repeated.template
    GROUP BY place
"""


def require_each_key_once(
    connection: duckdb.DuckDBPyConnection,
    rows: pa.Table,
    layouts: Sequence[Layout],
    folder: Path,
    longest: int,
) -> None:
    """Raise ``IngestError`` (``duplicate_key``), with their lines, where keys are given twice."""
    counted = rows.group_by(list(KEY)).aggregate([("lines", "sum")])
    repeated = counted.filter(pc.greater(counted["lines_sum"], 1))
    if not repeated.num_rows:
        return
    shown = repeated.sort_by([(name, "ascending") for name in KEY]).slice(0, _SHOWN)
    names = [layout.file.name for layout in layouts]
    found: dict[int, list[tuple[int, int]]] = {}
    if number_lines(connection, layouts, folder, longest):
        placed = shown.append_column("place", pa.array(range(shown.num_rows), pa.int64()))
        connection.register("repeated", placed)
        found = dict(connection.execute(_WHERE, {"named": _NAMED}).fetchall())
    files = Place(", ".join(names))
    findings = []
    for index, row in enumerate(shown.to_pylist()):
        places = tuple(Place(names[file], line) for file, line in found.get(index, ()))
        at = f": {Lines(places, int(row['lines_sum']))}" if len(places) > 1 else ""
        findings.append(
            Finding(
                "duplicate_key",
                f"There are {row['lines_sum']} lines of {row['account']} on {row['date']} with the "
                f"channel {row['channel']}, the provider {row['provider']!r}, the multiplier "
                f"{row['rate_multiplier']} and the template {row['template']!r}{at}.",
                places[0] if places else files,
                "Give each date, account, channel, provider, rate_multiplier, international and "
                "template once.",
                details={"account": row["account"], "date": row["date"]},
                also=places[1:],
            )
        )
    if repeated.num_rows > _SHOWN:
        more = f"There are {repeated.num_rows - _SHOWN:,} more such keys."
        findings.append(Finding("duplicate_key", more, files))
    raise IngestError(findings)
