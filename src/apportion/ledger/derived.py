"""Costs made anew of the lines that count (`D2`): what is read, how amounts are chosen.

How lines become costs is the model's business; whoever calls says it by a function.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from apportion import database
from apportion.ledger.bill_lines import BILL_LINES, COSTS, DELIVERY_PARTS
from apportion.ledger.disk import Store
from apportion.ledger.lines import lines_view
from apportion.ledger.noted_sums import parts_read, require_noted
from apportion.ledger.store import files, read, require_sound

Derive = Callable[[duckdb.DuckDBPyConnection, str], pa.Table]
"""Makes costs of the relation that is named: lines with ``source``, ``period`` and ``cost``."""

# A bill is rounded once, whatever deliveries it came in; plain costs once a delivery, all of whose
# lines are read so that a day's rows do not depend on which of the other days still count.
_LINES = """
    CREATE VIEW lines AS
    SELECT kept.*, t.source, t.rounded AS period, CASE t.cost_column {cases} END AS cost
    FROM {kept} AS kept JOIN (
        SELECT DISTINCT kept_in, kept_bill, source, cost_column,
               CASE WHEN is_bill THEN period ELSE delivery END AS rounded,
               CASE WHEN is_bill THEN day END AS day
        FROM taken
    ) AS t ON kept.delivery = t.kept_in AND kept.bill = t.kept_bill
           AND (t.day IS NULL OR t.day = kept.day)
"""
_ROWS = """
    SELECT source, CASE WHEN is_bill THEN made.period ELSE '' END AS period, node, date, dimension,
           currency, sum(amount)::DECIMAL(38, {scale}) AS amount, sum(lines)::BIGINT AS lines
    FROM made JOIN (
        SELECT DISTINCT source, is_bill, CASE WHEN is_bill THEN period ELSE delivery END AS rounded,
               CASE WHEN NOT is_bill THEN day END AS day
        FROM taken
    ) AS t USING (source)
    WHERE made.period = t.rounded AND (t.day IS NULL OR t.day = made.date)
    GROUP BY ALL ORDER BY ALL
"""


def derived_costs(
    store: Store,
    taken: pa.Table,
    derive: Derive,
    at_version: int | None = None,
    beside: Sequence[Path] = (),
) -> pa.Table:
    """Rows of costs, in canonical order, of the parts of deliveries that are ``taken``.

    These have ``delivery``, ``source``, ``period``, ``is_bill``, ``day``, ``kept_in``,
    ``kept_bill`` and ``cost_column``. Their lines lie in the ledger, or in the files ``beside`` it.

    Raises ``LedgerError`` (``damaged_ledger``) where lines of the ledger cannot be read, or are not
    those that were noted of their deliveries.
    """
    connection = database.connect()
    held = set(taken["kept_in"].to_pylist())
    paths = _paths(store, held, at_version)
    try:
        lines_view(connection, store, held, at_version, beside)
        counted_view(connection, taken)
        if paths:
            require_noted(connection, "kept", parts_read(read(store, DELIVERY_PARTS), taken), paths)
        made = derive(connection, "lines")
    except duckdb.Error:
        # The engine does not name the file that it cannot read.
        require_sound(BILL_LINES, paths)
        raise
    schema = made.schema
    after = database.connect()
    after.register("made", made)
    after.register("taken", taken)
    rows = after.sql(_ROWS.format(scale=schema.field("amount").type.scale)).to_arrow_table()
    return rows.select(schema.names).cast(schema)


def _paths(store: Store, held: set[str], at_version: int | None) -> list[Path]:
    """The files of the ledger that hold the lines of some deliveries."""
    known = files(store, BILL_LINES, at_version) if held else []
    return [path for path in known if path.stem.rsplit("-", 1)[0] in held]


def counted_view(
    connection: duckdb.DuckDBPyConnection, taken: pa.Table, kept: str = "kept"
) -> None:
    """Make the view ``lines`` of kept lines: with ``source``, ``period`` and ``cost``.

    ``taken`` are the parts that count, as in ``derived_costs``; ``kept`` names a relation with
    ``delivery``, ``bill``, ``day`` and the cost columns that count.
    """
    connection.register("taken", taken)
    asked = set(taken["cost_column"].to_pylist())
    cases = " ".join(
        f"WHEN '{name}' THEN \"{column}\"" for name, column in COSTS.items() if name in asked
    )
    connection.execute(_LINES.format(kept=kept, cases=cases or "WHEN '' THEN NULL"))
