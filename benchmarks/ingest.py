"""`apportion ingest focus` of 10 million lines, beside DuckDB's plain group-by of the same columns.

Both run in turn, each time in a process of its own, so that memory is their own and neither finds
anything warm but the disk and the libraries. What counts is the quickest of a few runs of each.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb

from benchmarks.focus_bill import write_bill, write_workspace
from benchmarks.measure import peak_memory_gb, report, timed

LINES = 10_000_000
REPEATS = 5
PLAIN = """
    SELECT ProviderName, BillingAccountId, BillingCurrency, BillingPeriodStart, BillingPeriodEnd,
        ServiceCategory, ServiceName, Tags, ChargePeriodStart::DATE, ChargePeriodEnd::DATE,
        sum(EffectiveCost), count(*)
    FROM read_parquet(?)
    GROUP BY ALL
"""


def plain(bill: Path) -> None:
    """Group the bill by all that decides where a line belongs, without a check of anything."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    with timed() as timing:
        connection.sql(PLAIN, params=[str(bill)]).to_arrow_table()
    print(timing.seconds, peak_memory_gb(), 0)


def ingest(bill: Path) -> None:
    """From the file to rows that are committed to a new ledger and were read back."""
    import apportion as ap

    with tempfile.TemporaryDirectory() as folder:
        workspace = ap.Workspace(write_workspace(Path(folder) / "benchmark"))
        short = Path(folder) / "short.parquet"
        write_bill(short, 1_000)
        # The first ingest of a process loads libraries; the other side has loaded its own.
        workspace.ingest("focus", short, source="short")
        with timed() as timing:
            outcome = workspace.ingest("focus", bill)
    print(timing.seconds, peak_memory_gb(), outcome.report.accepted)


def in_own_process(name: str, bill: Path) -> tuple[float, float, int]:
    """Seconds, GB and accepted lines of one run."""
    command = [sys.executable, "-m", "benchmarks.ingest", name, str(bill)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds, memory, accepted = output.split()[-3:]
    return float(seconds), float(memory), int(accepted)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        bill = Path(folder) / "bill.parquet"
        write_bill(bill, LINES)
        report("size of the bill", bill.stat().st_size / 2**20, "MB", "")
        runs = [
            (in_own_process("plain", bill), in_own_process("ingest", bill)) for _ in range(REPEATS)
        ]
    if any(ours[2] != LINES for _, ours in runs):
        raise SystemExit(f"not all of {LINES} lines were accepted")
    group_by = min(peer[0] for peer, _ in runs)
    seconds = min(ours[0] for _, ours in runs)
    ratio = seconds / group_by
    report("DuckDB's plain group-by", group_by, "seconds", "")
    report("DuckDB's peak memory", min(peer[1] for peer, _ in runs), "GB", "")
    report("ingest of 10 million FOCUS lines", seconds, "seconds", "")
    report("ingest over plain group-by", ratio, "times", "at most 3", met=ratio <= 3)
    report("peak memory", max(ours[1] for _, ours in runs), "GB", "")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["plain", bill]:
            plain(Path(bill))
        case ["ingest", bill]:
            ingest(Path(bill))
        case _:
            main()
