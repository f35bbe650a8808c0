"""Which runs answer for some day, and which only for days that later ones cover too."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from apportion.ledger.disk import Store
from apportion.ledger.runs import Run, answering_together, coverage, find_run


def superseded(runs: Sequence[Run]) -> list[Run]:
    """The runs that answer for no day, because later ones like them do (`A27`).

    Like them are those in the same currency and over the same dimensions.
    """
    answering: set[str] = set()
    for same in answering_together(runs):
        first = min(run.start_date for run in same)
        last = max(run.end_date for run in same)
        answering |= {piece.run_id for piece in coverage(same, first, last).pieces}
    return [run for run in runs if run.run_id not in answering]


def named(store: Store, run_ids: Sequence[str]) -> list[Run]:
    """Runs by their ids or beginnings of ids, each once. Raises ``LedgerError``."""
    return list({run.run_id: run for run in (find_run(store, each) for each in run_ids)}.values())


def as_data(run: Run) -> dict[str, Any]:
    """A run's record for programs."""
    data = asdict(run)
    data["at"] = run.at.isoformat()
    data["dimensions"] = None if run.dimensions is None else json.loads(run.dimensions)
    data["timings"] = json.loads(run.timings)
    return data


def listed_as_data(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """The records of runs, and whether later ones answer in place of each."""
    unused = {run.run_id for run in superseded(runs)}
    return [{**as_data(run), "superseded": run.run_id in unused} for run in runs]
