"""Deliveries of billable usage do to the ledger what they would do to a plain list (`B3`)."""

from pathlib import Path
from typing import Any

import billing_oracle as oracle
import pyarrow as pa
import pytest
from histories_made import Delivered, deliveries
from hypothesis import given

import apportion as ap
from apportion.ledger.schemas import BILLABLE_USAGE
from apportion.ledger.store import Store, open_store
from apportion.ledger.usage_delivery import BillingIngest, moved
from apportion.model.billable_usage import KEY, SCHEMA
from effort import effort

Counts = dict[tuple[Any, ...], tuple[int, int]]
METER = 4
"""Date, account, channel and provider are the first of a key's names."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return open_store(Path(tmp_path_factory.mktemp("deliveries")) / "ledger")


def taken(known: Counts, delivered: Delivered) -> Counts | None:
    """What a plain list says of the rows after a delivery; None where it has to be said first."""
    coming = {
        tuple(row[name] for name in oracle.KEY): (row["billable_units"], row["notifications_sent"])
        for row in delivered.rows
    }
    named = set(coming) | set(delivered.uncounted or ())
    days = {key[0] for key in named}
    meters = {key[:METER] for key in named}
    after, is_asked = dict(known), False
    for key, counts in known.items():
        if key in coming:
            is_asked |= delivered.uncounted is not None and coming[key] != counts
        elif (
            key in named
            or (delivered.whole_days and key[0] in days)
            or (delivered.replace and key[:METER] in meters)
        ):
            is_asked = True
            del after[key]
    return None if is_asked and not delivered.replace else after | coming


def as_rows(known: Counts) -> pa.Table:
    rows = [
        {**dict(zip(KEY, key, strict=True)), "billable_units": units, "notifications_sent": sent,
         "ingest_id": "x"}
        for key, (units, sent) in known.items()
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=BILLABLE_USAGE.schema)


def as_counts(rows: pa.Table) -> Counts:
    found = {
        tuple(row[name] for name in KEY): (row["billable_units"], row["notifications_sent"])
        for row in rows.to_pylist()
    }
    assert len(found) == rows.num_rows
    return found


def test_the_key_is_the_contracts():
    assert KEY == oracle.KEY


@given(history=deliveries())
@effort(150)
def test_b3_deliveries_are_those_of_a_plain_list(store: Store, history: list[Delivered]):
    known: Counts = {}
    for each in history:
        expected = taken(known, each)
        keys = [dict(zip(KEY, key, strict=True)) for key in each.uncounted or ()]
        uncounted = pa.Table.from_pylist(keys, schema=pa.schema([SCHEMA.field(k) for k in KEY]))
        coming = pa.Table.from_pylist(each.rows, schema=SCHEMA)
        days = {row["date"] for row in [*each.rows, *keys]}
        before = as_rows({key: counts for key, counts in known.items() if key[0] in days})
        rows = coming.append_column("ingest_id", pa.array(["y"] * len(each.rows), pa.string()))
        ingest = BillingIngest(
            coming,
            uncounted,
            tuple(sorted(days)),
            whole_days=each.whole_days,
            counts_events=each.uncounted is not None,
            replace=each.replace,
            format="made",
            files=("made.csv",),
        )
        rows = rows.select(BILLABLE_USAGE.schema.names).cast(BILLABLE_USAGE.schema)
        if expected is None:
            with pytest.raises(ap.IngestError) as refused:
                moved(store, ingest, rows, before)
            assert {it.code for it in refused.value.findings} == {"unsaid_replacement"}
            continue
        done = moved(store, ingest, rows, before)
        others = {key: counts for key, counts in known.items() if key[0] not in days}
        assert as_counts(pa.concat_tables([rows, done.kept])) | others == expected
        had, has = (sum(units for units, _ in it.values()) for it in (known, expected))
        assert has - had == done.came.units - done.gone.units
        assert bool(done.shrunk) == any(
            sum(sent for key, (_, sent) in expected.items() if key[:METER] == meter)
            < sum(sent for key, (_, sent) in known.items() if key[:METER] == meter)
            for meter in {key[:METER] for key in known}
        )
        known = expected
