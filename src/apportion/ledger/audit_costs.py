"""Costs held against what the lines that count give now."""

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal

import duckdb
import pyarrow as pa

from apportion import database
from apportion.findings import Finding, LedgerError
from apportion.ledger.audited import Audit
from apportion.ledger.bill_lines import DELIVERIES, DELIVERY_PARTS
from apportion.ledger.derived import Derive, derived_costs
from apportion.ledger.disk import Store, damaged_finding
from apportion.ledger.schemas import COSTS
from apportion.ledger.settled import TOUCHED, Change, settled
from apportion.ledger.standing import connect
from apportion.ledger.store import files, read
from apportion.ledger.views import table_view

NO_MODEL = "the model cannot be read"
OTHER_RULES = "made by other rules than those of now; the next run makes them anew"
DAMAGED = "their lines are damaged"
NO_LINES = "an older program kept no lines"
UNLIKE = "they would be rounded or chosen otherwise now, and are as they were recorded"

_ALL = "SELECT DISTINCT source, period, is_bill, day FROM counting"
# What stands for a bill as a whole, or for all plain costs of a source.
_KEPT_OUT = """
    CREATE TABLE left_out AS
    SELECT source, period, min(why) AS why FROM (
        SELECT source, period, $other_rules AS why FROM known SEMI JOIN stale USING (ingest_id)
        UNION ALL
        SELECT source, CASE WHEN is_bill THEN period ELSE '' END, $damaged
        FROM taken SEMI JOIN harmed ON taken.kept_in = harmed.delivery
    ) GROUP BY ALL
"""
_TO_COMPARE = """
    SELECT taken.* FROM taken ANTI JOIN left_out AS o
    ON taken.source = o.source AND CASE WHEN is_bill THEN taken.period ELSE '' END = o.period
"""
_BATCHES = """
    SELECT CASE WHEN is_bill THEN left(period, 7) ELSE '' END AS batch, list(DISTINCT source)
    FROM compared GROUP BY 1 ORDER BY 1
"""
_OF_BATCH = "FROM compared WHERE CASE WHEN is_bill THEN left(period, 7) ELSE '' END = $batch"
_DIFFERENT = """
    WITH had AS (
        SELECT source, period, node, date, dimension, currency, sum(amount) AS amount,
               sum(lines) AS lines, list(DISTINCT ingest_id) AS changes
        FROM known WHERE NOT EXISTS (
            FROM left_out AS o WHERE o.source = known.source AND o.period = known.period
        )
        GROUP BY ALL
    ),
    both_sides AS (
        SELECT source, period, had.amount AS known, made.amount AS derived, changes,
               had.amount IS DISTINCT FROM made.amount AS is_other,
               had.lines IS DISTINCT FROM made.lines AND source NOT IN (FROM summed) AS miscounted
        FROM had FULL JOIN made USING (source, period, node, date, dimension, currency)
    ),
    told AS (
        SELECT source, period, count_if(is_other OR miscounted) AS rows,
               sum(coalesce(known, 0)) FILTER (is_other OR miscounted) AS known,
               sum(coalesce(derived, 0)) FILTER (is_other OR miscounted) AS derived,
               count_if(miscounted AND NOT is_other) AS miscounted,
               bool_and(list_has_all($vouched, coalesce(changes, []))) AS is_vouched
        FROM both_sides GROUP BY source, period
    )
    FROM told WHERE rows > 0 ORDER BY source, period
"""
_SAME = """
    SELECT currency, sum(amount) FROM made GROUP BY currency ORDER BY currency
"""
_SOURCES_LEFT_OUT = """
    SELECT why, count(DISTINCT source) FROM left_out GROUP BY why ORDER BY why
"""


def compare_costs(
    store: Store,
    derive: Derive | None,
    stale: Collection[str],
    cost_column: str,
    pins: Mapping[str, int],
    damaged: Collection[str],
    vouched: Collection[str],
    found: Audit,
) -> None:
    """Make the costs of all lines that count anew, and tell where those of the ledger are others.

    ``vouched`` are the changes whose rows have the digest that was recorded: where costs of these
    differ, they are sound, and were made by something that is no rule of the model, as the decimals
    that a workspace keeps.
    """
    connection = database.connect()
    table_view(connection, COSTS, files(store, COSTS, pins[COSTS.name]), "known")
    if derive is None:
        sources = connection.execute("SELECT count(DISTINCT source) FROM known").fetchall()
        found.not_compared[NO_MODEL] = sources[0][0]
        return
    touched = connect(store).sql(_ALL).to_arrow_table().cast(TOUCHED)
    nothing = DELIVERY_PARTS.schema.empty_table()
    change = Change("audit", "derivation", "")
    taken = settled(store, change, nothing, touched, cost_column).taken
    connection.register("taken", taken)
    for name, column, values in (
        ("stale", "ingest_id", stale),
        ("harmed", "delivery", damaged),
        ("summed", "source", _summed(store, taken)),
    ):
        connection.register(name, pa.table({column: pa.array(sorted(values), pa.string())}))
    connection.execute(_KEPT_OUT, {"other_rules": OTHER_RULES, "damaged": DAMAGED})
    connection.register("compared", connection.sql(_TO_COMPARE).to_arrow_table())
    made = [COSTS.schema.empty_table().select(_MADE)]
    for batch in _batches(connection):
        try:
            rows = derived_costs(store, batch, derive, pins["bill_lines"])
        except LedgerError as error:
            found.findings += error.findings
            return
        made.append(rows.select(_MADE).cast(made[0].schema))
    connection.register("made", pa.concat_tables(made))
    found.not_compared |= dict(connection.execute(_SOURCES_LEFT_OUT).fetchall())
    found.costs |= dict(connection.execute(_SAME).fetchall())
    rows = connection.execute(_DIFFERENT, {"vouched": sorted(vouched)}).fetchall()
    for source, period, count, known, derived, miscounted, is_vouched in rows:
        if is_vouched and not miscounted:
            found.not_compared[UNLIKE] = found.not_compared.get(UNLIKE, 0) + 1
        else:
            found.findings.append(_other(store, source, period, count, known, derived))


_MADE = ["source", "period", "node", "date", "dimension", "currency", "amount", "lines"]


def _batches(connection: duckdb.DuckDBPyConnection) -> Iterator[pa.Table]:
    """What to compare, a month of bills at a time, and all plain costs together."""
    for batch, _ in connection.execute(_BATCHES).fetchall():
        yield connection.sql(_OF_BATCH, params={"batch": batch}).to_arrow_table()


def _summed(store: Store, taken: pa.Table) -> set[str]:
    """Sources of which an older program kept sums, so that nobody knows of how many lines."""
    rows = read(store, DELIVERIES, columns=["delivery", "outcome"]).to_pylist()
    sums = {row["delivery"] for row in rows if row["outcome"] == "sums"}
    told = zip(taken["source"].to_pylist(), taken["kept_in"].to_pylist(), strict=True)
    return {source for source, held in told if held in sums}


def _other(
    store: Store, source: str, period: str, rows: int, known: Decimal, derived: Decimal
) -> Finding:
    of = f"{source}, {period.replace('/', ' to ')}" if period else source
    some = (
        "1 row of costs is not what its lines give"
        if rows == 1
        else (f"{rows:,} rows of costs are not what their lines give")
    )
    return damaged_finding(
        f"{of}: {some}. They sum to {known.normalize():,f}, and what the lines give to "
        f"{derived.normalize():,f}.",
        store.folder(COSTS),
    )
