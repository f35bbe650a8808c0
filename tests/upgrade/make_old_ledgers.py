"""How ``company.tar.xz`` and ``notifications.tar.xz`` were made: small ledgers of an older program.

They can be made again with the program of the commit ``0467b4d``, the last that kept sums of bills
and no lines, in an environment of its own::

    git worktree add ../older 0467b4d
    apportion demo DEMO
    python tests/upgrade/make_old_ledgers.py DEMO tests/upgrade

Both commands are given with that program installed. Of the two companies that ``apportion demo``
writes a few days of two months are kept, so that the ledgers stay small.
"""

import csv
import gzip
import io
import json
import shutil
import sys
import tarfile
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from apportion import Workspace

DAYS: Mapping[str, tuple[str, ...]] = {
    "company": ("2024-01-01", "2024-01-02", "2024-01-03", "2024-02-01", "2024-02-02"),
    "notifications": ("2023-04-01", "2023-04-02", "2023-04-03", "2023-05-01", "2023-05-02"),
}
FORMATS = {"bills": "focus", "costs": "costs"}
BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)


def cut_csv(path: Path, to: Path, days: tuple[str, ...]) -> None:
    """The lines of these days, and the header."""
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", newline="") as file:
        header, *lines = list(csv.reader(file))
    place = header.index("ChargePeriodStart" if "ChargePeriodStart" in header else "date")
    kept = [line for line in lines if line[place][:10] in days]
    if kept:
        with to.with_name(to.name.removesuffix(".gz")).open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([header, *kept])


def cut_parquet(path: Path, to: Path, days: tuple[str, ...]) -> None:
    """The rows of these days."""
    named = [date.fromisoformat(day) for day in days]
    rows = duckdb.sql(
        "FROM read_parquet($path) WHERE date IN $days", params={"path": str(path), "days": named}
    )
    if rows.limit(1).fetchall():
        rows.write_parquet(str(to))


def cut_json(path: Path, to: Path, days: tuple[str, ...]) -> None:
    """The values of an answer of Dynatrace that are of these days."""
    answer = json.loads(path.read_text())
    for metric in answer["metrics"]:
        for series in metric["data"]:
            both = zip(series["timestamps"], series["values"], strict=True)
            kept = [(at, value) for at, value in both if day_of(at) in days]
            series["timestamps"] = [at for at, _ in kept]
            series["values"] = [value for _, value in kept]
    to.write_text(json.dumps(answer))


def day_of(timestamp: int) -> str:
    """The day of a moment in milliseconds. Dynatrace names the end of what a value is of."""
    return f"{datetime.fromtimestamp(timestamp / 1000, UTC) - timedelta(seconds=1):%Y-%m-%d}"


CUT: Mapping[str, Callable[[Path, Path, tuple[str, ...]], None]] = {
    ".gz": cut_csv,
    ".csv": cut_csv,
    ".parquet": cut_parquet,
    ".json": cut_json,
}


def make(demo: Path, name: str, folder: Path) -> None:
    """A workspace with a few days of a demo company, ingested, rated and run."""
    shutil.copytree(demo / "model", folder / "model")
    shutil.copy(demo / "apportion.yaml", folder)
    days = DAYS[name]
    for path in sorted(demo.glob("inbox/*/*")):
        if path.parent.name != "events":
            to = folder / path.relative_to(demo)
            to.parent.mkdir(parents=True, exist_ok=True)
            CUT[path.suffix](path, to, days)
    ids = iter(range(1, 1000))
    workspace = Workspace(
        folder,
        new_id=lambda: f"{next(ids):08x}",
        now=lambda: BEGINNING + timedelta(hours=next(ids)),
    )
    for path in sorted(folder.glob("inbox/*/*")):
        source = {"source": path.stem} if path.parent.name == "costs" else {}
        workspace.ingest(format_of(path), path, **source)
    for first, last in ((days[0], days[2]), (days[3], days[4])):
        workspace.run(date.fromisoformat(first), date.fromisoformat(last))


def format_of(path: Path) -> str:
    """The format of a file of the demo, by its place and name."""
    if path.parent.name in FORMATS:
        return FORMATS[path.parent.name]
    if path.name.startswith("billable"):
        return "billable"
    return "dynatrace" if path.suffix == ".json" else "usage"


def packed(folder: Path, to: Path) -> None:
    """A folder without owners and moments, its files in their order."""

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = member.mtime = 0
        member.uname = member.gname = ""
        return member

    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:xz", preset=9) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.name != ".lock":
                archive.add(path, path.relative_to(folder).as_posix(), filter=plain)
    to.write_bytes(buffer.getvalue())


def main(demo: Path, into: Path) -> None:
    """Make both."""
    folders: dict[str, Any] = {"company": demo, "notifications": demo / "notifications"}
    for name, source in folders.items():
        work = into / f".making-{name}"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        make(source, name, work)
        # The log of a table says where it was made.
        for entry in work.glob("ledger/*/_delta_log/*.json"):
            entry.write_text(entry.read_text().replace(work.resolve().as_posix(), "/workspace"))
        packed(work, into / f"{name}.tar.xz")
        shutil.rmtree(work)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
