"""Rating all billable usage in a child process."""

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from apportion.findings import QUESTION
from apportion.jobs.outcomes import Outcome
from apportion.jobs.processes import Allowed, Children


def rate(children: Children, folder: Path, private: Path, allowed: Allowed) -> Outcome:
    """Rate all usage in a child; ``done`` is as ``apportion rate --json`` has it.

    ``private`` is a private folder to work in. Raises ``JobError`` (``stopped_work``).
    """
    request = {
        "work": "rate",
        "about": QUESTION.file,
        "folder": str(folder.resolve()),
        "scratch": str(private.resolve()),
    }
    return children.do(request, allowed, QUESTION)


def work(request: Mapping[str, Any], _tell: Callable[[Mapping[str, Any]], None]) -> dict[str, Any]:
    """What the child does. Raises what ``Workspace.rate`` raises."""
    from apportion.report.findings_data import as_data as findings_data
    from apportion.report.ratings import as_data
    from apportion.workspace import Workspace

    tempfile.tempdir = request["scratch"]
    os.chdir(request["scratch"])
    outcome = Workspace(Path(request["folder"])).rate()
    return {
        "is_new": outcome.is_new,
        "rating": as_data(outcome.rating),
        "warnings": findings_data(outcome.findings),
    }
