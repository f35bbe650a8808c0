"""Withdrawing and restoring a delivery in a child process."""

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apportion.findings import QUESTION
from apportion.jobs.outcomes import Outcome
from apportion.jobs.processes import Allowed, Children


@dataclass(frozen=True, slots=True)
class TakingBack:
    """What is to be done: ``kind`` is withdrawal or restoration.

    ``mode`` is replace or append where somebody said so of a restoration.
    """

    kind: str
    delivery: str
    reason: str
    mode: str = ""


def take_back(
    children: Children, folder: Path, private: Path, asked: TakingBack, allowed: Allowed
) -> Outcome:
    """Do it in a child; ``done`` is as ``apportion deliveries withdraw --json`` has it.

    ``private`` is a private folder to work in. Raises ``JobError`` (``stopped_work``).
    """
    request = {
        "work": "take back",
        "about": QUESTION.file,
        "folder": str(folder.resolve()),
        "scratch": str(private.resolve()),
        "kind": asked.kind,
        "delivery": asked.delivery,
        "reason": asked.reason,
        "mode": asked.mode,
    }
    return children.do(request, allowed, QUESTION)


def work(request: Mapping[str, Any], _tell: Callable[[Mapping[str, Any]], None]) -> dict[str, Any]:
    """What the child does. Raises what ``Workspace.withdraw`` and ``restore`` raise."""
    from apportion.ledger.inventory import find_delivery
    from apportion.report.deliveries import changed_as_data, outdated
    from apportion.workspace import Workspace

    tempfile.tempdir = request["scratch"]
    os.chdir(request["scratch"])
    workspace = Workspace(Path(request["folder"]))
    kind, reason, mode = request["kind"], request["reason"], request["mode"]
    delivery = find_delivery(workspace.store, request["delivery"]).delivery
    if kind == "withdrawal":
        recorded = workspace.withdraw(delivery, reason)
    else:
        said = {"replace": mode == "replace", "append": mode == "append"}
        recorded = workspace.restore(delivery, reason, **said)
    left = outdated(workspace.runs(), recorded.days)
    return changed_as_data(kind, delivery, reason, recorded, left)
