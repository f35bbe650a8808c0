"""Results that were opened for one question and stay open for the next.

To open a result is to read which runs answer and which files hold their rows, which takes about as
long as a short question does.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock

import duckdb

from apportion.findings import Finding
from apportion.reconcile import Reconciliation
from apportion.recorded_result import RecordedResult

MOST = 8
"""Results that stay open; each holds a DuckDB instance with what it knows of its files."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A result, a connection with its views, what is doubtful about it, and how to prove it."""

    result: RecordedResult
    connection: duckdb.DuckDBPyConnection
    doubts: tuple[Finding, ...]
    proof: Callable[[tuple[str, ...]], Reconciliation | None]


@dataclass(frozen=True, slots=True)
class OpenedResults:
    """The results that were asked for last, by what was asked. They belong to one state of all."""

    kept: OrderedDict[Hashable, Opened] = field(default_factory=OrderedDict)
    lock: Lock = field(default_factory=Lock)

    def get(self, asked: Hashable, opening: Callable[[], Opened]) -> Opened:
        """The result that was asked for, opened now if it is not open. Raises what opening does."""
        with self.lock:
            if asked in self.kept:
                self.kept.move_to_end(asked)
                return self.kept[asked]
        opened = opening()
        with self.lock:
            self.kept[asked] = opened
            while len(self.kept) > MOST:
                self.kept.popitem(last=False)
        return opened
