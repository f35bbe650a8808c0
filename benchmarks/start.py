"""How long a person waits: `--help`, and `reconcile` on the demo workspace."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.measure import report, timed

REPEATS = 7
# Python keeps compiled modules for people; a setting of the machine must not take that away.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
COMMAND = str(Path(sys.executable).with_name("apportion"))


def seconds_of(*arguments: str) -> float:
    """The median of a few runs of a command, the first of which warms the disk."""
    times = []
    for _ in range(REPEATS):
        with timed() as timing:
            subprocess.run([COMMAND, *arguments], check=True, capture_output=True, env=ENVIRONMENT)
        times.append(timing.seconds)
    return median(times[1:])


def main() -> None:
    """Measure and print."""
    with timed() as bare:
        subprocess.run([sys.executable, "-c", "pass"], check=True)
    report("python -c pass", bare.seconds, "seconds", "")
    help_seconds = seconds_of("--help")
    report("apportion --help", help_seconds, "seconds", "under 0.3", met=help_seconds < 0.3)
    with tempfile.TemporaryDirectory() as name:
        demo = Path(name) / "demo"
        with timed() as whole:
            subprocess.run([COMMAND, "demo", str(demo)], check=True, capture_output=True)
        report("apportion demo", whole.seconds, "seconds", "")
        reconcile = seconds_of("--workspace", str(demo), "reconcile")
        report("apportion reconcile", reconcile, "seconds", "under 1.5", met=reconcile < 1.5)


if __name__ == "__main__":
    main()
