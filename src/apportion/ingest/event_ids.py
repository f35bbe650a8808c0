"""Events that are told twice: the same id counts once, and may not say two things.

Nearly always no id is repeated, which a sorted array of hashes tells of a hundred million events
in eight bytes each. Only events whose hash is repeated are then looked at one by one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from duckdb import SQLExpression

from apportion.ingest import cells
from apportion.ingest.cells import LONGEST_NAME, Cell, Check, any_of
from apportion.ingest.inspected import Column, SafeFile

REPEATED = "repeated_ids"
_ROWS_AT_ONCE = 1_000_000
_BLOCK = 10_000_000


def id_cell(file: SafeFile) -> Cell:
    """An event's id: not blank, no word for nothing, and on one line."""
    column = _column(file)
    cell = cells.trimmed(cells.text("id", column, required=True))
    check = Check(
        "id",
        column,
        "invalid_value",
        "it holds a tab or a line break",
        "Remove it.",
        SQLExpression(f"coalesce({_is_broken('id')}, false)"),
    )
    return Cell(cell.alias, cell.raw, cell.value, (*cell.checks, check), column)


def event_hash(file: SafeFile) -> str:
    """The hash of an event's id, as a query expression; that of null where it is no id.

    Few ids are odd, and only those are looked at closely: it is what takes the time.
    """
    column = _column(file)
    cell = id_cell(file)
    text = f"({cells.text_of(column).fragment()})"
    shortest = max(len(word.encode()) for word in column.nulls) + 1
    odd = (
        f"strlen({text}) not between {shortest} and {LONGEST_NAME} or contains({text}, ' ')"
        f" or strlen({text}) <> length({text}) or {_is_broken(text)}"
    )
    wrong = any_of(check.bad for check in cell.checks).fragment()
    judged = f"case when {wrong} then null else {cell.value.fragment()} end"
    # A list of one is how an expression over the cell's alias is asked of its text.
    asked = f"list_transform([{text}], lambda id: {judged})[1]"
    return f"hash(case when {odd} then {asked} else {text} end)"


def _is_broken(text: str) -> str:
    return " or ".join(f"contains({text}, chr({code}))" for code in (9, 10, 13))


def _column(file: SafeFile) -> Column:
    column = file.find("id")
    assert column is not None
    return column


@dataclass(frozen=True, slots=True)
class Ids:
    """How many events each file has, and what their ids are like.

    ``repeated`` are the hashes that occur more than once, ascending. ``some_blank`` says that a
    line has no id, or none that can be one.
    """

    counts: tuple[int, ...]
    repeated: npt.NDArray[np.uint64]
    some_blank: bool


def count_ids(
    connection: duckdb.DuckDBPyConnection,
    lines: Sequence[duckdb.DuckDBPyRelation],
    files: Sequence[SafeFile],
) -> Ids:
    """Look at the ids of all events."""
    parts: list[npt.NDArray[np.uint64]] = []
    counts = []
    for relation, file in zip(lines, files, strict=True):
        before = sum(part.size for part in parts)
        parts.extend(_hashes(relation, file))
        counts.append(sum(part.size for part in parts) - before)
    hashes = _joined(parts, sum(counts))
    hashes.sort()
    return Ids(tuple(counts), _repeated(hashes), _some_blank(connection, hashes))


def _some_blank(connection: duckdb.DuckDBPyConnection, hashes: npt.NDArray[np.uint64]) -> bool:
    blank = connection.execute("SELECT hash(NULL::VARCHAR)").fetchall()[0]
    wanted = np.array(blank, dtype=np.uint64)
    left = np.searchsorted(hashes, wanted, side="left")
    right = np.searchsorted(hashes, wanted, side="right")
    return bool((right > left).any())


def _hashes(lines: duckdb.DuckDBPyRelation, file: SafeFile) -> Iterator[npt.NDArray[np.uint64]]:
    hashed = lines.select(SQLExpression(event_hash(file)).alias("h"))
    for batch in hashed.to_arrow_reader(_ROWS_AT_ONCE):
        yield batch.column(0).to_numpy()


def _joined(parts: list[npt.NDArray[np.uint64]], count: int) -> npt.NDArray[np.uint64]:
    """All hashes in one array. Parts are let go as they are copied, so that memory is for one."""
    whole = np.empty(count, dtype=np.uint64)
    at = count
    while parts:
        part = parts.pop()
        at -= part.size
        whole[at : at + part.size] = part
    return whole


def _repeated(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    found = [
        block[:-1][block[1:] == block[:-1]]
        for start in range(0, hashes.size, _BLOCK)
        if (block := hashes[start : start + _BLOCK + 1]).size > 1
    ]
    return np.unique(np.concatenate(found)) if found else np.empty(0, dtype=np.uint64)


def register_repeated(
    connection: duckdb.DuckDBPyConnection, repeated: npt.NDArray[np.uint64]
) -> None:
    """Make the hashes known to queries."""
    connection.register(REPEATED, pa.table({"h": pa.array(repeated, pa.uint64())}))


def told_once(lines: duckdb.DuckDBPyRelation, file: SafeFile) -> duckdb.DuckDBPyRelation:
    """The events whose hash is not repeated."""
    return lines.filter(SQLExpression(f"{event_hash(file)} not in (from {REPEATED})"))


def told_again(lines: duckdb.DuckDBPyRelation, file: SafeFile) -> duckdb.DuckDBPyRelation:
    """The events whose hash is repeated, with their ``id``."""
    again = lines.filter(SQLExpression(f"{event_hash(file)} in (from {REPEATED})"))
    cell = id_cell(file)
    return again.select("*", cell.raw.alias("id")).select(
        SQLExpression("* exclude (id)"), cell.value.alias("id")
    )
