"""What a caller waits for a cheap question while another has many heavy ones under way.

python -m benchmarks.fairness --heavy 60 --workers 2
"""

import argparse
import http.client
import statistics
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.measure import report
from benchmarks.processes import Server, serving
from benchmarks.questions import API, different_costs
from benchmarks.serve import COMMAND, made

GREEDY, MODEST = "127.0.0.2", "127.0.0.3"
"""Addresses of this machine: on a server that is open to all, who asks is where it asks from."""
BAR_SECONDS = 1.0
LONGEST_SECONDS = 180
ALONE = 10
"""Cheap questions that are asked first, while nobody else asks."""


@dataclass
class Asked:
    """What came of the questions of a caller: their statuses, and what each took in seconds."""

    statuses: Counter[int] = field(default_factory=Counter)
    took: list[float] = field(default_factory=list)

    def ask(self, server: Server, path: str, source: str) -> None:
        """Ask over a connection of its own, and take the answer whole."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", server.port, timeout=LONGEST_SECONDS, source_address=(source, 0)
        )
        began = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        self.took.append(time.perf_counter() - began)
        self.statuses[answer.status] += 1
        connection.close()

    @property
    def worst(self) -> float:
        """What the slowest answer took."""
        return max(self.took)


def cheap(number: int) -> str:
    """A question that is computed, and never the same twice."""
    return f"{API}/nodes?limit={number + 1}"


def measure(server: Server, heavy: int) -> None:
    """Let one caller ask all at once, and another a cheap question each second meanwhile."""
    alone, greedy, modest = Asked(), Asked(), Asked()
    for number in range(ALONE):
        alone.ask(server, cheap(number), MODEST)
    paths = [each.path for each in different_costs(server) if each.name != "node"][:heavy]
    threads = [
        threading.Thread(target=greedy.ask, args=(server, path, GREEDY), daemon=True)
        for path in paths
    ]
    began = time.perf_counter()
    for each in threads:
        each.start()
    number = ALONE
    while any(each.is_alive() for each in threads):
        modest.ask(server, cheap(number), MODEST)
        number += 1
        time.sleep(max(0.0, 1.0 - modest.took[-1]))
    took = time.perf_counter() - began
    print(f"\n{heavy} heavy questions of one caller at once")
    report("  all of them took", took, "s", "")
    for status, count in sorted(greedy.statuses.items()):
        report(f"  of them answered {status}", count, "", "")
    report("  a cheap question alone, at worst", alone.worst, "s", "")
    report("  cheap questions of another meanwhile", len(modest.took), "", "")
    report("  they waited, in the middle", statistics.median(modest.took), "s", "")
    bar = f"under {BAR_SECONDS:.0f}"
    report("  they waited, at worst", modest.worst, "s", bar, met=modest.worst < BAR_SECONDS)
    refused = sum(count for status, count in modest.statuses.items() if status != 200)
    report("  of them refused", refused, "", "none", met=not refused)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fairness")
    parser.add_argument("--heavy", type=int, default=60)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="where the workspace is made, or kept")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = made("demo", asked.folder or Path(name))
        words = [COMMAND, "--workspace", str(folder), "serve", "--workers", str(asked.workers)]
        with serving(words, "/api/v1/ready", Path(name) / "server.log") as server:
            measure(server, asked.heavy)


if __name__ == "__main__":
    main()
