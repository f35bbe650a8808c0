"""The only module that touches the ledger's files: Delta tables under one folder.

Every failure of the disk becomes a ``LedgerError`` that says what was tried. Values never enter a
predicate as text of the world: they are dates and digests that this program made.
"""

import json
import os
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable, PostCommitHookProperties, WriterProperties, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.transaction import AddAction, RemoveAction

from apportion.amounts import MAXIMUM_UNITS
from apportion.findings import Finding, LedgerError
from apportion.ledger.disk import (
    Store,
    changing,
    damaged,
    damaged_finding,
    failed,
    reason_of,
    sync_path,
    touching,
)
from apportion.ledger.format_version import note_format, require_known
from apportion.ledger.locks import writing
from apportion.ledger.schemas import INGESTS, TABLES, Table

_UNUSABLE = set('[]%{}|\\^`<>"')
_WRITING = WriterProperties(compression="ZSTD", compression_level=1)
# A commit that stands must not be reported as failed because its checkpoint could not be written,
# and the log of old versions must stay: runs and ingests name them.
_NOTHING_AFTER = PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)
_CHECKPOINT_EVERY = 100
_MOST_FILES = 20
"""Files of a small table, each of which is opened whenever it is read."""
_RUNS_AT_ONCE = 50
"""Runs that are removed by one condition: the Delta library fails in the midst of thousands."""
_TRIES = 20
_TOLD = "kind_is_told"


def open_store(root: Path) -> Store:
    """Open a ledger, making its tables where they do not exist yet.

    Raises ``LedgerError`` (``storage_failed``, ``newer_ledger``).
    """
    strange = sorted(_UNUSABLE & set(str(root.resolve())))
    if strange:
        raise failed(
            root, f"The ledger's path holds {' '.join(strange)}", "Move it to a plainer path."
        )
    store = Store(root.resolve())
    require_known(store)
    make_tables(store, TABLES)
    return store


def make_tables(store: Store, tables: Sequence[Table]) -> None:
    """Make those tables that do not exist yet. Raises ``LedgerError`` (``storage_failed``)."""
    missing = [table for table in tables if not is_made(store, table)]
    if missing:
        with writing(store), changing(store.root, "make its tables"):
            if INGESTS in missing:
                note_format(store)
            for table in missing:
                _create(store, table)
            if INGESTS in missing:
                require_kinds(store)


def require_kinds(store: Store) -> None:
    """Let the table of changes refuse one that does not say of what kind it is (`D12`).

    Programs that kept no lines know nothing of kinds. They would add to what stands there, or write
    it anew without the kinds; so their change is refused, and nothing of it counts.
    """
    with changing(store.folder(INGESTS), "guard its rows"):
        table = DeltaTable(store.folder(INGESTS))
        if f"delta.constraints.{_TOLD}" not in table.metadata().configuration:
            table.alter.add_constraint(
                {_TOLD: "kind IS NOT NULL"}, post_commithook_properties=_NOTHING_AFTER
            )


def widen(store: Store, tables: Sequence[Table]) -> None:
    """Give tables that an older program made the columns that they have now.

    Their rows are written anew in one commit, batch by batch. Raises ``LedgerError``.
    """
    for table in tables:
        with touching(store.folder(table), "read its columns"):
            known = pa.schema(DeltaTable(store.folder(table)).schema().to_arrow())
        if all(
            each.name in known.names and known.field(each.name).equals(each, check_metadata=True)
            for each in table.schema
        ):
            continue
        with writing(store), changing(store.folder(table), "write its rows anew"):
            rows = DeltaTable(store.folder(table)).to_pyarrow_dataset().scanner().to_reader()
            wider = (
                pa.RecordBatch.from_arrays(
                    [
                        batch.column(each.name).cast(each.type)
                        if each.name in known.names
                        else pa.nulls(batch.num_rows, each.type)
                        for each in table.schema
                    ],
                    schema=table.schema,
                )
                for batch in rows
            )
            write_deltalake(
                store.folder(table),
                pa.RecordBatchReader.from_batches(table.schema, wider),
                mode="overwrite",
                schema_mode="overwrite",
                partition_by=list(table.partition_by) or None,
                writer_properties=_WRITING,
                post_commithook_properties=_NOTHING_AFTER,
            )


def is_made(store: Store, table: Table) -> bool:
    """Whether a table exists."""
    # Whoever was killed while making the table may have left its folder without a version.
    return any((store.folder(table) / "_delta_log").glob("*[0-9].json"))


def _create(store: Store, table: Table) -> None:
    DeltaTable.create(
        store.folder(table),
        table.schema,
        mode="ignore",
        partition_by=list(table.partition_by) or None,
        description=table.meaning,
        configuration={"delta.dataSkippingStatsColumns": _told_in_the_log(table)},
        post_commithook_properties=_NOTHING_AFTER,
    )


def _told_in_the_log(table: Table) -> str:
    """The columns whose bounds stand in the log, which is read each time a table is opened.

    Bounds of days and numbers help other readers to skip files. Those of texts hardly do, and the
    bounds of a model or a proof are the whole of it, twice.
    """
    names = [
        field.name
        for field in table.schema
        if not pa.types.is_string(field.type) and field.name not in table.partition_by
    ]
    return ",".join(names)


def version(store: Store, table: Table) -> int:
    """The newest version of a table."""
    with touching(store.folder(table), "read a table's version"):
        newest = _newest_entry(store, table)
        return newest if newest >= 0 else DeltaTable(store.folder(table)).version()


def append(store: Store, table: Table, rows: pa.Table) -> None:
    """Add rows in one commit, and the columns that an older program did not know."""
    before = _newest_entry(store, table)
    with changing(store.folder(table), "append rows"):
        _append(store, table, rows)
        _sync(store, table, before)
    _checkpoint(store, table)


@dataclass(frozen=True, slots=True)
class NewFile:
    """A finished data file: where it is, its name and folders in the table, its rows."""

    path: Path
    name: str
    place: Mapping[str, str]
    rows: int


def add_files(store: Store, table: Table, added: Sequence[NewFile]) -> int:
    """Take finished data files into a table, in one commit. Returns the new version.

    Each is moved to its place, ``issuer=aws/month=2024-09/NAME``, or copied where that lies on
    another disk.
    """
    before = _newest_entry(store, table)
    folder = store.folder(table)
    with changing(folder, "add lines"):
        actions: list[AddAction | RemoveAction] = []
        for each in added:
            path = folder.joinpath(*(f"{name}={value}" for name, value in each.place.items()))
            path.mkdir(parents=True, exist_ok=True)
            shutil.move(each.path, path / each.name)
            found = (path / each.name).stat()
            actions.append(
                AddAction(
                    str((path / each.name).relative_to(folder)),
                    found.st_size,
                    each.place,
                    int(found.st_mtime * 1000),
                    True,  # noqa: FBT003
                    json.dumps({"numRecords": each.rows}),
                )
            )
        delta = DeltaTable(folder)
        delta.create_write_transaction(
            actions,
            "append",
            delta.schema(),
            list(table.partition_by),
            post_commithook_properties=_NOTHING_AFTER,
        )
        _sync(store, table, before)
    _checkpoint(store, table)
    return version(store, table)


def add_record(store: Store, table: Table, rows: pa.Table) -> None:
    """Add rows to one of the small tables whose rows decide what counts, under the lock.

    Once they stand there nothing is an error any more, whatever fails to be shortened after that.
    """
    before = _newest_entry(store, table)
    with changing(store.folder(table), "record"):
        _append(store, table, rows)
    with suppress(LedgerError), changing(store.folder(table), "shorten the table"):
        _sync(store, table, before)
        if len(_files(store, table, None)) > _MOST_FILES:
            overwrite(store, table, read(store, table))
    _checkpoint(store, table)


def _append(store: Store, table: Table, rows: pa.Table) -> None:
    def commit() -> None:
        write_deltalake(
            store.folder(table),
            rows,
            mode="append",
            schema_mode="merge",
            partition_by=list(table.partition_by) or None,
            writer_properties=_WRITING,
            post_commithook_properties=_NOTHING_AFTER,
        )

    _among_others(commit)


def _sync(store: Store, table: Table, after: int) -> None:
    """Let the disk hold what the commits after one rest on: files, log entries, their folders."""
    folder = store.folder(table)
    log = folder / "_delta_log"
    number = after + 1
    touched: set[Path] = set()
    while (entry := _entry(log, number)).exists():
        with entry.open(encoding="utf-8") as lines:
            actions = [json.loads(line) for line in lines]
        added = [folder / unquote(each["add"]["path"]) for each in actions if "add" in each]
        touched |= {entry, *(path for path in added if path.exists())}
        number += 1
    for path in sorted(touched):
        sync_path(path)
    # A folder is told last of what is in it, and the folder above of the folder.
    for above in sorted({path.parent for path in touched} | {folder}, reverse=True):
        sync_path(above)


def _newest_entry(store: Store, table: Table) -> int:
    """The number of the newest entry of a table's log; -1 where it has none."""
    log = store.folder(table) / "_delta_log"
    return max((int(path.stem) for path in log.glob("[0-9]*[0-9].json")), default=-1)


def _entry(log: Path, number: int) -> Path:
    return log / f"{number:020}.json"


def _among_others(commit: Callable[[], object]) -> None:
    """Commit again where another commit came between, because that refused this one whole."""
    for _ in range(_TRIES - 1):
        with suppress(CommitFailedError):
            commit()
            return
    commit()


def replace(store: Store, table: Table, rows: pa.Table, predicate: str) -> int:
    """Put rows in the place of those under a predicate, in one commit. Returns the new version."""
    before = _newest_entry(store, table)
    with changing(store.folder(table), "replace rows"):
        write_deltalake(
            store.folder(table),
            rows,
            mode="overwrite",
            predicate=predicate,
            writer_properties=_WRITING,
            post_commithook_properties=_NOTHING_AFTER,
        )
        _sync(store, table, before)
    _checkpoint(store, table)
    return version(store, table)


def overwrite(store: Store, table: Table, rows: pa.Table) -> None:
    """Put rows in the place of all there are, in one commit."""
    before = _newest_entry(store, table)
    with changing(store.folder(table), "rewrite the table"):
        write_deltalake(
            store.folder(table),
            rows,
            mode="overwrite",
            schema_mode="merge",
            writer_properties=_WRITING,
            post_commithook_properties=_NOTHING_AFTER,
        )
        _sync(store, table, before)
    _checkpoint(store, table)


def within(first: date | None, last: date | None) -> str:
    """Days of a table, both ends included, as SQL that holds only dates."""
    assert first
    assert last
    return f"date >= DATE '{first.isoformat()}' AND date <= DATE '{last.isoformat()}'"


def restore(store: Store, table: Table, to_version: int) -> None:
    """Make a table again what it was at a version, as a new version."""
    with changing(store.folder(table), "restore a version"):
        DeltaTable(store.folder(table)).restore(
            to_version, post_commithook_properties=_NOTHING_AFTER
        )


def delete_runs(store: Store, table: Table, run_ids: Sequence[str]) -> None:
    """Remove the rows of some runs and the files that held them."""
    with changing(store.folder(table), "remove a run's rows"):
        found = [run_id for run_id in run_ids if _partition(store, table, run_id).is_dir()]
        for start in range(0, len(found), _RUNS_AT_ONCE):
            _delete(store, table, found[start : start + _RUNS_AT_ONCE])


def _delete(store: Store, table: Table, run_ids: Sequence[str]) -> None:
    listed = ", ".join(f"'{run_id}'" for run_id in run_ids if run_id.replace("-", "").isalnum())

    def commit() -> None:
        DeltaTable(store.folder(table)).delete(
            f"run_id IN ({listed})", post_commithook_properties=_NOTHING_AFTER
        )

    _among_others(commit)
    for run_id in run_ids:
        shutil.rmtree(_partition(store, table, run_id), ignore_errors=True)


def _checkpoint(store: Store, table: Table) -> None:
    """Shorten what readers of a long log have to read; a failure costs them time and no more."""
    with suppress(LedgerError), changing(store.folder(table), "shorten the log"):
        if _newest_entry(store, table) % _CHECKPOINT_EVERY == 0:
            DeltaTable(store.folder(table)).create_checkpoint()


def _partition(store: Store, table: Table, run_id: str) -> Path:
    return store.folder(table) / f"run_id={run_id}"


def runs_with_rows(store: Store, table: Table) -> set[str]:
    """The runs that have a folder in a result table, recorded or not."""
    with touching(store.folder(table), "list runs"):
        return {path.name.removeprefix("run_id=") for path in store.folder(table).glob("run_id=*")}


def files(
    store: Store, table: Table, at_version: int | None = None, rows: int | None = None
) -> list[Path]:
    """The data files of a table, the newest or at a version.

    ``rows`` is how many they hold by the record. Raises ``LedgerError`` (``damaged_ledger``) where
    the version, a file or a part of one is gone, or they hold another number of rows.
    """
    found = _files(store, table, at_version)
    _require_rows(store, table, found, rows, "")
    return sorted(path for path, _ in found)


def files_by_run(
    store: Store, table: Table, recorded: Mapping[str, int | None]
) -> dict[str, list[Path]]:
    """The data files of some runs, the table opened once.

    ``recorded`` says of each run how many rows its record knows. Raises as ``files`` does.
    """
    found: dict[str, list[tuple[Path, int | None]]] = {run_id: [] for run_id in recorded}
    for path, count in _files(store, table, None, set(recorded)):
        found[path.parent.name.removeprefix("run_id=")].append((path, count))
    for run_id, mine in found.items():
        _require_rows(store, table, mine, recorded[run_id], f" of {run_id}")
    return {run_id: sorted(path for path, _ in mine) for run_id, mine in found.items()}


def _files(
    store: Store, table: Table, at_version: int | None, run_ids: Collection[str] | None = None
) -> list[tuple[Path, int | None]]:
    """The data files, whole as far as their sizes tell, each with the rows that the log counts."""
    folder = store.folder(table)
    with touching(folder, "list files"):
        listed = _listed(folder, table.name, at_version, _log_as_it_is(folder))
    found = [(folder / unquote(path), size, count) for path, size, count in listed]
    if run_ids is not None:
        found = [each for each in found if each[0].parent.name.removeprefix("run_id=") in run_ids]
    findings = [finding for path, size, _ in found if (finding := _damage(table, path, size))]
    if findings:
        raise LedgerError(findings)
    return [(path, count) for path, _, count in found]


@lru_cache(maxsize=16)
def _listed(
    folder: Path, name: str, at_version: int | None, _log: object
) -> tuple[tuple[str, int, int | None], ...]:
    """Path, size and rows of each file of a table, as long as its log stays as it is.

    One ingest asks for the same table up to four times, and each opening reads the log again.
    """
    # Not flattened: in a table without statistics the columns of these would be missing.
    actions = pa.table(_opened(folder, name, at_version).get_add_actions())
    told = (actions[each].to_pylist() for each in ("path", "size_bytes", "num_records"))
    return tuple(zip(*told, strict=True))


def _log_as_it_is(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Name, size and moment of each entry of a table's log: equal where nothing touched it."""
    found = []
    with suppress(FileNotFoundError), os.scandir(folder / "_delta_log") as entries:
        found = [(entry.name, entry.stat()) for entry in entries]
    return tuple(sorted((name, stat.st_size, stat.st_mtime_ns) for name, stat in found))


def _opened(folder: Path, table: str, at_version: int | None) -> DeltaTable:
    try:
        return DeltaTable(folder, version=at_version)
    except DeltaError as error:
        # What the system would not do is no damage.
        if "os error" in str(error):
            raise
        try:
            newest = DeltaTable(folder).version()
        except DeltaError:
            message = f"The log of the table {table!r} cannot be read."
            raise damaged(message, folder / "_delta_log") from error
        if at_version is None or newest >= at_version:
            raise
        message = f"Version {at_version} of the table {table!r}, which a record names, is "
        raise damaged(f"{message}gone; the newest is {newest}.", folder) from None


def _require_rows(
    store: Store,
    table: Table,
    found: Sequence[tuple[Path, int | None]],
    rows: int | None,
    whose: str,
) -> None:
    """A lost commit of a result table would otherwise be taken for a run without rows."""
    counts = [count for _, count in found]
    held = sum(count or 0 for count in counts)
    if rows is not None and None not in counts and held != rows:
        told = f"The table {table.name!r} has {held:,} rows{whose}"
        raise damaged(f"{told}; its record says {rows:,}.", store.folder(table))


def _damage(table: Table, path: Path, size: int) -> Finding | None:
    try:
        found = path.stat().st_size
    except FileNotFoundError:
        return damaged_finding(f"A file of the table {table.name!r} is gone.", path)
    if found != size:
        message = f"A file of the table {table.name!r} has {found:,} bytes instead of {size:,}."
        return damaged_finding(message, path)
    return None


def require_sound(table: Table, paths: Sequence[Path]) -> None:
    """Read files from end to end. Raises ``LedgerError`` (``damaged_ledger``) with each bad one."""
    findings = []
    for path in paths:
        try:
            wild = any(map(_is_wild, pq.ParquetFile(path).iter_batches()))
        except (OSError, pa.ArrowException) as error:
            findings.append(damaged_finding(_unreadable(table, error), path))
            continue
        if wild:
            message = f"A file of the table {table.name!r} holds an amount that no program writes."
            findings.append(damaged_finding(message, path))
    if findings:
        raise LedgerError(findings)


def _is_wild(batch: pa.RecordBatch) -> bool:
    """Whether an amount is none of those that 64 bits hold, at any number of decimals."""
    import pyarrow.compute as pc  # noqa: PLC0415

    # What was used may be larger than any amount.
    names = [
        field.name
        for field in batch.schema
        if pa.types.is_decimal(field.type) and field.name != "value"
    ]
    bounds = [bound for name in names for bound in pc.min_max(batch[name]).as_py().values()]
    return any(bound is not None and abs(bound) > MAXIMUM_UNITS for bound in bounds)


def _unreadable(table: Table, error: BaseException) -> str:
    return f"A file of the table {table.name!r} cannot be read: {reason_of(error)}"


def read(
    store: Store, table: Table, at_version: int | None = None, columns: Sequence[str] = ()
) -> pa.Table:
    """A whole table, for those that are small; only some columns where they are named."""
    paths = files(store, table, at_version)
    fields = [table.schema.field(name) for name in columns] or list(table.schema)
    schema = pa.schema(fields)
    with touching(store.folder(table), "read rows"):
        parts = (part(table, path, schema) for path in paths)
        return pa.concat_tables([schema.empty_table(), *parts])


def part(table: Table, path: Path, schema: pa.Schema) -> pa.Table:
    """A file's rows. Columns that the program did not know when it wrote them are null."""
    try:
        rows = pq.ParquetFile(path).read(columns=schema.names)
    except (OSError, pa.ArrowException) as error:
        # The system's own failures have a number; what is wrong in the file has none.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise damaged(_unreadable(table, error), path) from error
    for field in schema:
        if field.name not in rows.column_names:
            rows = rows.append_column(field, pa.nulls(rows.num_rows, field.type))
    rows = rows.select(schema.names)
    # To cast loads a library that takes longer than a short command.
    return rows if rows.schema.equals(schema, check_metadata=True) else rows.cast(schema)


def next_sequence(store: Store, table: Table) -> int:
    """The number of a table's next record: 1, 2, 3 ... in the order in which they are made."""
    known = read(store, table, columns=["sequence"])["sequence"]
    return max(known.to_pylist(), default=0) + 1


def as_json(value: object) -> str:
    """JSON with sorted keys, so that equal facts have equal text."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
