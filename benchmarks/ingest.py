"""`apportion ingest focus` of a bill, beside DuckDB reading, grouping and writing the same columns.

    python -m benchmarks.ingest            10 million lines, as Parquet and as CSV
    python -m benchmarks.ingest 1000000    another number of lines

All lines are kept and costs derived of them; then the same bill comes again, and a rule of the
mapping changes. Both sides run in turn, each time in a process of its own, so that memory is their
own and neither finds anything warm but the disk and the libraries. What counts is the quickest of a
few runs of each. Processor time is told beside it, for machines that have other work.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb

from benchmarks.focus_bill import write_bill, write_workspace
from benchmarks.measure import peak_memory_gb, report

LINES = 10_000_000
REPEATS = 3
PLAIN = """
    SELECT ProviderName, BillingAccountId, BillingCurrency, BillingPeriodStart, BillingPeriodEnd,
        ServiceCategory, ServiceName, Tags, ChargePeriodStart::DATE, ChargePeriodEnd::DATE,
        sum(EffectiveCost), count(*)
    FROM {read} GROUP BY ALL
"""
BARS = {"parquet": 2.5, "csv": 2.0}
MEMORY = 1.5
REPEATED = 1.2
REMAPPED = 1.5

Figures = dict[str, float]


def _measured(figures: Figures, name: str, work: Callable[[], object]) -> None:
    """Note the seconds and the processor seconds of some work."""
    began, spent = time.perf_counter(), time.process_time()
    work()
    figures[name] = time.perf_counter() - began
    figures[f"{name} cpu"] = time.process_time() - spent


def plain(bill: Path) -> Figures:
    """Group the bill by all that decides where a line belongs, and write it, without a check."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    read = f"read_{'csv' if bill.suffix == '.csv' else 'parquet'}('{bill}')"
    figures: Figures = {}
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "kept.parquet"
        write = f"COPY (FROM {read}) TO '{kept}' (FORMAT parquet, COMPRESSION zstd)"
        _measured(figures, "group", connection.sql(PLAIN.format(read=read)).to_arrow_table)
        _measured(figures, "write", lambda: connection.execute(write))
    # A count alone would be answered by what a Parquet file says of itself.
    whole = f"SELECT bit_xor(hash(COLUMNS(*))) FROM {read}"
    _measured(figures, "read", lambda: connection.execute(whole).fetchall())
    return {**figures, "memory": peak_memory_gb()}


def ingest(bill: Path) -> Figures:
    """From the file to rows that are committed to a new ledger and were read back."""
    import apportion as ap

    figures: Figures = {}
    with tempfile.TemporaryDirectory() as folder:
        workspace = ap.Workspace(write_workspace(Path(folder) / "benchmark"))
        short = Path(folder) / "short.parquet"
        write_bill(short, 1_000)
        # The first ingest of a process loads libraries; the other side has loaded its own.
        workspace.ingest("focus", short, source="short")
        _measured(figures, "ingest", lambda: workspace.ingest("focus", bill))
        figures["memory"] = peak_memory_gb()
        kept = sorted((Path(folder) / "benchmark" / "ledger" / "bill_lines").rglob("*.parquet"))
        figures["disk"] = sum(path.stat().st_size for path in kept) / 2**20
        _measured(figures, "repeat", lambda: workspace.ingest("focus", bill))
        model = workspace.folder / "model" / "company.yaml"
        rules = model.read_text(encoding="utf-8")
        changed = rules.replace(
            '"app-00", "dimension": "shared"', '"app-01", "dimension": "shared"'
        )
        if changed == rules:
            raise SystemExit("no rule was changed")
        model.write_text(changed, encoding="utf-8")
        again = ap.Workspace(workspace.folder)
        days = date(2024, 9, 1), date(2024, 9, 30)
        _measured(figures, "remap", lambda: again.derive(*days))
        connection = duckdb.connect()
        connection.execute("SET TimeZone = 'UTC'")
        query = PLAIN.format(read=f"read_parquet({list(map(str, kept))})")
        _measured(figures, "regroup", lambda: connection.sql(query).to_arrow_table())
    return figures


def in_own_process(name: str, bill: Path) -> Figures:
    """The figures of one run."""
    command = [sys.executable, "-m", "benchmarks.ingest", name, str(bill)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: Figures = json.loads(output.splitlines()[-1])
    return found


def compare(bill: Path, kind: str) -> None:
    """Measure a bill and print."""
    runs = [(in_own_process("plain", bill), in_own_process("ingest", bill)) for _ in range(REPEATS)]
    peer, ours = ({key: min(run[side][key] for run in runs) for key in runs[0][side]}
                  for side in (0, 1))  # fmt: skip
    memory = max(run[1]["memory"] for run in runs)
    report(f"{kind}: size of the bill", bill.stat().st_size / 2**20, "MB", "")
    report("size of the lines that are kept", ours["disk"], "MB", "")
    for unit, name in (("", "time"), (" cpu", "processor time")):
        written = peer[f"group{unit}"] + peer[f"write{unit}"]
        report(f"{name}: DuckDB groups and writes", written, "seconds", "")
        report(f"{name}: ingest", ours[f"ingest{unit}"], "seconds", "")
        for step, over, bar in (
            ("ingest", written, BARS[kind]),
            ("repeat", peer[f"read{unit}"], REPEATED),
            ("remap", ours[f"regroup{unit}"], REMAPPED),
        ):
            ratio = ours[f"{step}{unit}"] / over
            report(
                f"{name}: {step} over DuckDB", ratio, "times", f"at most {bar}", met=ratio <= bar
            )
    report("DuckDB's peak memory", peer["memory"], "GB", "")
    report("peak memory of the ingest", memory, "GB", f"at most {MEMORY}", met=memory <= MEMORY)


def main(lines: int = LINES) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        bill = Path(folder) / "bill.parquet"
        write_bill(bill, lines)
        compare(bill, "parquet")
        text = Path(folder) / "bill.csv"
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(f"COPY (FROM '{bill}') TO '{text}'")
        bill.unlink()
        compare(text, "csv")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["plain", bill]:
            print(json.dumps(plain(Path(bill))))
        case ["ingest", bill]:
            print(json.dumps(ingest(Path(bill))))
        case [count]:
            main(int(count))
        case _:
            main()
