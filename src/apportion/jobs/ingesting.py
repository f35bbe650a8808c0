"""Bringing a file into the ledger in a child process."""

import dataclasses
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from apportion.findings import Place
from apportion.jobs.outcomes import Outcome
from apportion.jobs.processes import Allowed, Children
from apportion.jobs.uploads import SCRATCH, UPLOAD, require_plain_name


@dataclass(frozen=True, slots=True)
class Upload:
    """Files that came in: the private folder of their request, and the names their sender gave."""

    private: Path
    names: tuple[str, ...] = ()

    def path_of(self, name: str) -> Path:
        """Where a file of a plain name lies."""
        return self.private / UPLOAD / name


def upload_into(private: Path, *names: str) -> Upload:
    """Make a place for files. Raises ``UsageError`` (``invalid_argument``) for a strange name."""
    upload = Upload(private, tuple(map(require_plain_name, names)))
    (private / UPLOAD).mkdir()
    (private / SCRATCH).mkdir()
    return upload


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a file beside it, as ``Workspace.ingest`` takes it."""

    format: str
    source: str | None = None
    period: tuple[date, date] | None = None
    cost_column: str | None = None
    replace: bool = False
    append: bool = False


def ingest(
    children: Children,
    folder: Path,
    upload: Upload,
    said: Said,
    cost: Mapping[str, int],
    allowed: Allowed,
) -> Outcome:
    """Bring files, taken together, into the ledger in a child.

    ``done`` is as ``apportion ingest --json`` has it.

    ``cost`` are fields of ``apportion.ingest.inspected.Limits`` in place of their defaults. Raises
    ``JobError`` (``stopped_work``).
    """
    request = {
        "work": "ingest",
        "about": list(upload.names),
        "folder": str(folder.resolve()),
        "scratch": str(upload.private.resolve()),
        "format": said.format,
        "source": said.source,
        "period": None if said.period is None else [day.isoformat() for day in said.period],
        "cost_column": said.cost_column,
        "replace": said.replace,
        "append": said.append,
        "limits": dict(cost),
    }
    return children.do(request, allowed, Place(", ".join(upload.names)))


def work(request: Mapping[str, Any], _tell: Callable[[Mapping[str, Any]], None]) -> dict[str, Any]:
    """What the child does. Raises what ``Workspace.ingest`` raises."""
    from apportion.ingest.inspected import LIMITS
    from apportion.report.ingested import as_data
    from apportion.workspace import Workspace

    private = Path(request["scratch"])
    tempfile.tempdir = str(private / SCRATCH)
    # From inside their folder files have the names that their sender gave, in every message too.
    os.chdir(private / UPLOAD)
    days = [date.fromisoformat(day) for day in request["period"] or ()]
    outcome = Workspace(Path(request["folder"])).ingest(
        request["format"],
        *request["about"],
        source=request["source"],
        period=(days[0], days[1]) if days else None,
        cost_column=request["cost_column"],
        limits=dataclasses.replace(LIMITS, **request["limits"]),
        replace=request["replace"],
        append=request["append"],
    )
    return as_data(outcome.report, outcome.recorded, outcome.days)
