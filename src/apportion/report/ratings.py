"""Ratings for programs."""

import json
from dataclasses import asdict
from typing import Any

from apportion.ledger.record_rating import Rating


def as_data(rating: Rating) -> dict[str, Any]:
    """A rating's record."""
    data = asdict(rating)
    data["at"] = rating.at.isoformat()
    data["chargeable_units"] = int(rating.chargeable_units)
    told = json.loads(rating.findings)
    # Older records tell of warnings alone, by code and message.
    data["findings"] = [{"severity": "warning", "account": "", **each} for each in told]
    return data
