"""Everything that a ledger holds, read from end to end and held against what was recorded of it.

Files of lines are held against their digests, lines against the sums of their deliveries, costs
against the lines that they are made of, and rows of costs and usage against the digests of the
changes that brought them, where all of these still count.
"""

from collections.abc import Collection, Mapping, Sequence
from hashlib import file_digest
from json import loads
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from apportion import database
from apportion.findings import Finding, LedgerError
from apportion.ledger.audit_costs import NO_LINES, compare_costs
from apportion.ledger.audited import Audit, AuditedTable, Progress
from apportion.ledger.bill_lines import BILL_LINES, DELIVERIES, DELIVERY_PARTS, FACTS
from apportion.ledger.derived import Derive
from apportion.ledger.digest import digests_by_change
from apportion.ledger.disk import Store, damaged_finding, touching
from apportion.ledger.lines import lines_view
from apportion.ledger.noted_sums import otherwise
from apportion.ledger.record_billing import billing_version
from apportion.ledger.record_ingest import Replaced
from apportion.ledger.runs import pinned_versions, require_inputs
from apportion.ledger.schemas import (
    BILLABLE_USAGE,
    BILLING_TABLES,
    COSTS,
    INGESTS,
    INPUTS,
    TABLES,
    USAGE,
    Table,
)
from apportion.ledger.store import files, is_made, read, require_sound
from apportion.ledger.upgrade import is_older
from apportion.ledger.views import table_view


def audit(
    store: Store,
    derive: Derive | None,
    stale: Collection[str],
    cost_column: str,
    on_progress: Progress | None = None,
) -> Audit:
    """Read all files of a ledger that count, and hold them against what was recorded.

    ``derive`` makes costs of lines; None where the model cannot be read. ``stale`` are the changes
    that made costs by other rules than those of now. Damage becomes findings (``damaged_ledger``).
    Raises ``LedgerError`` where the records themselves cannot be read.
    """
    found = Audit()
    pins = pinned_versions(store)
    require_inputs(store, pins)
    listed = _listed(store, pins, found)
    # Of a table of which a file is gone it is not known what it would say.
    broken = {table.name for table in _made(store)} - {table.name for table, _ in listed}
    known = _data_files(store) if is_made(store, DELIVERIES) else {}
    bad = _read_all(listed, known, found, on_progress)
    sound = {table.name: [path for path in paths if path not in bad] for table, paths in listed}
    lost = {path.stem.rsplit("-", 1)[0] for path in bad if path.stem.rsplit("-", 1)[0] in known}
    damaged = lost | _missing(store, known, listed, found)
    if BILL_LINES.name in sound and is_made(store, DELIVERY_PARTS):
        damaged |= _check_lines(store, known, damaged, sound[BILL_LINES.name], found)
    for table, paths in listed:
        if table not in INPUTS or not bad.isdisjoint(paths):
            continue
        vouched = _check_changes(store, table, paths, found)
        if table is not COSTS or broken:
            continue
        if is_older(store):
            found.not_compared[NO_LINES] = len(
                set(read(store, COSTS, pins[COSTS.name], ["source"])["source"].to_pylist())
            )
        elif is_made(store, DELIVERY_PARTS):
            compare_costs(store, derive, stale, cost_column, pins, damaged, vouched, found)
    return found


def _made(store: Store) -> list[Table]:
    return [each for each in (*TABLES, *BILLING_TABLES, *FACTS) if is_made(store, each)]


def _listed(store: Store, pins: Mapping[str, int], found: Audit) -> list[tuple[Table, list[Path]]]:
    """The files of each table as far as they are there; what is gone becomes findings."""
    listed = []
    for table in _made(store):
        at_version = pins.get(table.name)
        if table is BILLABLE_USAGE:
            at_version = billing_version(store)
        try:
            listed.append((table, files(store, table, at_version)))
        except LedgerError as damaged:
            found.findings += damaged.findings
    return listed


def _data_files(store: Store) -> dict[str, dict[str, str]]:
    """The files of lines that count or can count again: name and digest, by delivery."""
    told = set(read(store, INGESTS, columns=["delivery"])["delivery"].to_pylist())
    rows = read(store, DELIVERIES, columns=["delivery", "data_files"]).to_pylist()
    return {
        row["delivery"]: {each["name"]: each["sha256"] for each in loads(row["data_files"])}
        for row in rows
        if row["delivery"] in told
    }


def _read_all(
    listed: Sequence[tuple[Table, Sequence[Path]]],
    known: Mapping[str, Mapping[str, str]],
    found: Audit,
    on_progress: Progress | None,
) -> set[Path]:
    """Read every file; give those that are damaged."""
    digests = {name: digest for each in known.values() for name, digest in each.items()}
    total = sum(path.stat().st_size for _, paths in listed for path in paths)
    done = 0
    bad: set[Path] = set()
    for table, paths in listed:
        size = sum(path.stat().st_size for path in paths)
        for path in paths:
            if finding := _damage(table, path, digests):
                found.findings.append(finding)
                bad.add(path)
            done += path.stat().st_size
            if on_progress:
                on_progress(done, total)
        rows = _rows([path for path in paths if path not in bad])
        found.tables.append(AuditedTable(table.name, len(paths), size, rows))
    return bad


def _damage(table: Table, path: Path, digests: Mapping[str, str]) -> Finding | None:
    if table is not BILL_LINES:
        try:
            require_sound(table, [path])
        except LedgerError as damaged:
            return damaged.findings[0]
        return None
    with touching(path, "read a file"), path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    if path.name not in digests:
        return damaged_finding("No delivery that was recorded names this file of lines.", path)
    if digests[path.name] != digest:
        delivery = path.stem.rsplit("-", 1)[0]
        message = f"A file of lines is not the one that delivery {delivery} wrote: its SHA-256 is "
        return damaged_finding(f"{message}{digest} instead of {digests[path.name]}.", path)
    return None


def _rows(paths: Sequence[Path]) -> int:
    if not paths:
        return 0
    connection = database.connect()
    query = "SELECT coalesce(sum(num_rows), 0) FROM parquet_file_metadata($paths)"
    counted = connection.execute(query, {"paths": [str(path) for path in paths]})
    return int(counted.fetchall()[0][0])


def _missing(
    store: Store,
    known: Mapping[str, Mapping[str, str]],
    listed: Sequence[tuple[Table, Sequence[Path]]],
    found: Audit,
) -> set[str]:
    """The deliveries of which a file is not in the table; each is told."""
    if not any(table is BILL_LINES for table, _ in listed):
        return set()
    there = {path.name for table, paths in listed if table is BILL_LINES for path in paths}
    gone = {
        (delivery, name) for delivery, names in known.items() for name in names if name not in there
    }
    folder = store.folder(BILL_LINES)
    told = {Path(each.where.file).name for each in found.findings}
    for delivery, name in sorted(gone):
        if name not in told:
            message = f"A file of lines of delivery {delivery} is not in the table: {name}."
            found.findings.append(damaged_finding(message, folder))
    return {delivery for delivery, _ in gone}


_MONEY = """
    SELECT "BillingCurrency", count(*), sum(coalesce("EffectiveCost", "BilledCost", 0))
    FROM kept GROUP BY 1 ORDER BY 1
"""


def _check_lines(
    store: Store,
    known: Mapping[str, Mapping[str, str]],
    damaged: Collection[str],
    paths: Sequence[Path],
    found: Audit,
) -> set[str]:
    """Hold lines against the sums of their deliveries; give the deliveries that differ."""
    whole = [delivery for delivery, names in known.items() if names and delivery not in damaged]
    if not whole:
        return set()
    connection = database.connect()
    mine = [path for path in paths if path.stem.rsplit("-", 1)[0] in set(whole)]
    lines_view(connection, store, (), None, mine)
    parts = read(store, DELIVERY_PARTS)
    connection.register("whole", pa.table({"kept_in": pa.array(whole, pa.string())}))
    connection.register("every_part", parts)
    noted = connection.sql("FROM every_part SEMI JOIN whole USING (kept_in)").to_arrow_table()
    findings = otherwise(connection, "kept", noted, mine)
    found.findings += findings
    found.deliveries = len(whole)
    for currency, lines, money in connection.execute(_MONEY).fetchall():
        found.lines += lines
        found.money[currency] = money
    return {str(each.details["delivery"]) for each in findings}


def _check_changes(store: Store, table: Table, paths: Sequence[Path], found: Audit) -> set[str]:
    """Hold rows against the digests of the changes that brought them; give those that have theirs.

    Also each row against the digest of what it belongs to, by which it is found when it is
    replaced.
    """
    connection = database.connect()
    table_view(connection, table, list(paths), "known")
    rows = read(store, INGESTS, columns=["ingest_id", "rows", "digest"]).to_pylist()
    recorded = {row["ingest_id"]: row for row in rows}
    vouched = set()
    for change, (count, digest) in digests_by_change(connection, table.name, "known").items():
        told = recorded.get(change)
        message = ""
        if told is None:
            message = f"{count:,} rows of {table.name!r} name a change that was never recorded"
        elif count > told["rows"]:
            message = f"Change {change} brought {told['rows']:,} rows of {table.name!r}, and there "
            message += f"are {count:,}"
        elif count < told["rows"]:
            found.changes_in_part += 1
        elif digest != told["digest"]:
            message = f"The rows of {table.name!r} are not those that change {change} brought"
        else:
            found.changes += 1
            vouched.add(change)
        if message:
            found.findings.append(damaged_finding(f"{message}.", store.folder(table)))
    found.findings += _misplaced(connection, store, table)
    return vouched


def _misplaced(connection: duckdb.DuckDBPyConnection, store: Store, table: Table) -> list[Finding]:
    names = ["source", "period", *(["metric"] if table is USAGE else [])]
    columns = [duckdb.ColumnExpression(name) for name in ("slice", *names)]
    rows: list[tuple[Any, ...]] = connection.table("known").select(*columns).distinct().fetchall()
    wrong = [
        told
        for digest, *told in rows
        if Replaced(**dict(zip(names, told, strict=True))).slice != digest
    ]
    return [
        damaged_finding(
            f"Rows of {table.name!r} do not belong where they say: {', '.join(map(str, told))}.",
            store.folder(table),
        )
        for told in wrong
    ]
