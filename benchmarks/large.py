"""Time per contribution and memory when a company is ten times as wide as G1.

Each part runs in a process of its own, so that peak memory is its own. `--year` adds a year of the
large company, whose results alone take several GB of disk.
"""

import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks.company import G1, G2, START, Size, write_workspace
from benchmarks.measure import peak_memory_gb, report, timed

SIZES = {"g1": G1, "large": G2, "year": replace(G2, days=365)}


def measure(size: Size) -> None:
    """Run one size from ledger to committed results; print seconds and peak memory."""
    import apportion as ap

    with tempfile.TemporaryDirectory() as name:
        folder = write_workspace(Path(name) / "company", size)
        subprocess.run([sys.executable, "-m", "benchmarks.large", "ingest", folder], check=True)
        workspace = ap.Workspace(folder)
        with timed() as run:
            workspace.run(START, size.end)
    print(run.seconds, peak_memory_gb())


def ingest(folder: Path) -> None:
    """Bring a benchmark's files in, apart from the process that is measured."""
    import apportion as ap

    workspace = ap.Workspace(folder)
    for kind in ("costs", "usage"):
        workspace.ingest(kind, folder / f"{kind}.parquet")


def in_own_process(name: str) -> tuple[float, float]:
    """Seconds and GB of one size."""
    command = [sys.executable, "-m", "benchmarks.large", "measure", name]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds, memory = output.split()[-2:]
    return float(seconds), float(memory)


def main() -> None:
    """Measure and print."""
    base, _ = in_own_process("g1")
    seconds, memory = in_own_process("large")
    ratio = (seconds / G2.contributions) / (base / G1.contributions)
    report("large: run", seconds, "seconds", "")
    report(
        "large: time per contribution over G1's", ratio, "times", "at most 1.5", met=ratio <= 1.5
    )
    report("large: peak memory", memory, "GB", "under 4", met=memory < 4)
    if "--year" in sys.argv:
        seconds, memory = in_own_process("year")
        report("a year of it: run", seconds, "seconds", "")
        report("a year of it: peak memory", memory, "GB", "under 6", met=memory < 6)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["measure", name]:
            measure(SIZES[name])
        case ["ingest", folder]:
            ingest(Path(folder))
        case _:
            main()
