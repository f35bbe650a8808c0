"""The ordered steps of a run's writing. What counts is the record; all before it can be undone.

Rows lie under the run's own id, so runs do not disturb each other and readers see none of them
until the record stands. A run that is being written holds a claim, which the system lets go when
its process dies; rows without record and without claim are orphans, and the next run sweeps them.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from apportion import database
from apportion.findings import Finding, LedgerError
from apportion.ledger.disk import Store
from apportion.ledger.locks import claimed, runs_claimed, writing
from apportion.ledger.runs import Piece
from apportion.ledger.schemas import (
    ALLOCATIONS,
    CONTRIBUTIONS,
    RECONCILIATIONS,
    RESULTS,
    RUNS,
    WARNINGS,
    Table,
)
from apportion.ledger.steps import Step, no_step
from apportion.ledger.store import (
    add_record,
    append,
    as_json,
    delete_runs,
    next_sequence,
    overwrite,
    read,
    runs_with_rows,
)
from apportion.ledger.views import result_views

_LOGGER = logging.getLogger("apportion.run")

RUN_STEPS = ("sweep", "claim", "write rows", "read back", "write proof", "record", "release")

WRITERS = 2
"""Threads that write rows: a writer of Parquet keeps one processor busy."""

ROWS_AT_ONCE = 2_000_000
"""Rows gathered before they are written: large enough for good files, small enough for memory."""


class RunRows(Protocol):
    """Some rows of a run without ``run_id``, days ascending."""

    @property
    def allocations(self) -> pa.RecordBatch:
        """Rows of the table ``allocations``."""

    @property
    def contributions(self) -> pa.RecordBatch:
        """Rows of the table ``contributions``."""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What the record of a run says beside its id, time and counts."""

    start: date
    end: date
    currency: str
    scale: int
    dimensions: tuple[str, ...] | None
    model_digest: str
    model: str
    costs_version: int
    usage_version: int
    program: str
    billable_usage_version: int = 0
    rating: str = ""


@dataclass(frozen=True, slots=True)
class RunEnd:
    """What is known once all rows have been computed."""

    warnings: pa.Table
    slow_splits: int


End = Callable[[duckdb.DuckDBPyConnection], RunEnd]
"""Told the rows as read back, gives what is known only now; raises where something is refused."""

Prove = Callable[[duckdb.DuckDBPyConnection], str]
"""Proves the rows as read back, and gives the proof as JSON; raises where they do not add up."""


def commit_run(
    store: Store,
    facts: RunFacts,
    rows: Iterable[RunRows],
    end: End,
    prove: Prove,
    *,
    run_id: str,
    now: Callable[[], datetime],
    on_step: Step = no_step,
) -> None:
    """Write a run's rows, prove them as read back, and record it (`A26`).

    ``rows`` is consumed first, then ``end`` is asked for warnings. Raises what ``rows``, ``end``
    and ``prove`` raise, and ``LedgerError``; nothing of the run is then visible.
    """
    on_step("sweep")
    _LOGGER.info("Swept what killed runs left: runs=%s", len(sweep(store)))
    on_step("claim")
    with claimed(store, run_id) as mine:
        if not mine:
            raise LedgerError([Finding("ledger_busy", f"The run {run_id!r} is being written.")])
        try:
            _commit(store, facts, rows, end, prove, run_id, now, on_step)
        except BaseException:
            # Whoever interrupts after the record leaves a complete run.
            with suppress(LedgerError):
                if run_id not in _recorded(store):
                    _remove(store, [run_id])
            raise


def _commit(
    store: Store,
    facts: RunFacts,
    rows: Iterable[RunRows],
    end: End,
    prove: Prove,
    run_id: str,
    now: Callable[[], datetime],
    on_step: Step,
) -> None:
    timings = {"began": now()}
    on_step("write rows")
    counts = _write(store, run_id, rows)
    _LOGGER.info("Wrote rows: allocations=%s contributions=%s", *counts)
    timings["written"] = now()
    on_step("read back")
    connection = database.connect()
    result_views(connection, store, [Piece(run_id, facts.start, facts.end)])
    finished = end(connection)
    proof = prove(connection)
    append(store, WARNINGS, _of_run(WARNINGS, run_id, finished.warnings))
    timings["proved"] = now()
    on_step("write proof")
    append(store, RECONCILIATIONS, _of_run(RECONCILIATIONS, run_id, _proof_rows(proof)))
    on_step("record")
    with writing(store):
        row = _record(store, facts, run_id, counts, finished, timings)
        add_record(store, RUNS, pa.Table.from_pylist([row], schema=RUNS.schema))
    _LOGGER.info("Recorded the run: run=%s warnings=%s", run_id, finished.warnings.num_rows)
    on_step("release")


def sweep(store: Store) -> list[str]:
    """Remove what no record names and no living process is writing. Returns the runs removed."""
    claims = runs_claimed(store)
    found = set().union(*(runs_with_rows(store, table) for table in RESULTS))
    orphans = []
    for run_id in sorted(claims | (found - _recorded(store))):
        with claimed(store, run_id) as mine:
            # Between the look at the records and the claim the run may have been completed.
            if mine and run_id in found - _recorded(store):
                orphans.append(run_id)
                _remove(store, [run_id])
    return orphans


def _recorded(store: Store) -> set[str]:
    return set(read(store, RUNS, columns=["run_id"])["run_id"].to_pylist())


def prune(store: Store, run_ids: list[str]) -> None:
    """Remove completed runs: first their records, so that nobody reads what is going."""
    with writing(store):
        records = read(store, RUNS)
        kept = records.filter(pc.invert(pc.is_in(records["run_id"], pa.array(run_ids))))
        overwrite(store, RUNS, kept)
    _remove(store, run_ids)


def _remove(store: Store, run_ids: list[str]) -> None:
    for table in RESULTS:
        delete_runs(store, table, run_ids)


def _write(store: Store, run_id: str, rows: Iterable[RunRows]) -> tuple[int, int]:
    """Write both tables while the next rows are computed. Returns how many rows each got."""
    allocations = contributions = 0
    with ThreadPoolExecutor(WRITERS) as writers:
        under_way: deque[Future[None]] = deque()
        for gathered in _gathered(rows):
            parts = {
                ALLOCATIONS: pa.Table.from_batches([each.allocations for each in gathered]),
                CONTRIBUTIONS: pa.Table.from_batches([each.contributions for each in gathered]),
            }
            allocations += parts[ALLOCATIONS].num_rows
            contributions += parts[CONTRIBUTIONS].num_rows
            for table, part in parts.items():
                if part.num_rows:
                    rows_of_run = _of_run(table, run_id, part)
                    under_way.append(writers.submit(append, store, table, rows_of_run))
            # What waits to be written is held in memory, so it must not be much.
            while len(under_way) > 2 * WRITERS:
                under_way.popleft().result()
        for future in under_way:
            future.result()
    return allocations, contributions


def _gathered(rows: Iterable[RunRows]) -> Iterator[list[RunRows]]:
    waiting: list[RunRows] = []
    count = 0
    for each in rows:
        waiting.append(each)
        count += each.contributions.num_rows + each.allocations.num_rows
        if count >= ROWS_AT_ONCE:
            yield waiting
            waiting, count = [], 0
    if waiting:
        yield waiting


def _of_run(table: Table, run_id: str, rows: pa.Table) -> pa.Table:
    """Rows as the table has them, texts still encoded where they were."""
    # Delta cannot partition by an encoded column.
    own = pa.chunked_array([pa.repeat(pa.scalar(run_id), rows.num_rows)])
    columns = [own if name == "run_id" else rows[name] for name in table.schema.names]
    wanted = [
        field if not pa.types.is_dictionary(column.type) else field.with_type(column.type)
        for field, column in zip(table.schema, columns, strict=True)
    ]
    arrays = [column.cast(field.type) for field, column in zip(wanted, columns, strict=True)]
    return pa.Table.from_arrays(arrays, schema=pa.schema(wanted))


def _proof_rows(proof: str) -> pa.Table:
    return pa.table({"reconciliation": [proof]})


def _record(
    store: Store,
    facts: RunFacts,
    run_id: str,
    counts: tuple[int, int],
    finished: RunEnd,
    timings: dict[str, datetime],
) -> dict[str, object]:
    wrote = (timings["written"] - timings["began"]).total_seconds()
    proved = (timings["proved"] - timings["written"]).total_seconds()
    return {
        "sequence": next_sequence(store, RUNS),
        "run_id": run_id,
        "at": timings["proved"],
        "start_date": facts.start,
        "end_date": facts.end,
        "currency": facts.currency,
        "scale": facts.scale,
        "dimensions": None if facts.dimensions is None else as_json(list(facts.dimensions)),
        "model_digest": facts.model_digest,
        "model": facts.model,
        "costs_version": facts.costs_version,
        "usage_version": facts.usage_version,
        "billable_usage_version": facts.billable_usage_version,
        "rating": facts.rating,
        "allocations": counts[0],
        "contributions": counts[1],
        "warnings": finished.warnings.num_rows,
        "slow_splits": finished.slow_splits,
        "timings": as_json({"compute and write": round(wrote, 3), "prove": round(proved, 3)}),
        "program": facts.program,
    }
