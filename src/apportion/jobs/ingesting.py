"""Bringing a file into the ledger in a child process."""

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from apportion.findings import Place
from apportion.jobs.outcomes import Outcome
from apportion.jobs.processes import Allowed, Children
from apportion.jobs.uploads import SCRATCH, UPLOAD, require_plain_name


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came in: the private folder of its request, and the name its sender gave it."""

    private: Path
    name: str

    @property
    def path(self) -> Path:
        """Where the file lies."""
        return self.private / UPLOAD / self.name


def upload_into(private: Path, name: str) -> Upload:
    """Make a place for a file. Raises ``UsageError`` (``invalid_argument``)."""
    upload = Upload(private, require_plain_name(name))
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


def ingest(
    children: Children,
    folder: Path,
    upload: Upload,
    said: Said,
    cost: Mapping[str, int],
    allowed: Allowed,
) -> Outcome:
    """Bring a file into the ledger in a child; ``done`` is as ``apportion ingest --json`` has it.

    ``cost`` are fields of ``apportion.ingest.inspected.Limits`` in place of their defaults. Raises
    ``JobError`` (``stopped_work``).
    """
    request = {
        "work": "ingest",
        "about": upload.name,
        "folder": str(folder.resolve()),
        "scratch": str(upload.private.resolve()),
        "format": said.format,
        "source": said.source,
        "period": None if said.period is None else [day.isoformat() for day in said.period],
        "cost_column": said.cost_column,
        "limits": dict(cost),
    }
    return children.do(request, allowed, Place(upload.name))


def work(request: Mapping[str, Any], _tell: Callable[[Mapping[str, Any]], None]) -> dict[str, Any]:
    """What the child does. Raises what ``Workspace.ingest`` raises."""
    from apportion.ingest.inspected import LIMITS
    from apportion.report.ingested import as_data
    from apportion.workspace import Workspace

    private = Path(request["scratch"])
    tempfile.tempdir = str(private / SCRATCH)
    # From inside its folder the file has the name that its sender gave it, in every message too.
    os.chdir(private / UPLOAD)
    days = [date.fromisoformat(day) for day in request["period"] or ()]
    outcome = Workspace(Path(request["folder"])).ingest(
        request["format"],
        request["about"],
        source=request["source"],
        period=(days[0], days[1]) if days else None,
        cost_column=request["cost_column"],
        limits=replace(LIMITS, **request["limits"]),
    )
    return as_data(outcome.report, outcome.recorded, outcome.days)
