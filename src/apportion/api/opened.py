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
from apportion.reconcile.reconciliation import Reconciliation
from apportion.recorded_result import RecordedResult

MOST = 8
"""Results that stay open; each holds a DuckDB instance with what it knows of its files."""


MOST_PROOFS = 8
"""Proofs of an opened result that are kept."""


@dataclass(frozen=True, slots=True)
class Proofs:
    """The proofs of a result, by the dimensions they are of. One is made at a time."""

    kept: OrderedDict[tuple[str, ...], Reconciliation] = field(default_factory=OrderedDict)
    lock: Lock = field(default_factory=Lock)

    def get(self, only: tuple[str, ...], making: Callable[[], Reconciliation]) -> Reconciliation:
        """The proof of some dimensions, made now if it is not there. Raises what making does."""
        # Whoever asks meanwhile waits: what belongs to one page is asked for at once.
        with self.lock:
            if only not in self.kept:
                self.kept[only] = making()
            while len(self.kept) > MOST_PROOFS:
                self.kept.popitem(last=False)
            return self.kept[only]


@dataclass(frozen=True, slots=True)
class Opened:
    """A result, a connection with its views, what is doubtful about it, and its proofs.

    There are none of a result that is only seen in part: it does not add up.
    """

    result: RecordedResult
    connection: duckdb.DuckDBPyConnection
    doubts: tuple[Finding, ...]
    proofs: Proofs | None


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
            # Of those who open the same at once all go on with the same.
            opened = self.kept.setdefault(asked, opened)
            while len(self.kept) > MOST:
                self.kept.popitem(last=False)
        return opened
