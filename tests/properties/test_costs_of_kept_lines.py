"""Costs are an independent reading of the lines that are kept and count (`D2`).

The lines are read from the ledger's own files with DuckDB, and as text with ``csv``; which of them
count is told by the records alone. Sums, mapping and rounding are done here with decimals.
"""

import csv
import io
import itertools
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext
from pathlib import Path
from typing import Any

import duckdb
from delivered_lines import Line
from deliveries_made import (
    MODEL,
    Spelling,
    bill_file,
    bill_lines,
    cost_file,
    cost_lines,
    spellings,
    spelt,
)
from deltalake import DeltaTable
from hypothesis import given
from hypothesis import strategies as st

import apportion as ap
from effort import effort

Rows = dict[tuple[str, str, str, date, str, str], Decimal]
Delivery = tuple[str, list[Line], Spelling]

_COUNTING = """
    CREATE TABLE counting AS
    WITH began AS (
        SELECT delivery, max(sequence) AS sequence, max_by(ingest_id, sequence) AS change,
               max_by(coalesce(kind, 'delivery'), sequence) AS kind
        FROM ingests WHERE delivery IS NOT NULL GROUP BY delivery
    )
    SELECT p.source, p.period, p.is_bill, p.day, p.currency, p.kept_in, p.kept_bill
    FROM delivery_parts AS p JOIN began USING (delivery, change)
    WHERE kind <> 'withdrawal' AND NOT EXISTS (
        FROM delivery_parts AS q JOIN began AS b USING (delivery, change)
        WHERE b.kind <> 'withdrawal' AND q.mode = 'supersede' AND q.source = p.source
          AND q.period = p.period AND b.sequence > began.sequence
    )
"""
_LINES = """
    SELECT c.source, CASE WHEN c.is_bill THEN c.period ELSE '' END AS period,
           coalesce(l.node, map_extract(l."Tags", 'node')[1]) AS node,
           l."ChargePeriodStart"::TIMESTAMP::DATE AS day,
           coalesce(l.dimension, l."ServiceCategory") AS dimension,
           l."BillingCurrency" AS currency, l."EffectiveCost"::VARCHAR AS cost
    FROM counting AS c JOIN bill_lines AS l
    ON l.delivery = c.kept_in AND l.bill = c.kept_bill AND l."BillingCurrency" = c.currency
       AND l."ChargePeriodStart"::TIMESTAMP::DATE = c.day
"""


@contextmanager
def made(scale: int) -> Iterator[ap.Workspace]:
    """An empty workspace whose ledger keeps so many decimals."""
    folder = Path(tempfile.mkdtemp(prefix="kept-"))
    (folder / "model").mkdir()
    settings = {"name": "made", "currency": "USD", "scale": scale}
    (folder / "apportion.yaml").write_text(json.dumps(settings))
    (folder / "model" / "company.yaml").write_text(json.dumps(MODEL))
    ids = itertools.count(1)
    try:
        yield ap.Workspace(
            folder,
            now=lambda: datetime(2024, 12, 1, tzinfo=UTC),
            new_id=lambda: f"{next(ids):08d}",
        )
    finally:
        shutil.rmtree(folder)


def read_apart(workspace: ap.Workspace) -> tuple[Rows, Rows]:
    """The costs, and what the lines that count cost exactly, by the same keys."""
    ledger = Path(workspace.folder) / "ledger"
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for name in ("ingests", "delivery_parts"):
        connection.register(name, DeltaTable(ledger / name).to_pyarrow_table())
    latest = connection.execute(
        "SELECT costs_version, bill_lines_version FROM ingests ORDER BY sequence DESC LIMIT 1"
    ).fetchall()[0]
    costs = DeltaTable(ledger / "costs", version=latest[0]).to_pyarrow_table().to_pylist()
    lines = DeltaTable(ledger / "bill_lines", version=latest[1]).to_pyarrow_table()
    connection.register("bill_lines", lines)
    connection.execute(_COUNTING)
    # As text, so that no number is one of the program's.
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows(connection.execute(_LINES).fetchall())
    exact: Rows = {}
    for source, period, node, day, dimension, currency, cost in csv.reader(
        io.StringIO(text.getvalue())
    ):
        key = source, period, node, date.fromisoformat(day), dimension, currency
        exact[key] = exact.get(key, Decimal(0)) + Decimal(cost)
    connection.close()
    return _by_key(costs), exact


def _by_key(costs: Sequence[dict[str, Any]]) -> Rows:
    names = ("source", "period", "node", "date", "dimension", "currency")
    rows = {tuple(row[name] for name in names): row["amount"] for row in costs}
    assert len(rows) == len(costs), "two rows of one key"
    return rows  # type: ignore[return-value]


def deliver(workspace: ap.Workspace, deliveries: Sequence[Delivery]) -> None:
    """Deliver files, each of which adds to or takes the place of what came before."""
    for place, (answer, lines, how) in enumerate(deliveries):
        write = bill_file if lines[0].period.is_bill else cost_file
        form = "focus" if lines[0].period.is_bill else "costs"
        file = write(Path(workspace.folder) / f"file-{place}", spelt(lines, how), how)
        workspace.ingest(form, file, **{answer: True})


def unlike(lines: Sequence[Line]) -> list[Line]:
    return list({line._replace(amount=Decimal(0)): line for line in lines}.values())


deliveries = st.lists(
    st.tuples(
        st.sampled_from(["append", "replace"]),
        (
            st.lists(bill_lines(), min_size=1, max_size=8)
            | st.lists(cost_lines(), min_size=1, max_size=8)
        ).map(unlike),
        spellings,
    ),
    min_size=1,
    max_size=4,
)


@given(history=deliveries)
@effort(30)
def test_costs_are_the_exact_sums_of_the_lines_that_count(history: list[Delivery]) -> None:
    with made(scale=9) as workspace:
        deliver(workspace, history)
        costs, exact = read_apart(workspace)
        assert costs == exact


@given(history=deliveries, scale=st.integers(2, 4))
@effort(30)
def test_each_bill_is_rounded_once(history: list[Delivery], scale: int) -> None:
    with made(scale) as workspace:
        deliver(workspace, history)
        costs, exact = read_apart(workspace)
    assert costs.keys() == exact.keys()
    unit = Decimal(1).scaleb(-scale)
    for key, amount in costs.items():
        # Plain costs are rounded once a delivery, of which there are so many.
        assert abs(amount - exact[key]) < unit * (1 if key[1] else len(history)), key
        assert amount == amount.quantize(unit)
    for source, period, currency in {(key[0], key[1], key[-1]) for key in costs if key[1]}:
        bill = [key for key in costs if (key[0], key[1], key[-1]) == (source, period, currency)]
        with localcontext(rounding=ROUND_HALF_UP):
            whole = sum((exact[key] for key in bill), Decimal(0)).quantize(unit)
        assert sum(costs[key] for key in bill) == whole
