"""How the points of a day become its figure: their sum, their mean or the largest."""

from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from apportion.amounts.split import round_half_away
from apportion.ingest.decimals import VALUE_DECIMALS
from apportion.ingest.incoming import USAGE_DECIMALS
from apportion.ingest.usage_rows import KEYS
from apportion.model import MetricRule

_MILLISECONDS = {"NanoSecond": (1, 10**6), "MicroSecond": (1, 1000), "Second": (1000, 1)}


def days_of_metric(rows: pa.Table, rule: MetricRule, source: str) -> pa.Table:
    """Rows of one metric, one a day and label set, with the day's value in ``amount``.

    ``rows`` has ``unit``, ``day``, ``labels``, ``node``, ``amount`` (the sum of points),
    ``largest``, ``lines`` and ``blanks``, some of them once for each file. A mean is rounded once,
    halves away from zero. Days without any value give no row.
    """
    rows = _of_all_files(rows)
    counted = pc.subtract(rows["lines"], rows["blanks"]).to_numpy()
    some = rows.filter(pa.array(counted > 0))
    factors = [_factor(unit, rule) for unit in some["unit"].to_pylist()]
    times = np.array([each[0] for each in factors], dtype=object)
    parts = np.array([each[1] for each in factors], dtype=object)
    measured = _integers(some["largest" if rule.day == "max" else "amount"])
    if rule.day == "mean":
        parts = parts * counted[counted > 0].astype(object)
    kept = 10 ** (VALUE_DECIMALS - USAGE_DECIMALS)
    values = [
        round_half_away(int(value) * int(factor), int(part) * kept)
        for value, factor, part in zip(measured, times, parts, strict=True)
    ]
    with localcontext() as exactly:
        exactly.prec = 60
        amounts = pa.array(
            [Decimal(value).scaleb(-USAGE_DECIMALS) for value in values],
            pa.decimal128(38, USAGE_DECIMALS),
        )
    size = some.num_rows
    return pa.table(
        {
            "source": pa.repeat(pa.scalar(source), size),
            "period": pa.repeat(pa.scalar(""), size),
            "node": some["node"],
            "date": some["day"],
            "metric": pa.repeat(pa.scalar(rule.name), size),
            "labels": some["labels"],
            "unit": pa.repeat(pa.scalar(rule.unit), size),
            "amount": amounts,
            "lines": some["lines"],
        }
    )


def _of_all_files(rows: pa.Table) -> pa.Table:
    """A day may begin in one file and end in another."""
    merged = rows.group_by(["unit", "day", "labels", "node"]).aggregate(
        [("amount", "sum"), ("largest", "max"), ("lines", "sum"), ("blanks", "sum")]
    )
    return merged.rename_columns(
        {
            "amount_sum": "amount",
            "largest_max": "largest",
            "lines_sum": "lines",
            "blanks_sum": "blanks",
        }
    ).sort_by([(name, "ascending") for name in ("day", "labels", "node", "unit")])


def _integers(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    """Decimals as unbounded integers of their last place."""
    array = column.combine_chunks()
    words = np.frombuffer(array.buffers()[1], dtype="<i8")
    words = words[2 * array.offset : 2 * (array.offset + len(array))]
    low = words[0::2].view("<u8").astype(object)
    whole: npt.NDArray[Any] = words[1::2].astype(object) * 2**64 + low
    return whole


def _factor(unit: str, rule: MetricRule) -> tuple[int, int]:
    """What to multiply and to divide by, where the file names a unit of time."""
    return _MILLISECONDS.get(unit, (1, 1)) if rule.unit == "ms" else (1, 1)


def summed(rows: pa.Table) -> pa.Table:
    """Rows of several files and metrics that have the same name and label set are one."""
    below = pc.less(rows["amount"], 0)
    sums = [("amount", "sum"), ("lines", "sum")]
    summed = rows.append_column("below", below).group_by([*KEYS, "below"]).aggregate(sums)
    return summed.rename_columns({"amount_sum": "amount", "lines_sum": "lines"}).drop(["below"])
