"""Ids that stand for two events: on which lines, and in what these differ (`B3`)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from apportion.findings import Finding, Place
from apportion.ingest.event_cells import layout_of, moment
from apportion.ingest.incoming import Context
from apportion.ingest.inspected import SafeFile
from apportion.ingest.numbered_lines import number_lines
from apportion.ingest.zones import FIRST, LAST, stretches

_SHOWN = 20

REUSED = """
    SELECT id, count(*) FROM events_told_again GROUP BY id
    HAVING count(DISTINCT {moment: moment, account: account, channel: channel, status: status,
        key_type: key_type, provider: provider, multiplier: rate_multiplier,
        international: international, template: template, amount: amount, blank: blank}) > 1
    ORDER BY id
"""

# The first line of each id, and the first of those that do not say what it says.
_TWO = """
    WITH said AS (
        SELECT file, line, id, {created_at: more, account: account, channel: channel,
            status: status, key_type: key_type, provider: provider, multiplier: rate_multiplier,
            international: international, template: template,
            fragments: CASE WHEN NOT blank THEN amount END} AS what
        FROM numbered_lines SEMI JOIN reused USING (id)
    ), beside AS (
        SELECT *, first_value(what) OVER (PARTITION BY id ORDER BY file, line) AS first,
            row_number() OVER (PARTITION BY id ORDER BY file, line) AS number FROM said
    )
    SELECT id, file, line, what FROM beside WHERE number = 1 OR what IS DISTINCT FROM first
    QUALIFY row_number() OVER (PARTITION BY id ORDER BY file, line) <= 2
    ORDER BY id, file, line
"""


class ReusedError(Exception):
    """Some ids stand for two events; ``ids`` are these, with how many lines have each."""

    def __init__(self, ids: Sequence[tuple[str, int]]) -> None:
        """Keep the ids."""
        super().__init__("reused ids")
        self.ids = ids


def reused_ids(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[SafeFile],
    context: Context,
    folder: Path,
    ids: Sequence[tuple[str, int]],
) -> list[Finding]:
    """Say of the first ids on which two lines they stand, and which columns differ there."""
    where = Place(", ".join(file.name for file in files))
    found = _two_lines(connection, files, context, folder, [name for name, _ in ids[:_SHOWN]])
    findings = [_finding(name, count, found.get(name, []), files, where) for name, count in ids]
    findings = findings[:_SHOWN]
    if len(ids) > _SHOWN:
        more = f"There are {len(ids) - _SHOWN:,} more ids that are reused."
        findings.append(Finding("reused_id", more, where))
    return findings


def _two_lines(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[SafeFile],
    context: Context,
    folder: Path,
    ids: Sequence[str],
) -> dict[str, list[tuple[int, int, dict[str, Any]]]]:
    """For each id the files, lines and contents of two events."""
    zone = stretches(context.model.settings.time_zone, FIRST, LAST)
    layouts = [layout_of(file, context, zone, ids=True) for file in files]
    moments = [moment(file) for file in files]
    if not number_lines(connection, layouts, folder, context.limits.line, moments):
        return {}
    connection.register("reused", pa.table({"id": pa.array(ids, pa.string())}))
    found: dict[str, list[tuple[int, int, dict[str, Any]]]] = {}
    for name, file, line, what in connection.execute(_TWO).fetchall():
        found.setdefault(name, []).append((file, line, what))
    return found


def _finding(
    name: str,
    count: int,
    lines: Sequence[tuple[int, int, dict[str, Any]]],
    files: Sequence[SafeFile],
    where: Place,
) -> Finding:
    message = f"The id {name!r} stands on {count} lines that do not say the same."
    differing: list[str] = []
    places = [Place(files[file].name, line) for file, line, _ in lines]
    if len(lines) == 2:
        (*_, first), (*_, second) = lines
        differing = [column for column in first if first[column] != second[column]]
        one_file = places[0].file == places[1].file
        named = " and ".join(str(it.line) if one_file else str(it) for it in places)
        named = f"lines {named}" if one_file else named
        more = f" {count} lines; of these {named}" if count > 2 else f" {named}, which"
        message = f"The id {name!r} stands on{more} differ in {', '.join(differing)}."
    return Finding(
        "reused_id",
        message,
        places[0] if places else where,
        "An id is one event's; export the events again, each as it is now.",
        details={"id": name, "columns": differing},
        also=tuple(places[1:]),
    )
