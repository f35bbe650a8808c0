"""How long a person waits for each command, beside Python and the two engines it stands on."""

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.measure import timed

REPEATS = 9
# Python keeps compiled modules for people; a setting of the machine must not take that away.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
COMMAND = str(Path(sys.executable).with_name("apportion"))

EMPTY, ENGINES = "python -c pass", "import pyarrow, duckdb"
SMALL = {
    "--help": 0.15,
    "validate": 0.4,
    "runs list": 0.4,
    "show products": 0.6,
    "show nodes": 0.6,
    "show contributions --node search": 0.6,
    "run --from 2024-01 --to 2024-01": None,
}
YEAR = {"reconcile": 0.9}
"""Commands about a new workspace and about the example company's year, and their bars."""


@dataclass
class Taken:
    """Seconds of each repeat, as a clock tells them and as the processors worked."""

    waited: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)


def once(typed: Sequence[str], folder: Path, taken: Taken) -> None:
    """Run a command once more."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with timed() as timing:
        subprocess.run(typed, check=True, capture_output=True, env=ENVIRONMENT, cwd=folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    taken.waited.append(timing.seconds)
    taken.worked.append(
        after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    )


def prepare(folder: Path) -> tuple[Path, Path]:
    """A new workspace with its month attributed, and the example company."""
    small, demo = folder / "small", folder / "demo"
    for line in (
        f"init {small}",
        f"-w {small} ingest costs {small}/data/costs.csv",
        f"-w {small} ingest usage {small}/data/usage.csv",
        f"-w {small} run --from 2024-01 --to 2024-01",
        f"demo {demo}",
    ):
        subprocess.run([COMMAND, *line.split()], check=True, capture_output=True, env=ENVIRONMENT)
    return small, demo


def measure(folder: Path) -> Mapping[str, Taken]:
    """All commands in turn, again and again, so that a busy minute is shared by all."""
    small, demo = prepare(folder)
    typed = {
        EMPTY: (small, [sys.executable, "-c", "pass"]),
        ENGINES: (small, [sys.executable, "-c", ENGINES]),
        **{name: (small, [COMMAND, *name.split()]) for name in SMALL},
        **{name: (demo, [COMMAND, *name.split()]) for name in YEAR},
    }
    taken = {name: Taken() for name in typed}
    for _ in range(REPEATS):
        for name, (where, words) in typed.items():
            once(words, where, taken[name])
    return taken


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        taken = measure(Path(name))
    bars = SMALL | YEAR
    engines = median(taken[ENGINES].waited)
    print(f"{'':<36} {'median':>8} {'least':>8} {'worked':>8} {'of engines':>11}  bar")
    for name, each in taken.items():
        waited, bar = median(each.waited), bars.get(name)
        verdict = "" if bar is None else f"{bar} {'met' if waited <= bar else 'MISSED'}"
        figures = f"{waited:>7.2f}s {min(each.waited):>7.2f}s {median(each.worked):>7.2f}s"
        print(f"{name:<36} {figures} {waited / engines:>10.1f}x  {verdict}", flush=True)


if __name__ == "__main__":
    main()
