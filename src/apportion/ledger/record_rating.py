"""The ordered steps of a rating's writing, and which rating answers. The record decides.

Rows lie under the rating's own id, and readers see none of them until the record stands. What a
killed writer left is swept by the next one.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from apportion import database
from apportion.findings import Finding, LedgerError, Place, RunError
from apportion.ledger.disk import Store
from apportion.ledger.locks import claimed, writing
from apportion.ledger.runs import Run, list_runs
from apportion.ledger.schemas import BILLABLE_USAGE, BILLING_TABLES, CHARGES, RATINGS
from apportion.ledger.steps import Step, no_step
from apportion.ledger.store import (
    add_record,
    append,
    delete_runs,
    files,
    files_by_run,
    make_tables,
    next_sequence,
    read,
    runs_with_rows,
    widen,
)
from apportion.ledger.views import table_view

RATING_STEPS = ("sweep", "claim", "write rows", "read back", "record", "release")
ROWS_AT_ONCE = 1_000_000

_SUMS = """
    SELECT count(*), min(date), max(date), coalesce(sum(chargeable_units), 0)::DECIMAL(38, 0),
           coalesce(sum(cost), 0)::DECIMAL(38, 12),
           coalesce(sum(billable_units), 0)::DECIMAL(38, 0),
           coalesce(sum(notifications_sent), 0)::DECIMAL(38, 0),
           count_if(free_allowance_used + charged_units <> chargeable_units
                    OR remaining_before - free_allowance_used <> remaining_after
                    OR charged_units * rate <> cost OR remaining_after < 0 OR charged_units < 0)
    FROM charges
"""
_USED = """
    SELECT count(*), coalesce(sum(billable_units), 0)::DECIMAL(38, 0),
           coalesce(sum(notifications_sent), 0)::DECIMAL(38, 0)
    FROM billable_usage WHERE NOT list_contains(?::VARCHAR[], account)
"""


@dataclass(frozen=True, slots=True)
class Rating:
    """A completed rating, as its record tells it."""

    sequence: int
    run_id: str
    at: datetime
    start_date: date | None
    end_date: date | None
    currency: str
    model_digest: str
    billable_usage_version: int
    rows: int
    chargeable_units: Decimal
    cost: Decimal
    findings: str
    program: str


@dataclass(frozen=True, slots=True)
class RatingFacts:
    """What the record of a rating says beside its id, time and sums.

    ``not_rated`` are the accounts, by every id that usage names, whose usage is in no row.
    """

    currency: str
    model_digest: str
    model: str
    billable_usage_version: int
    findings: str
    program: str
    allowances_version: int
    not_rated: tuple[str, ...] = ()


def usage_view(connection: duckdb.DuckDBPyConnection, store: Store, at_version: int) -> None:
    """The view ``billable_usage`` at a version."""
    table_view(connection, BILLABLE_USAGE, files(store, BILLABLE_USAGE, at_version))


def charges_view(
    connection: duckdb.DuckDBPyConnection,
    store: Store,
    run_id: str,
    name: str = CHARGES.name,
    rows: int | None = None,
) -> None:
    """A view of the rows of one rating, of which its record knows so many."""
    paths = files_by_run(store, CHARGES, {run_id: rows})[run_id]
    table_view(connection, CHARGES, paths, name)


def list_ratings(store: Store) -> list[Rating]:
    """All completed ratings, the latest first."""
    make_tables(store, BILLING_TABLES)
    # Models are large, and hardly ever asked for.
    records: pa.Table = read(store, RATINGS, columns=[field.name for field in fields(Rating)])
    rows = records.sort_by([("sequence", "descending")]).to_pylist()
    return [Rating(**row) for row in rows]


def model_of_rating(store: Store, run_id: str) -> str:
    """The model of a completed rating as JSON, allowances as set included."""
    records = read(store, RATINGS, columns=["run_id", "model"])
    found: list[str] = records.filter(pc.field("run_id") == run_id)["model"].to_pylist()
    return found[0]


def find_rating(store: Store, run_id: str) -> Rating:
    """A rating by its id or the beginning of it, or the one that held when a run was made.

    Raises ``LedgerError`` (``unknown_run``).
    """
    ratings = list_ratings(store)
    found = [each for each in ratings if run_id and each.run_id.startswith(run_id)]
    if not found:
        runs = [run for run in list_runs(store) if run_id and run.run_id.startswith(run_id)]
        found = [each for run in runs[:1] for each in ratings if _held(each, run)][:1]
    if len(found) == 1:
        return found[0]
    problem = f"{len(found)} ratings begin with" if found else "no rating has the id"
    raise LedgerError(
        [
            Finding(
                "unknown_run",
                f"In this ledger {problem} {run_id!r}.",
                Place(str(store.root)),
                remedy="Name more of the id, or a run made after a rating.",
            )
        ]
    )


def _held(rating: Rating, run: Run) -> bool:
    """Whether a rating held when a run was made. The clock may have been set back since."""
    if run.rating is not None:
        return rating.run_id == run.rating
    return 0 < rating.billable_usage_version == run.billable_usage_version


def commit_rating(
    store: Store,
    facts: RatingFacts,
    rows: Callable[[], Iterator[pa.Table]],
    *,
    run_id: str,
    now: Callable[[], datetime],
    on_step: Step = no_step,
) -> Rating:
    """Write rated rows, hold the sums of what is read back to the usage, and record them.

    Raises what ``rows`` raises, ``RunError`` (``invariant_violation``) where a unit is lost or a
    row does not add up, and ``LedgerError``; nothing of the rating is then visible.
    """
    make_tables(store, BILLING_TABLES)
    widen(store, (RATINGS, CHARGES))
    on_step("sweep")
    _sweep(store)
    on_step("claim")
    with claimed(store, run_id) as mine:
        if not mine:
            raise LedgerError([Finding("ledger_busy", f"The rating {run_id!r} is being written.")])
        try:
            on_step("write rows")
            for part in rows():
                own = pa.repeat(pa.scalar(run_id), part.num_rows)
                named = part.append_column("run_id", own).select(CHARGES.schema.names)
                append(store, CHARGES, named.cast(CHARGES.schema))
            on_step("read back")
            sums = _proved(store, run_id, facts)
            on_step("record")
            with writing(store):
                record = _record(store, facts, run_id, now(), sums)
                add_record(store, RATINGS, pa.Table.from_pylist([record], schema=RATINGS.schema))
            on_step("release")
        except BaseException:
            with suppress(LedgerError):
                if run_id not in _recorded(store):
                    delete_runs(store, CHARGES, [run_id])
            raise
    return find_rating(store, run_id)


def _recorded(store: Store) -> set[str]:
    return set(read(store, RATINGS, columns=["run_id"])["run_id"].to_pylist())


def _sweep(store: Store) -> None:
    """Remove rows that no record names and no living process is writing."""
    for run_id in sorted(runs_with_rows(store, CHARGES) - _recorded(store)):
        with claimed(store, run_id) as mine:
            if mine and run_id not in _recorded(store):
                delete_runs(store, CHARGES, [run_id])


def _proved(store: Store, run_id: str, facts: RatingFacts) -> dict[str, object]:
    connection = database.connect()
    charges_view(connection, store, run_id)
    usage_view(connection, store, facts.billable_usage_version)
    found = connection.execute(_SUMS).fetchall()[0]
    used = connection.execute(_USED, [list(facts.not_rated)]).fetchall()[0]
    rows, first, last, units, cost, billable, sent, wrong = found
    if (rows, billable, sent) != used or wrong:
        raise RunError(
            [
                Finding(
                    "invariant_violation",
                    f"Of {used[0]:,} rows with {used[1]:,} units, {rows:,} with {billable:,} were "
                    f"rated; {wrong:,} do not add up.",
                    Place(str(store.folder(CHARGES))),
                    remedy="Nothing was published. This is a fault of the program or of the disk.",
                )
            ]
        )
    return {
        "rows": rows,
        "start_date": first,
        "end_date": last,
        "chargeable_units": units,
        "cost": cost,
    }


def _record(
    store: Store, facts: RatingFacts, run_id: str, at: datetime, sums: dict[str, object]
) -> dict[str, object]:
    return {
        "sequence": next_sequence(store, RATINGS),
        "run_id": run_id,
        "at": at,
        "currency": facts.currency,
        "model_digest": facts.model_digest,
        "model": facts.model,
        "billable_usage_version": facts.billable_usage_version,
        "allowances_version": facts.allowances_version,
        "findings": facts.findings,
        "program": facts.program,
        **sums,
    }
