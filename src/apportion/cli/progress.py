"""What work that takes a while is doing, and how far it is, on a terminal alone."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock, Timer
from typing import TYPE_CHECKING

from apportion.cli.output import console

if TYPE_CHECKING:
    from rich.progress import Progress

QUIET_SECONDS = 0.5
"""Work that is done sooner needs no bar."""

INGEST = {
    "": "Reading the files and proving their totals",
    "compare": "Comparing with the ledger",
    "write": "Writing",
    "read back": "Reading back what was written",
    "record": "Recording",
}
RUN = {
    "": "Reading costs and usage",
    "write rows": "Attributing, day by day",
    "read back": "Proving what was written",
    "record": "Recording",
}
RATE = {"": "Rating", "record": "Recording"}
UPGRADE = {"": "Reading the ledger", "write": "Writing lines", "record": "Recording"}
AUDIT = {"": "Reading the ledger and comparing it with its records"}
PROOF = {"": "Proving the results anew"}
"""The stages of each kind of work by the step of a write with which they begin, in their order."""


@contextmanager
def progress(stages: Mapping[str, str]) -> Iterator["Bar"]:
    """Give something to be told of steps, and of how much is done of how much."""
    bar = Bar(stages)
    try:
        yield bar
    finally:
        bar.stop()


class Bar:
    """Draws nothing before ``QUIET_SECONDS`` have passed, and nothing off a terminal."""

    def __init__(self, stages: Mapping[str, str]) -> None:
        """Begin with the first stage."""
        self._stages = stages
        self._lock = Lock()
        self._drawn: Progress | None = None
        self._stage = next(iter(stages))
        self._done: tuple[int | None, int | None] = (None, None)
        # Most of the work is one long call, so what draws must not wait for a step.
        self._timer = Timer(QUIET_SECONDS, self._begin) if sys.stderr.isatty() else None
        if self._timer is not None:
            self._timer.daemon = True
            self._timer.start()

    def step(self, name: str) -> None:
        """Show the stage that begins with this step, if one does."""
        if name in self._stages:
            self._stage, self._done = name, (None, None)
            self._show()

    def __call__(self, done: int, total: int) -> None:
        """Show how far the stage is."""
        self._done = (done, total)
        self._show()

    def stop(self) -> None:
        """Remove the bar."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
        with self._lock:
            if self._drawn is not None:
                self._drawn.stop()
                self._drawn = None

    def _begin(self) -> None:
        from rich.progress import Progress

        with self._lock:
            self._drawn = Progress(console=console(sys.stderr), transient=True)
            self._drawn.add_task(self._words(), total=None)
            self._drawn.start()
        self._show()

    def _show(self) -> None:
        with self._lock:
            if self._drawn is not None:
                done, total = self._done
                task = self._drawn.task_ids[0]
                self._drawn.update(task, description=self._words(), completed=done or 0)
                self._drawn.tasks[0].total = total

    def _words(self) -> str:
        place = list(self._stages).index(self._stage) + 1
        of_all = f" ({place} of {len(self._stages)})" if len(self._stages) > 1 else ""
        return f"{self._stages[self._stage]}{of_all}"
