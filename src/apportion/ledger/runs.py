"""Which run answers for which day (`A27`)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from apportion.findings import Finding, LedgerError, Place
from apportion.ledger.bill_lines import BILL_LINES
from apportion.ledger.disk import Store, damaged
from apportion.ledger.schemas import (
    ALLOCATIONS,
    BILLING_INGESTS,
    CONTRIBUTIONS,
    INGESTS,
    INPUTS,
    RATINGS,
    RECONCILIATIONS,
    RUNS,
    WARNINGS,
    Table,
)
from apportion.ledger.store import files_by_run, is_made, part, read

Days = npt.NDArray[np.datetime64]

VERSIONED = (*INPUTS, BILL_LINES)
"""The tables of which each change names the version that counts."""


@dataclass(frozen=True, slots=True)
class Run:
    """A completed run, as its record tells it."""

    sequence: int
    run_id: str
    at: datetime
    start_date: date
    end_date: date
    currency: str
    scale: int
    dimensions: str | None
    model_digest: str
    costs_version: int
    usage_version: int
    allocations: int
    contributions: int
    warnings: int
    slow_splits: int
    timings: str
    program: str
    billable_usage_version: int = 0
    rating: str | None = None

    @property
    def rows(self) -> dict[str, int]:
        """How many rows it wrote into each result table."""
        return {
            ALLOCATIONS.name: self.allocations,
            CONTRIBUTIONS.name: self.contributions,
            WARNINGS.name: self.warnings,
            RECONCILIATIONS.name: 1,
        }


@dataclass(frozen=True, slots=True)
class Piece:
    """The days of a period for which one run answers, both ends included."""

    run_id: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Coverage:
    """The runs that answer for a period, and the stretches for which none does."""

    pieces: tuple[Piece, ...]
    gaps: tuple[tuple[date, date], ...]


def list_runs(store: Store) -> list[Run]:
    """All completed runs, the latest first."""
    # Models are large, and hardly ever asked for.
    records: pa.Table = read(store, RUNS, columns=[field.name for field in fields(Run)])
    rows: list[dict[str, Any]] = records.to_pylist()
    return sorted((Run(**row) for row in rows), key=lambda run: run.sequence, reverse=True)


def model_of_run(store: Store, run_id: str) -> str:
    """The model of a completed run as JSON."""
    records = read(store, RUNS, columns=["run_id", "model"])
    place = records["run_id"].to_pylist().index(run_id)
    return str(records["model"][place].as_py())


def find_run(store: Store, run_id: str) -> Run:
    """A run by its id, or by the beginning of it where no other begins so.

    Raises ``LedgerError`` (``unknown_run``).
    """
    runs = list_runs(store)
    found = [run for run in runs if run.run_id == run_id] or [
        run for run in runs if run_id and run.run_id.startswith(run_id)
    ]
    if len(found) == 1:
        return found[0]
    problem = f"{len(found)} runs begin with" if found else "no run has the id"
    raise LedgerError(
        [
            Finding(
                "unknown_run",
                f"In this ledger {problem} {run_id!r}.",
                Place(str(store.root)),
                remedy="List them with: apportion runs list",
            )
        ]
    )


def pinned_versions(store: Store) -> dict[str, int]:
    """The versions of costs, usage and lines that count: those of the latest change."""
    columns = ["sequence", *(f"{table.name}_version" for table in VERSIONED)]
    return pins_of(read(store, INGESTS, columns=columns))


def pins_of(records: pa.Table) -> dict[str, int]:
    """The same as some rows of ``ingests`` tell it."""
    if records.num_rows == 0:
        return {table.name: 0 for table in VERSIONED}
    last = max(records.to_pylist(), key=lambda record: record["sequence"])
    return {table.name: last[f"{table.name}_version"] or 0 for table in VERSIONED}


def require_not_behind(store: Store, log: Table, pins: Mapping[str, int]) -> None:
    """Raise ``LedgerError`` where a run or rating read more than the last record of a log tells of.

    ``pins`` say how far the log reaches, by the columns in which runs and ratings note what they
    read. Those figures only grow, so a record is gone; whatever is computed would be of less.
    """
    for table, reader in ((RUNS, "run"), (RATINGS, "rating")):
        names = [name for name in pins if name in table.schema.names]
        if not names or not is_made(store, table):
            continue
        noted = read(store, table, columns=names)
        for name in names:
            before = max((each for each in noted[name].to_pylist() if each is not None), default=0)
            if before > pins[name]:
                raise damaged(
                    f"A {reader} has read {name.replace('_', ' ')} {before}, and the last record "
                    f"of {log.name!r} tells of {pins[name]}: a record is gone.",
                    store.folder(log),
                )


def require_inputs(store: Store, pins: Mapping[str, int]) -> None:
    """The same for costs and usage, of which ``pins`` are the versions that count."""
    require_not_behind(store, INGESTS, {f"{each.name}_version": pins[each.name] for each in INPUTS})


def ingests_since(records: pa.Table, answers: Sequence[tuple[Run, date, date]]) -> int:
    """The most ingests that changed any day of a stretch after the run that answers had read it.

    ``records`` are all ingests; ``answers`` are runs with the first and last day of a stretch that
    they answer for.
    """
    return max((_since(records, *each) for each in answers), default=0)


def billings_since(store: Store, answers: Sequence[tuple[Run, date, date]]) -> int:
    """The same for ingests of billable usage, by which shares can be decided too (`B20`)."""
    metered = [each for each in answers if each[0].billable_usage_version]
    if not metered:
        return 0
    names = ("billable_usage_version", "start_date", "end_date")
    records = read(store, BILLING_INGESTS, columns=names)
    at_version, begins, ends = (records[name].to_numpy() for name in names)
    return max(
        int(np.sum((at_version > run.billable_usage_version) & _within(begins, ends, first, last)))
        for run, first, last in metered
    )


def _since(records: pa.Table, run: Run, first: date, last: date) -> int:
    costs, usage, begins, ends = (
        records[name].to_numpy()
        for name in ("costs_version", "usage_version", "first_date", "last_date")
    )
    newer = (costs > run.costs_version) | (usage > run.usage_version)
    return int(np.sum(newer & _within(begins, ends, first, last)))


def _within(begins: Days, ends: Days, first: date, last: date) -> npt.NDArray[np.bool_]:
    """Which stretches have a day in common with the one from ``first`` to ``last``."""
    return (begins <= np.datetime64(last)) & (ends >= np.datetime64(first))


_DATED = pa.schema([field for field in WARNINGS.schema if field.name not in WARNINGS.partition_by])
_TOLD = pa.schema([field for field in _DATED if field.name not in ("dates", "amounts")])


def recorded_warnings(store: Store, runs: Sequence[Run]) -> pa.Table:
    """The warnings that stand beside some runs, each over the whole of its run."""
    warned = {run.run_id: run.warnings for run in runs if run.warnings}
    paths = files_by_run(store, WARNINGS, warned) if warned else {}
    parts = [part(WARNINGS, path, _TOLD) for each in paths.values() for path in each]
    return pa.concat_tables([_TOLD.empty_table(), *parts])


def warnings_within(store: Store, runs: Sequence[Run], pieces: Sequence[Piece]) -> pa.Table:
    """What runs assumed on the days for which they answer, with the money of these days.

    The same of several runs is one row. What is not known by day, as of older runs, is told as each
    run has it; of a part of a run without days and money, which are those of the whole.
    """
    from apportion import database  # noqa: PLC0415

    bounds = [(piece.run_id, piece.first, piece.last) for piece in pieces]
    if bounds == [(run.run_id, run.start_date, run.end_date) for run in runs[:1]]:
        return recorded_warnings(store, runs)
    warned = {run.run_id: run.warnings for run in runs if run.warnings}
    if not warned:
        return recorded_warnings(store, ())
    paths = files_by_run(store, WARNINGS, warned)
    parts = [
        rows.append_column("run_id", pa.repeat(run_id, rows.num_rows))
        for run_id, each in paths.items()
        for path in each
        for rows in [part(WARNINGS, path, _DATED)]
    ]
    connection = database.connect()
    connection.register("told", pa.concat_tables(parts))
    connection.register("pieces", pa.Table.from_pylist([asdict(piece) for piece in pieces]))
    whole = [run.run_id for run in runs if (run.run_id, run.start_date, run.end_date) in bounds]
    connection.register("whole", pa.table({"run_id": pa.array(whole, pa.string())}))
    return connection.sql(_WITHIN).to_arrow_table().cast(_TOLD)


_WITHIN = """
    SELECT code, message, source, receiver, metric, count(DISTINCT date) AS days, policy,
           sum(amount) AS amount, currency
    FROM (SELECT * EXCLUDE (days, amount), unnest(dates) AS date, unnest(amounts) AS amount
          FROM told)
    JOIN pieces USING (run_id) WHERE date BETWEEN first AND last
    GROUP BY code, message, source, receiver, metric, policy, currency
    UNION ALL
    SELECT code, message, source, receiver, metric, CASE WHEN run_id IN (FROM whole) THEN days END,
           policy, CASE WHEN run_id IN (FROM whole) THEN amount END, currency
    FROM told WHERE dates IS NULL
    ORDER BY ALL
"""


def answering_together(runs: Sequence[Run]) -> list[list[Run]]:
    """Runs that can answer for one period together: in one currency, over the same dimensions.

    Those over all dimensions come first, so that a run over some never takes the place of a whole
    one; then those with the latest run first.
    """
    groups: dict[tuple[str, str | None], list[Run]] = {}
    for run in sorted(runs, key=lambda run: -run.sequence):
        groups.setdefault((run.currency, run.dimensions), []).append(run)
    return sorted(groups.values(), key=lambda group: group[0].dimensions is not None)


def coverage(runs: Sequence[Run], start: date, end: date) -> Coverage:
    """Give each day to the latest of these runs that covers it."""
    cuts = {start, end + timedelta(days=1)}
    for run in runs:
        cuts |= {run.start_date, run.end_date + timedelta(days=1)}
    inside = sorted(cut for cut in cuts if start <= cut <= end + timedelta(days=1))
    pieces: list[Piece] = []
    gaps: list[tuple[date, date]] = []
    for first, after in pairwise(inside):
        last = after - timedelta(days=1)
        answering = [run for run in runs if run.start_date <= first and last <= run.end_date]
        if not answering:
            _extend(gaps, first, last)
            continue
        latest = max(answering, key=lambda run: run.sequence)
        if pieces and pieces[-1].run_id == latest.run_id and pieces[-1].last + _DAY == first:
            pieces[-1] = Piece(latest.run_id, pieces[-1].first, last)
        else:
            pieces.append(Piece(latest.run_id, first, last))
    return Coverage(tuple(pieces), tuple(gaps))


_DAY = timedelta(days=1)
_NAMED = 5


def covered(runs: Sequence[Run]) -> str:
    """The days that some runs cover, as the end of a sentence; nothing where there is no run."""
    spans: dict[str, list[tuple[date, date]]] = {}
    for run in sorted(runs, key=lambda run: (run.currency, run.start_date)):
        _extend(spans.setdefault(run.currency, []), run.start_date, run.end_date)
    told = []
    for currency, found in spans.items():
        listed = ", ".join(f"{first} to {last}" for first, last in found[:_NAMED])
        more = f" and {len(found) - _NAMED:,} more stretches" if len(found) > _NAMED else ""
        told.append(f"{listed}{more} in {currency}")
    return f"; there are runs of {', and of '.join(told)}" if told else ""


def _extend(spans: list[tuple[date, date]], first: date, last: date) -> None:
    """Add a stretch of days to others that begin no later, to the last where it meets it."""
    if spans and first <= spans[-1][1] + _DAY:
        spans[-1] = (spans[-1][0], max(spans[-1][1], last))
    else:
        spans.append((first, last))
