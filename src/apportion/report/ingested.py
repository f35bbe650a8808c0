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
        "first_day": None if days is None else days[0].isoformat(),
        "last_day": None if days is None else days[1].isoformat(),
    }
