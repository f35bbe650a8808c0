"""Ledgers of a program that kept sums of costs and no lines, moved over (`D12`).

Each row of costs becomes a line that names its node and kind of cost itself, so that figures stay
as they are. What the lines of the bills said besides cannot be recovered.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa

from apportion import database
from apportion.findings import Finding, LedgerError, Place
from apportion.ledger.bill_lines import BILL_LINES, DELIVERIES, DELIVERY_PARTS, FACTS
from apportion.ledger.disk import Store
from apportion.ledger.format_version import note_format
from apportion.ledger.kept import DataFile
from apportion.ledger.locks import writing
from apportion.ledger.record_ingest import recover
from apportion.ledger.schemas import COSTS, INGESTS, Table
from apportion.ledger.steps import Step, no_step
from apportion.ledger.store import (
    NewFile,
    add_files,
    as_json,
    files,
    make_tables,
    overwrite,
    read,
    require_kinds,
)
from apportion.ledger.views import table_view

UPGRADE_STEPS = ("lock", "recover", "write", "record", "unlock")


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What was moved over: deliveries, rows of costs, and the money of them by currency.

    ``changed`` is whether an older program had written anything.
    """

    changed: bool
    deliveries: int
    rows: int
    totals: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose bill a source of an older ledger is: see ``delivery_parts``, and ``bill_lines``."""

    issuers: str
    account: str
    period: str
    issuer: str
    month: str


def require_lines(store: Store) -> None:
    """Raise ``LedgerError`` (``older_ledger``) where an older program wrote what counts."""
    if is_older(store):
        message = "The ledger was written by an older program, which kept no lines of bills."
        remedy = "Move it over with: apportion upgrade. No figure changes by that."
        where = Place(str(store.root))
        raise LedgerError([Finding("older_ledger", message, where, remedy)])


def is_older(store: Store) -> bool:
    """Whether a change by an older program has not been moved over."""
    return bool(read(store, INGESTS, columns=["kind"])["kind"].null_count)


def old_changes(store: Store, pins: Mapping[str, int]) -> list[str]:
    """The changes by an older program of which rows of costs count."""
    known = read(store, INGESTS, columns=["ingest_id", "kind"]).to_pylist()
    named = {row["ingest_id"] for row in known if row["kind"] is None}
    connection = database.connect()
    table_view(connection, COSTS, files(store, COSTS, pins[COSTS.name]), "known")
    found = connection.execute("SELECT DISTINCT ingest_id FROM known ORDER BY 1").fetchall()
    return [row[0] for row in found if row[0] in named]


def upgrade(
    store: Store,
    owner_of: Callable[[str, str], Owner],
    *,
    at: datetime,
    program: str,
    on_step: Step = no_step,
) -> Upgraded:
    """Make a delivery of each ingest of an older program, of the rows of it that count.

    ``owner_of`` says whose bill a source and period are. No row of costs changes. Raises
    ``LedgerError``; the ledger then is as it was.
    """
    make_tables(store, FACTS)
    on_step("lock")
    with writing(store), TemporaryDirectory(prefix="apportion-") as folder:
        on_step("recover")
        pins = recover(store)
        upgraded = Upgraded(False, 0, 0, {})  # noqa: FBT003
        if is_older(store):
            upgraded = _moved_over(store, pins, owner_of, Path(folder), at, program, on_step)
        require_kinds(store)
        note_format(store)
        on_step("unlock")
    return upgraded


def _moved_over(
    store: Store,
    pins: Mapping[str, int],
    owner_of: Callable[[str, str], Owner],
    folder: Path,
    at: datetime,
    program: str,
    on_step: Step,
) -> Upgraded:
    """Write lines, deliveries and their parts, and then the record, which decides."""
    old = old_changes(store, pins)
    connection = database.connect()
    table_view(connection, COSTS, files(store, COSTS, pins[COSTS.name]), "known")
    connection.register("old", pa.table({"ingest_id": pa.array(old, pa.string())}))
    _name_owners(connection, owner_of)
    connection.execute(_NUMBERED)
    totals = dict(connection.execute(_TOTALS).fetchall())
    rows = connection.execute("SELECT count(*) FROM numbered").fetchall()[0][0]
    on_step("write")
    version = pins[BILL_LINES.name]
    if rows:
        added, data = _write_lines(connection, folder)
        version = add_files(store, BILL_LINES, added)
        parts = connection.sql(_PARTS).to_arrow_table()
        parts = parts.select(DELIVERY_PARTS.schema.names).cast(DELIVERY_PARTS.schema)
        _put(store, DELIVERY_PARTS, parts, old)
        _put(store, DELIVERIES, _deliveries(connection, store, data, at, program), old)
    on_step("record")
    overwrite(store, INGESTS, _with_kinds(read(store, INGESTS), set(old), version))
    return Upgraded(True, len(old), rows, totals)  # noqa: FBT003


def _put(store: Store, table: Table, rows: pa.Table, old: Sequence[str]) -> None:
    """Write the rows of deliveries in place of those that a killed upgrade may have left."""
    import pyarrow.compute as pc  # noqa: PLC0415

    known = read(store, table)
    others = known.filter(pc.invert(pc.is_in(known["delivery"], pa.array(old, pa.string()))))
    overwrite(store, table, pa.concat_tables([others, rows]))


def _name_owners(
    connection: duckdb.DuckDBPyConnection, owner_of: Callable[[str, str], Owner]
) -> None:
    query = "SELECT DISTINCT source, period FROM known SEMI JOIN old USING (ingest_id) ORDER BY ALL"
    rows = [
        {"source": source, "old_period": period, **asdict(owner_of(source, period))}
        for source, period in connection.execute(query).fetchall()
    ]
    names = ("source", "old_period", "issuers", "account", "period", "issuer", "month")
    schema = pa.schema([(name, pa.string()) for name in names])
    connection.register("owners", pa.Table.from_pylist(rows, schema))


# Plain costs have no bill: each day is a period of its own.
_NUMBERED = """
    CREATE TABLE numbered AS
    SELECT k.ingest_id, k.source, k.node, k.date, k.dimension, k.currency, k.amount,
           o.issuers, o.account, o.issuer, k.period <> '' AS is_bill,
           CASE WHEN k.period = '' THEN concat(k.date, '/', k.date) ELSE o.period END AS period,
           CASE WHEN k.period = '' THEN strftime(k.date, '%Y-%m') ELSE o.month END AS month,
           dense_rank() OVER (PARTITION BY k.ingest_id ORDER BY k.source, k.period) - 1 AS bill,
           row_number() OVER (PARTITION BY k.ingest_id ORDER BY k.source, k.period, k.date, k.node,
                              k.dimension, k.currency) AS line
    FROM known AS k SEMI JOIN old USING (ingest_id)
    JOIN owners AS o ON k.source = o.source AND k.period = o.old_period
"""
_TOTALS = "SELECT currency, sum(amount) FROM numbered GROUP BY currency ORDER BY currency"
_PARTS = """
    SELECT ingest_id AS change, ingest_id AS delivery, source, issuers, account, period, is_bill,
           date AS day, currency, 'add' AS mode, ingest_id AS kept_in, bill AS kept_bill,
           count(*) AS lines,
           sum(hash(node, date, dimension, currency, amount)::HUGEINT)::VARCHAR AS digest,
           sum(amount) AS billed, sum(amount) AS effective,
           NULL::DECIMAL(38, 24) AS contracted, NULL::DECIMAL(38, 24) AS list
    FROM numbered GROUP BY ALL ORDER BY ALL
"""
_WRITE = """
    COPY (SELECT issuer, month, {values} FROM numbered WHERE ingest_id = {ingest_id}) TO {out}
    (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (issuer, month))
"""
_VALUES = {
    "delivery": "ingest_id",
    "bill": "bill",
    "file": "''",
    "line": "line",
    "node": "node",
    "dimension": "dimension",
    "BillingCurrency": "currency",
    "ChargePeriodStart": "date::TIMESTAMP AT TIME ZONE 'UTC'",
    "BilledCost": "amount",
    "EffectiveCost": "amount",
}


def _write_lines(
    connection: duckdb.DuckDBPyConnection, folder: Path
) -> tuple[list[NewFile], dict[str, list[dict[str, Any]]]]:
    """Write the rows of each ingest as lines, in files of their own, and say what each file is."""
    kinds = {field.name: sql_type(field.type) for field in BILL_LINES.schema}
    names = [name for name in kinds if name not in BILL_LINES.partition_by]
    values = ", ".join(
        f'CAST({_VALUES.get(name, "NULL")} AS {kinds[name]}) AS "{name}"' for name in names
    )
    added = []
    data: dict[str, list[dict[str, Any]]] = {}
    for (ingest_id,) in connection.execute("SELECT ingest_id FROM old ORDER BY 1").fetchall():
        out = folder / ingest_id
        mine, into = map(duckdb.ConstantExpression, (ingest_id, str(out)))
        connection.execute(_WRITE.format(values=values, ingest_id=mine, out=into))
        data[ingest_id] = []
        for place, path in enumerate(sorted(out.glob("issuer=*/month=*/*.parquet"))):
            issuer = path.parent.parent.name.removeprefix("issuer=")
            month = path.parent.name.removeprefix("month=")
            count = connection.execute(_COUNT, [str(path)]).fetchall()[0][0]
            digest = DataFile(path, issuer, month, count).sha256
            where = {"issuer": issuer, "month": month}
            new = NewFile(path, f"{ingest_id}-{place}.parquet", where, count)
            added.append(new)
            data[ingest_id].append({"name": new.name, **where, "sha256": digest, "rows": count})
    return added, data


_COUNT = "SELECT num_rows FROM parquet_file_metadata(?)"


def sql_type(kind: pa.DataType) -> str:
    """The type of a column as DuckDB names it."""
    if pa.types.is_decimal(kind):
        return f"DECIMAL({kind.precision}, {kind.scale})"
    if pa.types.is_map(kind):
        return "MAP(VARCHAR, VARCHAR)"
    return {pa.string(): "VARCHAR", pa.int64(): "BIGINT", pa.date32(): "DATE"}.get(
        kind, "TIMESTAMPTZ"
    )


def _deliveries(
    connection: duckdb.DuckDBPyConnection,
    store: Store,
    data: Mapping[str, Sequence[Mapping[str, Any]]],
    at: datetime,
    program: str,
) -> pa.Table:
    """The rows of ``deliveries``. Of the files that came in only the names are known."""
    known = {row["ingest_id"]: row for row in read(store, INGESTS).to_pylist()}
    totals: dict[str, dict[str, dict[str, str | None]]] = {}
    for ingest_id, currency, amount in connection.execute(_TOTALS_OF_EACH).fetchall():
        said = f"{amount.normalize():f}"
        sums = {"billed": said, "effective": said, "contracted": None, "list": None}
        totals.setdefault(ingest_id, {})[currency] = sums
    rows = [
        {
            "delivery": ingest_id,
            "at": known[ingest_id]["at"] or at,
            "format": known[ingest_id]["format"],
            "outcome": "sums",
            "repeats": "[]",
            "files": as_json(
                [{**_UNKNOWN, "name": name} for name in json.loads(known[ingest_id]["files"])]
            ),
            "lines": sum(each["rows"] for each in made),
            "totals": as_json(totals[ingest_id]),
            "cost_column": "effective",
            "answer": "",
            "data_files": as_json(list(made)),
            "program": program,
        }
        for ingest_id, made in data.items()
    ]
    return pa.Table.from_pylist(rows, schema=DELIVERIES.schema)


_UNKNOWN = {"size": None, "sha256": None, "lines": None}
"""What an older program did not note of a file."""

_TOTALS_OF_EACH = """
    SELECT ingest_id, currency, sum(amount) FROM numbered GROUP BY ALL ORDER BY ALL
"""


def _with_kinds(records: pa.Table, old: set[str], version: int) -> pa.Table:
    """All changes, each of an older program told as what it was."""
    rows = sorted(records.to_pylist(), key=lambda row: row["sequence"])
    before = 0
    for row in rows:
        if row["kind"] is None:
            # A change names the version of usage that it found, or else wrote.
            is_usage = row["usage_version"] > before
            row["kind"] = "usage" if is_usage else "delivery"
            row["delivery"] = row["ingest_id"] if row["ingest_id"] in old else None
            # Its lines name their nodes themselves, so no rule decides where they belong.
            row["read_with"] = row["read_with"] if is_usage else ""
        before = row["usage_version"]
    if rows:
        rows[-1]["bill_lines_version"] = version
    return pa.Table.from_pylist(rows, schema=INGESTS.schema)
