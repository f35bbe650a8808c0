"""`run` on G1 from ledger to committed results, beside writing its contributions alone."""

import tempfile
from pathlib import Path

import pyarrow as pa
from deltalake import write_deltalake

import apportion as ap
from benchmarks.company import G1, START, write_workspace
from benchmarks.measure import peak_memory_gb, report, timed


def write_alone_seconds(contributions: pa.Table, folder: Path) -> float:
    """Write the contributions to a new Delta table in one append, from memory."""
    with timed() as timing:
        write_deltalake(folder, contributions)
    return timing.seconds


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = write_workspace(Path(name) / "g1", G1)
        workspace = ap.Workspace(folder)
        for kind in ("costs", "usage"):
            with timed() as ingest:
                workspace.ingest(kind, folder / f"{kind}.parquet")
            report(f"ingest {kind}", ingest.seconds, "seconds", "")
        with timed() as run:
            workspace.run(START, G1.end)
        report("run, ledger to committed results", run.seconds, "seconds", "")
        contributions = workspace.result(START, G1.end).contributions
        if len(contributions) != G1.contributions:
            raise SystemExit(f"{len(contributions)} contributions, not {G1.contributions}")
        alone = write_alone_seconds(contributions, Path(name) / "alone")
        report("writing the contributions alone", alone, "seconds", "")
        ratio = run.seconds / alone
        report("run over writing alone", ratio, "times", "at most 4", met=ratio <= 4)
        report("peak memory", peak_memory_gb(), "GB", "")


if __name__ == "__main__":
    main()
