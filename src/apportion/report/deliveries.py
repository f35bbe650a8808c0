"""Deliveries for programs, and the runs that a change of deliveries left behind."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from apportion.ledger.inventory import Delivered, Inventoried, Part
from apportion.ledger.record_ingest import Recorded
from apportion.ledger.runs import Run
from apportion.report.runs import superseded

_SUMS = ("billed", "effective", "contracted", "list")


def as_data(found: Delivered) -> dict[str, Any]:
    """A delivery: moments and days as ISO 8601, amounts as decimal text."""
    return {
        **asdict(found),
        "at": found.at.isoformat(),
        "standing": str(found.standing),
        "first_day": found.first_day and found.first_day.isoformat(),
        "last_day": found.last_day and found.last_day.isoformat(),
        "withdrawn_at": found.withdrawn_at and found.withdrawn_at.isoformat(),
    }


def in_full_as_data(found: Inventoried) -> dict[str, Any]:
    """A delivery with its parts and its history."""
    return {
        "delivery": as_data(found.delivery),
        "parts": [_part(each) for each in found.parts],
        "history": [{**asdict(each), "at": each.at.isoformat()} for each in found.history],
    }


def _part(part: Part) -> dict[str, Any]:
    sums = {name: getattr(part, name) for name in _SUMS}
    told = {name: None if sum_ is None else f"{sum_.normalize():f}" for name, sum_ in sums.items()}
    return {**asdict(part), **told}


def changed_as_data(
    kind: str, delivery: str, reason: str, recorded: Recorded, outdated: Sequence[Run]
) -> dict[str, Any]:
    """What a withdrawal or a restoration did; ``outdated`` are runs to be made again."""
    first, last = recorded.days
    return {
        "change": recorded.ingest_id,
        "kind": kind,
        "delivery": delivery,
        "reason": reason,
        "rows": recorded.rows,
        "replaced_rows": recorded.replaced_rows,
        "moved": [each.to_dict() for each in recorded.moved],
        "moved_costs": [each.to_dict() for each in recorded.moved_costs],
        "first_day": first and first.isoformat(),
        "last_day": last and last.isoformat(),
        "outdated_runs": [
            {
                "run_id": run.run_id,
                "start_date": run.start_date.isoformat(),
                "end_date": run.end_date.isoformat(),
                "currency": run.currency,
            }
            for run in outdated
        ],
    }


def outdated(runs: Sequence[Run], days: tuple[date | None, date | None]) -> list[Run]:
    """The runs that answer for any of these days, of all that were made before they changed."""
    first, last = days
    if first is None or last is None:
        return []
    unused = {run.run_id for run in superseded(runs)}
    return [
        run
        for run in runs
        if run.run_id not in unused and run.start_date <= last and first <= run.end_date
    ]
