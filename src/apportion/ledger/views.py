"""Ledger tables as views of a DuckDB connection, so that questions are plain SQL."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from apportion.ledger.disk import Store
from apportion.ledger.runs import Piece
from apportion.ledger.schemas import (
    ALLOCATIONS,
    CONTRIBUTIONS,
    COSTS,
    RECONCILIATIONS,
    USAGE,
    Table,
)
from apportion.ledger.store import files, files_by_run


def input_views(connection: duckdb.DuckDBPyConnection, store: Store, pins: dict[str, int]) -> None:
    """Views ``costs`` and ``usage`` at the versions that count."""
    for table in (COSTS, USAGE):
        paths = files(store, table, pins[table.name])
        _relation(connection, table, paths).create_view(table.name)


def table_view(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    paths: Sequence[Path],
    name: str = "",
    *,
    placed: bool = False,
) -> None:
    """A view of some of a table's files, under the table's name or another.

    ``placed`` adds the columns ``path`` and ``place``: a row's file, and its number there from 0.
    """
    _relation(connection, table, paths, placed=placed).create_view(name or table.name)


def read_view(
    connection: duckdb.DuckDBPyConnection,
    store: Store,
    table: Table,
    pieces: Sequence[tuple[Piece, int]],
) -> None:
    """The view ``costs`` or ``usage``: for each piece's days the rows of a version.

    Beside each piece stands the version that its run read.
    """
    paths = {each: files(store, table, each) for each in {at_version for _, at_version in pieces}}
    parts = [
        _within(table, _relation(connection, table, paths[at_version]), piece)
        for piece, at_version in pieces
    ]
    _united(connection, table, parts).create_view(table.name)


def result_views(
    connection: duckdb.DuckDBPyConnection,
    store: Store,
    pieces: Sequence[Piece],
    recorded: Mapping[str, Mapping[str, int]] | None = None,
) -> None:
    """Views ``allocations``, ``contributions`` and ``reconciliations`` of runs.

    Each run answers for the days of its piece alone. Without pieces the views are empty.
    ``recorded`` says for each run how many rows its record knows of each table. Raises
    ``LedgerError`` (``damaged_ledger``) where there are more or fewer.
    """
    for table in (ALLOCATIONS, CONTRIBUTIONS, RECONCILIATIONS):
        known = {
            piece.run_id: None if recorded is None else recorded[piece.run_id][table.name]
            for piece in pieces
        }
        paths = files_by_run(store, table, known) if pieces else {}
        parts = [
            _within(table, _relation(connection, table, paths[piece.run_id]), piece)
            for piece in pieces
            if paths[piece.run_id]
        ]
        _united(connection, table, parts).create_view(table.name)


def _united(
    connection: duckdb.DuckDBPyConnection, table: Table, parts: Sequence[duckdb.DuckDBPyRelation]
) -> duckdb.DuckDBPyRelation:
    whole = parts[0] if parts else _relation(connection, table, [])
    for part in parts[1:]:
        whole = whole.union(part)
    return whole


def _relation(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    paths: Sequence[Path],
    *,
    placed: bool = False,
) -> duckdb.DuckDBPyRelation:
    names = [name for name in table.schema.names if name not in table.partition_by]
    if paths:
        found = connection.read_parquet(
            [_literal(path) for path in paths],
            hive_partitioning=False,
            file_row_number=placed,
            filename=placed,
        )
    else:
        found = connection.from_arrow(table.schema.empty_table())
    # What an older program did not write is not known.
    missing = duckdb.ConstantExpression(None)
    return found.select(
        *(
            duckdb.ColumnExpression(name) if name in found.columns else missing.alias(name)
            for name in names
        ),
        *(_PLACED if placed and paths else _NO_PLACE if placed else ()),
    )


_PLACED = (
    duckdb.ColumnExpression("filename").alias("path"),
    duckdb.ColumnExpression("file_row_number").alias("place"),
)
_NO_PLACE = (
    duckdb.ConstantExpression(None).cast("varchar").alias("path"),
    duckdb.ConstantExpression(None).cast("bigint").alias("place"),
)


def _literal(path: Path) -> str:
    """A path in which nothing is a pattern."""
    return "".join(f"[{each}]" if each in "*?[" else each for each in str(path))


def _within(table: Table, rows: duckdb.DuckDBPyRelation, piece: Piece) -> duckdb.DuckDBPyRelation:
    if "date" not in table.schema.names:
        return rows
    day = duckdb.ColumnExpression("date")
    return rows.filter(
        (day >= duckdb.ConstantExpression(piece.first))
        & (day <= duckdb.ConstantExpression(piece.last))
    )
