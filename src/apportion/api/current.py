"""The workspace as it is now, and the marks by which one knows that it has changed."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from apportion.api.opened import OpenedResults
from apportion.ledger.schemas import (
    ALLOWANCES,
    BILLING_INGESTS,
    INGESTS,
    RATINGS,
    RUNS,
    Table,
)
from apportion.ledger.version_marks import VersionMark, version_mark
from apportion.model.files import model_marks
from apportion.workspace import Workspace

_RECORDS: tuple[Table, ...] = (RUNS, INGESTS, RATINGS, BILLING_INGESTS, ALLOWANCES)
"""Every change to the ledger is a commit to one of these."""

Marks = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Current:
    """A workspace, its model read once, and the marks of the files it was opened from.

    Equal marks mean that every question has the same answer as before.
    """

    workspace: Workspace
    model_marks: Marks
    ledger_marks: tuple[VersionMark, ...]
    results: OpenedResults = field(default_factory=OpenedResults, compare=False)

    @property
    def marks(self) -> Marks:
        """The marks of everything that an answer can depend on."""
        return (self.model_marks, self.ledger_marks)


def current(folder: Path, known: Current | None) -> Current:
    """The workspace as it is now: the one already known, unless its model was changed.

    Raises ``ModelError`` where the folder is no workspace, ``LedgerError``.
    """
    of_model = model_marks(folder)
    workspace = (
        known.workspace if known and known.model_marks == of_model else Workspace(os.fspath(folder))
    )
    before = known.ledger_marks if known else [None] * len(_RECORDS)
    store = workspace.store
    of_ledger = tuple(
        version_mark(store, table, mark) for table, mark in zip(_RECORDS, before, strict=True)
    )
    if known and workspace is known.workspace and of_ledger == known.ledger_marks:
        return known
    return Current(workspace, of_model, of_ledger)
