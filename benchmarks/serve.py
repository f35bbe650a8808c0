"""A server under load: many keep-alive clients, beside a route that does nothing.

python -m benchmarks.serve --seconds 10 --clients 50 --workers 2 --only demo
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import apportion as ap
from benchmarks.clients import Load, Question
from benchmarks.company import G1, START, write_workspace
from benchmarks.measure import report
from benchmarks.processes import Server, serving
from benchmarks.questions import (
    different_costs,
    different_usage,
    in_turn,
    same_costs,
    same_usage,
)

COMMAND = str(Path(sys.executable).with_name("apportion"))
WARM_SECONDS = 5.0
WARM_WITH_DIFFERENT_SECONDS = 20.0
"""Until a worker has open what it keeps open, and answers are remembered that push others out."""
BAR_MS = 60.0
GROWTH_PERCENT = 10.0
YEAR = 2024
PLACES = ("demo", "notifications", "g1")


@dataclass(frozen=True, slots=True)
class Setting:
    """How many clients ask how many workers, for how long, and where the servers' logs go."""

    clients: int
    workers: int
    seconds: float
    logs: Path


@dataclass(frozen=True, slots=True)
class Peer:
    """Answers per second of the route that does nothing."""

    rate: float


def measure(
    server: Server,
    questions: Sequence[Question],
    setting: Setting,
    name: str,
    warm_seconds: float = WARM_SECONDS,
) -> Load:
    """Load a warm server, and print what came of it."""
    order = in_turn(questions)
    Load(questions, order, server.port, warm_seconds).run(setting.clients)
    before = server.memory_mb()
    load = Load(questions, order, server.port, setting.seconds).run(setting.clients)
    after = server.memory_mb()
    print(f"\n{name}")
    report("  answers per second", load.rate, "", "")
    print("  milliseconds", " " * 34, "p50      p95      p99    worst")
    for kind in sorted(load.times):
        it = load.figures(kind)
        title = f"  {kind}, {it.count:,} answers"
        print(f"{title:<44} {it.p50:8.1f} {it.p95:8.1f} {it.p99:8.1f} {it.worst:8.1f}")
    report("  body of an answer", load.octets / max(load.answers, 1) / 1000, "kB", "")
    report("  errors", len(load.errors), "", "none", met=not load.errors)
    for error in load.errors[:5]:
        print(f"    {error}")
    report("  memory of the server, warm", before, "MB", "")
    growth = 100 * (after / before - 1)
    bar = f"under {GROWTH_PERCENT:.0f}"
    report("  its growth in that time", growth, "percent", bar, met=growth < GROWTH_PERCENT)
    report("  clients' share of one processor", 100 * load.own_seconds / load.took, "percent", "")
    return load


def measure_peer(setting: Setting) -> Peer:
    """The same load on a route that does nothing, under the same server."""
    words = [sys.executable, "-m", "uvicorn", "benchmarks.empty_route:application"]
    words += ["--workers", str(setting.workers), "--no-access-log", "--timeout-keep-alive", "75"]
    with serving(words, "/", setting.logs / "empty.log") as server:
        load = measure(server, [Question("nothing", "/")], setting, "empty route")
    return Peer(load.rate)


def measure_place(place: str, folder: Path, setting: Setting, peer: Peer) -> None:
    """A workspace: the same questions again and again, then hardly ever the same twice."""
    words = [COMMAND, "--workspace", str(folder), "serve", "--workers", str(setting.workers)]
    with serving(words, "/api/v1/ready", setting.logs / f"{place}.log") as server:
        accounts = [account.id for account in ap.Workspace(folder).model.accounts]
        asked = same_costs(server)
        if accounts:
            asked += same_usage(accounts, YEAR)
        load = measure(server, asked, setting, f"{place}, the same questions")
        report("  of the empty route", 100 * load.rate / peer.rate, "percent", "")
        if place == "demo":
            p95 = load.figures("hierarchy").p95
            report("  hierarchy, p95", p95, "ms", f"under {BAR_MS:.0f}", met=p95 < BAR_MS)
        asked = different_costs(server)
        if accounts:
            asked += different_usage(accounts, YEAR)
        name = f"{place}, questions that differ"
        load = measure(server, asked, setting, name, WARM_WITH_DIFFERENT_SECONDS)
        report("  of the empty route", 100 * load.rate / peer.rate, "percent", "")


def made(place: str, folder: Path) -> Path:
    """The workspace of a place, made unless it is there."""
    if place == "g1":
        company = folder / "g1"
        if not company.exists():
            workspace = ap.Workspace(write_workspace(company, G1))
            for kind in ("costs", "usage"):
                workspace.ingest(kind, company / f"{kind}.parquet")
            workspace.run(START, G1.end)
        return company
    demo = folder / "demo"
    if not demo.exists():
        subprocess.run([COMMAND, "demo", str(demo)], check=True, capture_output=True)
    return demo / "notifications" if place == "notifications" else demo


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serve")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", choices=PLACES, nargs="*", default=PLACES)
    parser.add_argument("--folder", type=Path, help="where workspaces are made, or kept")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        setting = Setting(asked.clients, asked.workers, asked.seconds, Path(name))
        peer = measure_peer(setting)
        for place in asked.only:
            measure_place(place, made(place, asked.folder or Path(name)), setting, peer)


if __name__ == "__main__":
    main()
