"""What an ingest brought, for programs."""

from datetime import date
from typing import Any

from apportion.ingest.incoming import IngestReport
from apportion.ledger.record_ingest import Recorded


def as_data(
    report: IngestReport, recorded: Recorded, days: tuple[date, date] | None
) -> dict[str, Any]:
    """The report, and what the ledger made of it; ``days`` are the first and last of the rows."""
    return {
        **report.to_dict(),
        "changed": bool(recorded.ingest_id),
        "ingest_id": recorded.ingest_id,
        "rows": recorded.rows,
        "replaced_rows": recorded.replaced_rows,
        "same_as": recorded.same_as,
        "moved": [each.to_dict() for each in recorded.moved],
        "moved_costs": [each.to_dict() for each in recorded.moved_costs],
        "first_day": None if days is None else days[0].isoformat(),
        "last_day": None if days is None else days[1].isoformat(),
    }


def derived_as_data(derived: Recorded | None) -> dict[str, Any] | None:
    """What moved where a run made costs anew by the rules of now; nothing where it did not."""
    if derived is None or not derived.ingest_id:
        return None
    return {
        "change": derived.ingest_id,
        "rows": derived.rows,
        "replaced_rows": derived.replaced_rows,
        "moved": [each.to_dict() for each in derived.moved],
        "moved_costs": [each.to_dict() for each in derived.moved_costs],
    }
