"""Which runs answer for some day, and which only for days that later ones cover too."""

from collections.abc import Sequence

from apportion.ledger.runs import Run, answering_together, coverage, find_run
from apportion.ledger.store import Store


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
