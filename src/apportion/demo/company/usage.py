"""What nodes use each day: technical usage as Parquet, business usage as CSV."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from apportion.amounts.columns import units_to_arrow
from apportion.demo.company.profiles import PROFILES, YEAR
from apportion.demo.days import ORDINARY, Integers, pattern, stream, window
from apportion.demo.figures import figures
from apportion.demo.writing import write_csv, write_parquet

_SCALE = 2
_PARTS = 10**_SCALE

UNITS = {
    "build_minutes": "minutes",
    "cache_reads": "reads",
    "cpu_hours": "hours",
    "db_queries": "queries",
    "egress_gb": "GB",
    "events_published": "events",
    "fare_quotes": "quotes",
    "gpu_hours": "hours",
    "invocations": "calls",
    "log_gb": "GB",
    "logins": "logins",
    "messages_sent": "messages",
    "payment_transactions": "payments",
    "reservations": "reservations",
    "scanned_gb": "GB",
    "storage_gb": "GB",
    "support_contacts": "contacts",
    "tickets_sold": "tickets",
}
"""The unit of each metric. Hours and gigabytes have two decimals, all else is counted."""


def write_usage(folder: Path, seed: int) -> tuple[Path, Path]:
    """Write the technical and the business usage of the year and give their paths."""
    technical = _rows("technical.csv", "platform-metering", seed)
    business = _rows("business.csv", "sales-system", seed)
    return (
        write_parquet(technical, folder / f"technical-{YEAR.first.year}.parquet"),
        write_csv(business, folder / f"business-{YEAR.first.year}.csv"),
    )


def _rows(name: str, source: str, seed: int) -> pa.Table:
    """A row for each level and day with usage, in order of day, metric, node and labels."""
    levels = figures("company", name)
    values = np.concatenate([_daily(level, seed) for level in levels])
    level, day = np.divmod(np.arange(values.size), YEAR.count)
    kept = np.flatnonzero(values)
    labels = _labels(levels)
    table = pa.table(
        {
            "node": pa.array([each["node"] for each in levels]),
            "metric": pa.array([each["metric"] for each in levels]),
            "unit": pa.array([UNITS[each["metric"]] for each in levels]),
            **labels,
        }
    ).take(pa.array(level[kept]))
    table = table.append_column("date", pa.array(YEAR.dates()[day[kept]]))
    amounts = units_to_arrow(values[kept], _SCALE).cast(pa.decimal128(18, _SCALE))
    table = table.append_column("value", amounts)
    table = table.append_column("source", pa.repeat(pa.scalar(source), kept.size))
    keys = ["date", "metric", "node", *labels]
    table = table.sort_by([(key, "ascending") for key in keys])
    columns = ["node", "date", "metric", "value", "unit", "source", *labels]
    return table.select(columns)


def _labels(levels: Sequence[dict[str, str]]) -> dict[str, pa.Array]:
    """A column ``label.NAME`` for each label that any level has, null where it has none."""
    pairs = [dict(part.split("=") for part in each["labels"].split(";") if part) for each in levels]
    names = sorted({name for each in pairs for name in each})
    return {
        f"label.{name}": pa.array([each.get(name) for each in pairs], pa.string()) for name in names
    }


def _daily(level: dict[str, str], seed: int) -> Integers:
    """The usage of each day in hundredths."""
    weights = pattern(
        YEAR,
        PROFILES[level["profile"]],
        int(level["growth_percent"]),
        stream(seed, "usage", level["metric"], level["node"], level["labels"]),
        window(level),
    )
    parts: Integers = int(level["daily"]) * _PARTS * weights // ORDINARY
    whole = UNITS[level["metric"]] not in ("hours", "GB")
    return parts - parts % _PARTS if whole else parts
