"""What the three providers bill for carrying texts, a CSV of costs for each of them."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from apportion.amounts.columns import units_to_arrow
from apportion.demo.notifications.profiles import YEARS
from apportion.demo.notifications.traffic import by_day
from apportion.demo.writing import write_csv

_SCALE = 2
_MICROPOUNDS_PER_PENNY = 10_000
# Abroad a text costs its multiplier times the price, less what was negotiated.
_ABROAD_PERCENT = 92


def write_provider_bills(folder: Path, usage: pa.Table) -> dict[str, Path]:
    """Write ``arrow.csv``, ``beacon.csv`` and ``courier.csv`` and give their paths by provider.

    ``usage`` is the billable usage that they carried.
    """
    providers, prices = by_day("micropounds")
    return {
        provider: write_csv(
            _bill(provider, usage.filter(pc.field("provider") == provider), prices[:, place]),
            folder / f"{provider}.csv",
        )
        for place, provider in enumerate(providers)
    }


def _bill(provider: str, carried: pa.Table, prices: np.ndarray) -> pa.Table:
    """A line for each day on which the provider carried anything."""
    days = (carried["date"].to_numpy() - np.datetime64(YEARS.first)).astype(np.int64)
    fragments = carried["billable_units"].to_numpy() * carried["rate_multiplier"].to_numpy()
    percent = np.where(carried["international"].to_numpy(), _ABROAD_PERCENT, 100)
    micropounds = np.zeros(YEARS.count, dtype=np.int64)
    np.add.at(micropounds, days, fragments * prices[days] * percent // 100)
    billed = np.flatnonzero(micropounds)
    pence = micropounds[billed] // _MICROPOUNDS_PER_PENNY
    return pa.table(
        {
            "node": pa.repeat(pa.scalar(f"sms-{provider}"), billed.size),
            "date": pa.array(YEARS.dates()[billed]),
            "dimension": pa.repeat(pa.scalar("Messages"), billed.size),
            "amount": units_to_arrow(pence, _SCALE).cast(pa.string()),
            "currency": pa.repeat(pa.scalar("GBP"), billed.size),
        }
    )
