"""What is damaged in a ledger: looked for when it is asked whether it can be read, or was not."""

from pathlib import Path

import duckdb
import pyarrow as pa

from apportion.findings import Finding, LedgerError
from apportion.ledger.bill_lines import BILL_LINES, FACTS
from apportion.ledger.disk import Store
from apportion.ledger.record_rating import list_ratings
from apportion.ledger.runs import VERSIONED, list_runs, pinned_versions, require_inputs
from apportion.ledger.schemas import (
    BILLABLE_USAGE,
    BILLING_TABLES,
    CHARGES,
    RESULTS,
    TABLES,
    Table,
)
from apportion.ledger.standing import require_parts
from apportion.ledger.store import files, files_by_run, require_sound


def require_readable(store: Store) -> None:
    """Look, without reading rows, whether the newest answers can be given.

    What counts of costs, usage, allowances and kept lines must be there, and all rows of the latest
    run and rating.
    Raises ``LedgerError``.
    """
    # A child that only tells of damage needs neither model nor rating.
    from apportion.ledger.allowances import allowances_set  # noqa: PLC0415
    from apportion.ledger.record_billing import billing_version  # noqa: PLC0415

    require_inputs(store, pins := pinned_versions(store))
    for table in VERSIONED:
        # A ledger of an older program has no lines.
        if pins[table.name] or table is not BILL_LINES:
            files(store, table, pins[table.name])
    require_parts(store)
    for run in list_runs(store)[:1]:
        for table in RESULTS:
            files_by_run(store, table, {run.run_id: run.rows[table.name]})
    if (store.folder(CHARGES) / "_delta_log").is_dir():
        files(store, BILLABLE_USAGE, billing_version(store))
        allowances_set(store)
        for rating in list_ratings(store)[:1]:
            files_by_run(store, CHARGES, {rating.run_id: rating.rows})


def damage(error: BaseException, workspace: Path) -> LedgerError | None:
    """What an engine's error tells of, where it is that a file of the ledger cannot be read.

    The engine does not name the file, so all that count now are read from end to end.
    """
    if not isinstance(error, duckdb.Error | pa.ArrowException):
        return None
    store = Store((workspace / "ledger").resolve())
    findings: list[Finding] = []
    for table in (*TABLES, *FACTS, *BILLING_TABLES):
        try:
            require_sound(table, _present(store, table))
        except LedgerError as damaged:
            findings += damaged.findings
    return LedgerError(findings) if findings else None


def _present(store: Store, table: Table) -> list[Path]:
    if not (store.folder(table) / "_delta_log").is_dir():
        return []
    return files(store, table)
