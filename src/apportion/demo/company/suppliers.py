"""What suppliers invoice: a CSV of costs by node and day, some of them in euros."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from apportion.amounts import split
from apportion.amounts.columns import units_to_arrow
from apportion.demo.company.profiles import PROFILES, YEAR
from apportion.demo.days import Integers, about, pattern, stream, window
from apportion.demo.figures import figures
from apportion.demo.writing import write_csv

_SCALE = 2
_CENTS = 10**_SCALE

CREDIT_NOTES = (
    ("edge-delivery", "2024-06-14", "Networking", -9_400_00, "USD"),
    ("messaging", "2024-10-03", "Networking", -3_250_50, "EUR"),
    ("dc-amsterdam", "2024-02-20", "Compute", -4_100_00, "EUR"),
)
"""Node, day, dimension, cents, currency: what suppliers gave back."""


def write_suppliers(folder: Path, seed: int) -> Path:
    """Write ``suppliers-2024.csv`` with node, date, dimension, amount and currency."""
    invoices = figures("company", "suppliers.csv")
    cents = np.concatenate([_daily_cents(invoice, seed) for invoice in invoices])
    invoice, day = np.divmod(np.arange(cents.size), YEAR.count)
    rows = pa.table(
        {name: pa.array([record[name] for record in invoices]) for name in _COLUMNS}
    ).take(pa.array(invoice))
    rows = rows.append_column("date", pa.array(YEAR.dates()[day]))
    rows = rows.append_column("cents", pa.array(cents))
    notes = {
        "node": [note[0] for note in CREDIT_NOTES],
        "dimension": [note[2] for note in CREDIT_NOTES],
        "currency": [note[4] for note in CREDIT_NOTES],
        "date": np.array([note[1] for note in CREDIT_NOTES], "datetime64[D]"),
        "cents": [note[3] for note in CREDIT_NOTES],
    }
    rows = pa.concat_tables([rows, pa.table(notes)])
    rows = rows.filter(pa.compute.not_equal(rows["cents"], 0))
    rows = rows.sort_by([(name, "ascending") for name in ("date", "node", "dimension", "cents")])
    amounts = units_to_arrow(rows["cents"].to_numpy(), _SCALE).cast(pa.string())
    rows = rows.append_column("amount", amounts)
    return write_csv(
        rows.select(["node", "date", "dimension", "amount", "currency"]),
        folder / f"suppliers-{YEAR.first.year}.csv",
    )


_COLUMNS = ("node", "dimension", "currency")


def _daily_cents(invoice: dict[str, str], seed: int) -> Integers:
    """A supplier's year, divided over its days as the service was used."""
    random = stream(seed, "supplier", invoice["node"], invoice["dimension"])
    weights = pattern(
        YEAR,
        PROFILES[invoice["profile"]],
        int(invoice["growth_percent"]),
        random,
        window(invoice),
    )
    *daily, _ = split(about(int(invoice["yearly_whole"]) * _CENTS, random), weights.tolist())
    return np.array(daily, dtype=np.int64)
