"""Allowances set by command: a log, of which the latest word for a year counts (`B16`)."""

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa

from apportion.findings import Place
from apportion.ledger.disk import Store
from apportion.ledger.locks import writing
from apportion.ledger.runs import require_not_behind
from apportion.ledger.schemas import ALLOWANCES, BILLING_TABLES
from apportion.ledger.store import add_record, make_tables, next_sequence, read
from apportion.model import Allowance


def allowances_version(store: Store) -> int:
    """How many allowances were set, by the last record of it."""
    make_tables(store, BILLING_TABLES)
    return next_sequence(store, ALLOWANCES) - 1


def allowances_set(store: Store) -> list[Allowance]:
    """The allowances that count of those that were set, in order of account, channel and year.

    Raises ``LedgerError`` (``damaged_ledger``).
    """
    make_tables(store, BILLING_TABLES)
    rows = sorted(read(store, ALLOWANCES).to_pylist(), key=lambda row: row["sequence"])
    reached = rows[-1]["sequence"] if rows else 0
    require_not_behind(store, ALLOWANCES, {"allowances_version": reached})
    where = Place(str(store.folder(ALLOWANCES)))
    latest = {
        (row["account"], row["channel"], row["year"]): Allowance(
            row["account"], row["channel"], row["year"], row["units"], row["custom"], where
        )
        for row in rows
    }
    return [latest[key] for key in sorted(latest)]


def record_allowances(
    store: Store, allowances: Sequence[Allowance], *, at: datetime, program: str
) -> None:
    """Add allowances to the log, all at once. Raises ``LedgerError``."""
    make_tables(store, BILLING_TABLES)
    with writing(store):
        known = allowances_version(store)
        require_not_behind(store, ALLOWANCES, {"allowances_version": known})
        rows = [
            {
                "sequence": known + place,
                "at": at,
                "account": each.account,
                "channel": each.channel,
                "year": each.year,
                "units": each.units,
                "custom": each.custom,
                "program": program,
            }
            for place, each in enumerate(allowances, start=1)
        ]
        add_record(store, ALLOWANCES, pa.Table.from_pylist(rows, schema=ALLOWANCES.schema))
