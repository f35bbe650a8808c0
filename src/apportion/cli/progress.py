"""A progress bar for work that takes a while, on a terminal alone."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from apportion.cli.output import console

QUIET_SECONDS = 1.0
"""Work that is done sooner needs no bar."""


@contextmanager
def progress(what: str) -> Iterator["Bar"]:
    """Give a function to be called with done and all; it draws where that is of use."""
    bar = Bar(what)
    try:
        yield bar
    finally:
        bar.stop()


class Bar:
    """Draws nothing before ``QUIET_SECONDS`` have passed, and nothing off a terminal."""

    def __init__(self, what: str) -> None:
        """Start the clock."""
        self._what = what
        self._began = time.monotonic()
        self._drawn = None if sys.stderr.isatty() else _NEVER

    def __call__(self, done: int, total: int) -> None:
        """Show how far the work is."""
        if self._drawn is None and time.monotonic() - self._began > QUIET_SECONDS:
            self._drawn = _Drawn(self._what)
        if self._drawn is not None:
            self._drawn.update(done, total)

    def stop(self) -> None:
        """Remove the bar."""
        if self._drawn is not None:
            self._drawn.stop()


class _Never:
    def update(self, done: int, total: int) -> None:
        pass

    def stop(self) -> None:
        pass


class _Drawn(_Never):
    def __init__(self, what: str) -> None:
        from rich.progress import Progress

        self._progress = Progress(console=console(sys.stderr), transient=True)
        self._task = self._progress.add_task(what)
        self._progress.start()

    def update(self, done: int, total: int) -> None:
        self._progress.update(self._task, completed=done, total=total)

    def stop(self) -> None:
        self._progress.stop()


_NEVER = _Never()
