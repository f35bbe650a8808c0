"""What a child process says at its end, as JSON holds it, and without the server's folders."""

import os
import re
import signal
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apportion.findings import (
    ApportionError,
    Finding,
    IngestError,
    JobError,
    LedgerError,
    ModelError,
    Place,
    RunError,
    Severity,
    UsageError,
)
from apportion.ledger.damage import damage
from apportion.report.findings_data import as_data

INTERNAL = "InternalError"
"""What stands for an error that is a fault of the program."""

MOST_FINDINGS = 200
"""Findings that are handed over and answered; a hostile file can have a million."""

_OUT_OF_MEMORY = ("bad_alloc", "memory allocation of", "MemoryError", "Out of Memory")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done, or the name of the error's class and its findings.

    ``findings`` are the first of them as the command line's JSON has them, ``total`` counts all;
    ``INTERNAL`` has none.
    """

    done: dict[str, Any] | None
    error: str = ""
    findings: tuple[dict[str, Any], ...] = ()
    total: int = 0

    def as_error(self) -> ApportionError:
        """The error, as the work raised it."""
        error = _ERRORS.get(self.error, JobError)([_finding(each) for each in self.findings])
        error.total = max(self.total, error.total)
        return error

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON holds it."""
        findings = list(self.findings)
        return {"done": self.done, "error": self.error, "findings": findings, "total": self.total}


_ERRORS: Mapping[str, type[ApportionError]] = {
    each.__name__: each for each in (IngestError, LedgerError, ModelError, RunError, UsageError)
}


def _finding(data: Mapping[str, Any]) -> Finding:
    return Finding(
        data["code"],
        data["message"],
        Place(data["file"], data["line"], data["column"]),
        data["remedy"],
        Severity(data["severity"]),
        data["details"],
    )


def outcome_of(data: Mapping[str, Any]) -> Outcome:
    """What ``to_dict`` gave."""
    return Outcome(data["done"], data["error"], tuple(data["findings"]), data["total"])


def refused(error: ApportionError) -> Outcome:
    """The outcome of work that raised."""
    first = as_data(error.findings[:MOST_FINDINGS])
    return Outcome(None, type(error).__name__, tuple(first), error.total)


def too_much_memory(place: Place) -> Outcome:
    """The outcome of work that needed more than it may have."""
    message = "The work needs more memory than it may have here."
    remedy = "Split it: fewer days, or a smaller file."
    return refused(JobError([Finding("memory_exceeded", message, place, remedy)]))


def too_much_time(place: Place, seconds: int) -> Outcome:
    """The outcome of work that took longer than it may."""
    message = f"The work was ended after {seconds:,} seconds, which is all it may take here."
    remedy = "Split it: fewer days, or a smaller file."
    return refused(JobError([Finding("time_exceeded", message, place, remedy)]))


def failed(error: Exception, place: Place, workspace: Path) -> Outcome:
    """The outcome of work that raised whatever it was; a fault of the program goes to stderr."""
    if isinstance(error, ApportionError):
        return refused(error)
    if damaged := damage(error, workspace):
        return refused(damaged)
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryException":
        return too_much_memory(place)
    traceback.print_exception(error)
    return Outcome(None, INTERNAL)


def stopped(place: Place) -> Outcome:
    """The outcome of work that was under way when the server stopped."""
    message = "The server stopped before the work was done; nothing of it is recorded."
    return refused(JobError([Finding("stopped_work", message, place, "Ask for it again.")]))


def died(place: Place, status: int, said: str) -> Outcome:
    """The outcome of work whose process ended without one; ``said`` is what it wrote to stderr."""
    if any(sign in said for sign in _OUT_OF_MEMORY):
        return too_much_memory(place)
    how = _signal_name(-status) if status < 0 else f"status {status}"
    message = f"The process that did the work ended by itself ({how})."
    remedy = "A file that is damaged can do that. Check it, or ask for the work again."
    return refused(JobError([Finding("crashed_work", message, place, remedy)]))


def _signal_name(number: int) -> str:
    known = {each.value: each.name for each in signal.Signals}
    return known.get(number, f"signal {number}")


def without_folders(data: Any, folders: Sequence[Path]) -> Any:
    """JSON whose texts name files from these folders on, so that nobody learns where they lie.

    >>> without_folders({"file": "/srv/acme/model/a.yaml"}, [Path("/srv/acme")])
    {'file': 'model/a.yaml'}
    """
    names = sorted({str(folder) for folder in folders} - {os.sep, "."}, key=len, reverse=True)
    listed = "|".join(map(re.escape, names))
    beginning = re.compile(rf"(?<![\w.-])(?:{listed})(?:{re.escape(os.sep)}|(?![\w.-]))")
    return _without(data, beginning) if names else data


def _without(data: Any, beginning: re.Pattern[str]) -> Any:
    if isinstance(data, str):
        return beginning.sub(_instead, data)
    if isinstance(data, Mapping):
        return {key: _without(value, beginning) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_without(value, beginning) for value in data]
    return data


def _instead(found: re.Match[str]) -> str:
    return "" if found[0].endswith(os.sep) else "the workspace"
