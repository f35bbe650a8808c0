"""Files to ingest, written from a few words, and what comes of them in plain terms."""

import csv
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

import apportion as ap
from apportion.findings import ApportionError, Finding
from apportion.ingest.incoming import Incoming
from apportion.ingest.ingest import read_files

COMPANY: dict[str, Any] = {
    "nodes": [
        {"id": "servers", "type": "resource"},
        {"id": "database", "type": "resource"},
        {"id": "checkout", "type": "product"},
    ],
    "edges": [
        {"source": "servers", "receiver": "checkout", "strategy": "equal"},
        {"source": "database", "receiver": "checkout", "strategy": "equal"},
    ],
}
COST = {"node": "servers", "date": "2024-01-01", "dimension": "compute", "amount": "10.5"}
USAGE = {"node": "checkout", "date": "2024-01-01", "metric": "requests", "value": "5"}
CHARGE = {
    "BilledCost": "2",
    "BillingAccountId": "acme",
    "BillingCurrency": "USD",
    "BillingPeriodEnd": "2024-10-01 00:00:00",
    "BillingPeriodStart": "2024-09-01 00:00:00",
    "ChargePeriodEnd": "2024-09-03 00:00:00",
    "ChargePeriodStart": "2024-09-02 00:00:00",
    "ContractedCost": "3",
    "EffectiveCost": "1",
    "ListCost": "4",
    "ProviderName": "AWS",
    "ServiceCategory": "Compute",
    "ServiceName": "EC2",
    "Tags": "NULL",
}
"""One line of a bill, complete."""


def model(**changes: Any) -> ap.Model:
    """The small company with some lists or settings of its own."""
    return ap.Model.from_dict({"currency": "USD", **COMPANY, **changes})


def write_csv(name: str, rows: Sequence[Mapping[str, str]]) -> Path:
    """Write rows as CSV, with the columns of the first."""
    path = Path(name)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def costs(name: str, *rows: Mapping[str, str]) -> Path:
    """Plain costs; each row says what differs from ``COST``."""
    return write_csv(name, [{**COST, **row} for row in rows])


def usage(name: str, *rows: Mapping[str, str]) -> Path:
    """Plain usage; each row says what differs from ``USAGE``."""
    return write_csv(name, [{**USAGE, **row} for row in rows])


def bill(name: str, *rows: Mapping[str, str], without: Iterable[str] = ()) -> Path:
    """A FOCUS bill; each row says what differs from ``CHARGE``."""
    lines = [{**CHARGE, **row} for row in rows]
    return write_csv(name, [{k: v for k, v in line.items() if k not in without} for line in lines])


def parquet(name: str, **columns: Any) -> Path:
    """A Parquet file of columns."""
    pq.write_table(pa.table(columns), name)
    return Path(name)


def written(name: str, content: object) -> Path:
    """A file of bytes, of text, or of what is written as JSON."""
    path = Path(name)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        text = content if isinstance(content, str) else json.dumps(content)
        path.write_text(text, encoding="utf-8")
    return path


def read(form: str, *paths: Path, company: ap.Model | None = None, **how: Any) -> Incoming:
    """Read files of a format into rows."""
    return read_files(form, paths, company or model(), **how)


def refusal(form: str, *paths: Path, **how: Any) -> list[str]:
    """What is said when files are refused."""
    try:
        incoming = read(form, *paths, **how)
    except ApportionError as error:
        return [str(finding) for finding in error.findings]
    raise AssertionError(f"nothing was refused, and the rows are {incoming.rows.to_pylist()}")


def amounts(incoming: Incoming, *keys: str) -> dict[Any, Decimal]:
    """Amounts, or values of usage, by the columns named."""
    found: dict[Any, Decimal] = {}
    number = "amount" if "amount" in incoming.rows.column_names else "value"
    for row in incoming.rows.to_pylist():
        key = tuple(row[name] for name in keys)
        plain = key[0] if len(key) == 1 else key
        found[plain] = found.get(plain, Decimal(0)) + row[number]
    return found


def codes(incoming: Incoming) -> list[str]:
    """The codes of what was doubtful."""
    return [finding.code for finding in incoming.report.findings]


def day(number: int) -> date:
    """A day of September 2024, in which the bills of these tests lie."""
    return date(2024, 9, number)


def recorded(workspace: ap.Workspace, table: str = "costs") -> list[dict[str, Any]]:
    """The rows of a table that count, as the next run would read them."""
    import duckdb

    from apportion.ledger.record_ingest import pinned_versions
    from apportion.ledger.views import input_views

    connection = duckdb.connect()
    input_views(connection, workspace.store, pinned_versions(workspace.store))
    rows = connection.table(table).order("all").to_arrow_table().to_pylist()
    connection.close()
    return rows


def fingerprint(folder: Path | str) -> dict[str, str]:
    """Every file below a folder with a digest of its content."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file()
    }


ENGINE_WORDS = re.compile(
    r"\bc[0-9]+\b|\bx[0-9]+\b|TIMESTAMP|VARCHAR|BIGINT|DECIMAL\(|LINE 1|casting|source column|"
    r"(Binder|Conversion|Invalid Input|Catalog|Out of Range|IO|INTERNAL|Parser) Error|"
    r"[Dd]uck|[Aa]rrow(Invalid|Type|NotImpl)|[Tt]hrift|footer|snappy|zstd|zlib|page header|"
    r"apportion-|Traceback"
)
"""What a library says, and what only queries of ours call a column."""


def engine_words(findings: Iterable[Finding]) -> list[str]:
    """Those of the findings that speak in words of a library."""
    return [text for each in findings if ENGINE_WORDS.search(text := str(each))]
