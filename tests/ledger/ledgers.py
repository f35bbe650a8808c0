"""A small company with a ledger, and what a reader sees in it.

What is seen holds no ids, times, versions and names of files, so two ledgers that say the same
compare equal, whatever was tried, killed and repeated on the way there.
"""

import io
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable, write_deltalake

from apportion.ledger.bill_lines import BILL_LINES, FACTS
from apportion.ledger.disk import Store
from apportion.ledger.record_ingest import pinned_versions
from apportion.ledger.runs import list_runs
from apportion.ledger.schemas import COSTS, INGESTS, RESULTS, RUNS, USAGE, Table
from apportion.ledger.standing import connect
from apportion.ledger.store import files_by_run, is_made, open_store, read

MODEL = """
nodes:
  - {id: database, type: shared}
  - {id: shop, type: product}
  - {id: search, type: product}
edges:
  - {source: database, receiver: shop, strategy: proportional_on, parameters: {metric: queries}}
  - {source: database, receiver: search, strategy: proportional_on, parameters: {metric: queries}}
"""
COST_COLUMNS = "node,date,dimension,amount,currency"
FILES = {
    "bill.csv": (
        COST_COLUMNS,
        "database,2024-01-01,compute,10.00,USD",
        "database,2024-01-02,compute,20.01,USD",
        "shop,2024-01-02,storage,1,USD",
    ),
    "corrected.csv": (
        COST_COLUMNS,
        "database,2024-01-01,compute,11.50,USD",
        "database,2024-01-02,storage,0.05,USD",
    ),
    "second.csv": (COST_COLUMNS, "database,2024-01-01,licences,7.00,USD"),
    "usage.csv": (
        "node,date,metric,value",
        "shop,2024-01-01,queries,1",
        "search,2024-01-01,queries,2",
        "shop,2024-01-02,queries,1",
        "search,2024-01-02,queries,5",
    ),
}
BILL = ("ingest", "costs", "bill.csv", "--source", "cloud")
CORRECTED = ("ingest", "costs", "corrected.csv", "--source", "cloud", "--period", "2024-01")
SECOND = ("ingest", "costs", "second.csv", "--source", "vendor")
USAGE_FILE = ("ingest", "usage", "usage.csv", "--source", "monitor")
RUN = ("run", "--from", "2024-01-01", "--to", "2024-01-02", "--again")


def write_company(folder: Path, *, scale: int = 2) -> Path:
    """A workspace without a ledger, and the files that can be ingested."""
    (folder / "model").mkdir(parents=True)
    (folder / "apportion.yaml").write_text(f"currency: USD\nscale: {scale}\n")
    (folder / "model" / "company.yaml").write_text(MODEL)
    for name, lines in FILES.items():
        (folder / name).write_text("\n".join(lines) + "\n")
    return folder


@dataclass(frozen=True)
class Seen:
    """What a reader sees: rows that count, and for each ingest and run a digest, in order.

    ``lines`` are those that were kept, ``parts`` what counts of them by source and day.
    """

    lines: tuple[tuple[Any, ...], ...]
    parts: tuple[tuple[Any, ...], ...]
    costs: tuple[tuple[Any, ...], ...]
    usage: tuple[tuple[Any, ...], ...]
    ingests: tuple[str, ...]
    runs: tuple[str, ...]

    def and_again(self) -> "Seen":
        """The same with the last run made once more."""
        return replace(self, runs=(*self.runs, self.runs[-1]))


NOTHING = Seen((), (), (), (), (), ())


def seen(folder: Path) -> Seen:
    """What a reader of a workspace sees."""
    if not (folder / "ledger").is_dir():
        return NOTHING
    store = open_store(folder / "ledger")
    pins = pinned_versions(store)
    return Seen(
        _lines(store, pins[BILL_LINES.name]),
        _parts(store),
        _rows(store, COSTS, pins["costs"]),
        _rows(store, USAGE, pins["usage"]),
        tuple(read(store, INGESTS).sort_by("sequence")["digest"].to_pylist()),
        tuple(_run(store, run.run_id) for run in reversed(list_runs(store))),
    )


def _rows(store: Store, table: Table, at_version: int) -> tuple[tuple[Any, ...], ...]:
    told = read(store, table, at_version).drop_columns("ingest_id").to_pylist()
    return tuple(sorted(tuple(row.values()) for row in told))


def _lines(store: Store, at_version: int) -> tuple[tuple[Any, ...], ...]:
    if not is_made(store, BILL_LINES):
        return ()
    told = read(store, BILL_LINES, at_version).drop_columns("delivery").to_pylist()
    return tuple(sorted((tuple(row.values()) for row in told), key=repr))


_PARTS = """
    SELECT source, issuers, account, period, is_bill, day, currency, mode, kept_bill, lines,
           digest, billed, effective, contracted, list
    FROM counting ORDER BY ALL
"""


def _parts(store: Store) -> tuple[tuple[Any, ...], ...]:
    return tuple(connect(store).execute(_PARTS).fetchall())


def _run(store: Store, run_id: str) -> str:
    """A digest of all that a run wrote, in the order and the bytes in which it stands there."""
    digest = sha256()
    for table in RESULTS:
        for path in files_by_run(store, table, {run_id: None})[run_id]:
            rows = pq.ParquetFile(path).read().combine_chunks()
            digest.update(_bytes(rows))
    return digest.hexdigest()


def _bytes(rows: pa.Table) -> bytes:
    plain = pa.table({name: rows[name] for name in rows.column_names if name != "run_id"})
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, plain.schema) as writer:
        writer.write_table(plain)
    return sink.getvalue()


def forget_lines(folder: Path) -> None:
    """Make of a ledger what an older program left, which kept no lines."""
    store = open_store(folder / "ledger")
    old = read(store, INGESTS).drop_columns(["kind", "delivery", "reason", "bill_lines_version"])
    rmtree(store.folder(INGESTS))
    write_deltalake(store.folder(INGESTS), old)
    for table in FACTS:
        rmtree(store.folder(table))


def left_over(folder: Path) -> list[str]:
    """What nobody will ever read or sweep: rows of unknown runs, claims of runs that ended."""
    store = open_store(folder / "ledger")
    runs = set(read(store, RUNS)["run_id"].to_pylist())
    rows = [path for path in store.root.glob("*/run_id=*") if path.name[7:] not in runs]
    return sorted(str(path) for path in [*rows, *store.root.glob(".running/*")])


def delta(folder: Path, table: Table) -> DeltaTable:
    """A table of a workspace as everybody else's program opens it."""
    return DeltaTable(folder / "ledger" / table.name)
