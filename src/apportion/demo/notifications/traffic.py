"""What each account sent: billable usage by day, template, provider and multiplier."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from apportion.demo.days import ORDINARY, Integers, pattern, stream, window
from apportion.demo.figures import figures
from apportion.demo.notifications.profiles import PROFILES, YEARS
from apportion.demo.writing import write_parquet

EMAIL_PROVIDER = "ses"
SCHEMA = pa.schema(
    [
        ("date", pa.date32()),
        ("account", pa.string()),
        ("channel", pa.string()),
        ("provider", pa.string()),
        ("rate_multiplier", pa.int64()),
        ("international", pa.bool_()),
        ("template", pa.string()),
        ("billable_units", pa.int64()),
        ("notifications_sent", pa.int64()),
    ]
)
_KEY = SCHEMA.names[:7]
# Of a hundred texts that go abroad, how many have which multiplier, and who carries them.
_ABROAD = ((2, 55, "arrow"), (3, 30, "beacon"), (6, 15, "arrow"))


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of what is sent with one template: messages and fragments of each day."""

    provider: str
    rate_multiplier: int
    international: bool
    messages: Integers
    units: Integers


def billable_usage(seed: int) -> pa.Table:
    """The billable usage of both years, in the order of its key, without days of nothing."""
    tables = [
        _rows(figure, part)
        for figure in figures("notifications", "traffic.csv")
        for part in _parts(figure, seed)
    ]
    table = pa.concat_tables(tables)
    return table.sort_by([(name, "ascending") for name in _KEY]).combine_chunks()


def write_usage(folder: Path, usage: pa.Table) -> list[Path]:
    """Write ``billable-2023.parquet`` and ``billable-2024.parquet``, a file a financial year."""
    first = YEARS.first
    begins = [date(year, first.month, first.day) for year in range(first.year, YEARS.last.year)]
    written = []
    for begin in begins:
        within = (pc.field("date") >= pa.scalar(begin)) & (
            pc.field("date") < pa.scalar(begin.replace(year=begin.year + 1))
        )
        path = folder / f"billable-{begin.year}.parquet"
        written.append(write_parquet(usage.filter(within), path))
    return written


def _rows(figure: dict[str, str], part: _Part) -> pa.Table:
    kept = np.flatnonzero(part.messages)
    same = {
        "account": figure["account"],
        "channel": figure["channel"],
        "provider": part.provider,
        "rate_multiplier": part.rate_multiplier,
        "international": part.international,
        "template": figure["template"],
    }
    columns = {
        "date": pa.array(YEARS.dates()[kept]),
        **{name: pa.repeat(pa.scalar(value), kept.size) for name, value in same.items()},
        "billable_units": pa.array(part.units[kept]),
        "notifications_sent": pa.array(part.messages[kept]),
    }
    return pa.table(columns, schema=SCHEMA)


def _parts(figure: dict[str, str], seed: int) -> Iterator[_Part]:
    random = stream(seed, "traffic", figure["account"], figure["channel"], figure["template"])
    weights = pattern(
        YEARS,
        PROFILES[figure["profile"]],
        int(figure["growth_percent"]),
        random,
        window(figure),
    )
    messages: Integers = int(figure["daily"]) * weights // ORDINARY
    if figure["channel"] == "email":
        yield _Part(EMAIL_PROVIDER, 1, international=False, messages=messages, units=messages)
        return
    # How long texts are changes from day to day with the names and places in them.
    fragments = int(figure["fragments_percent"]) * random.integers(97, 103, messages.size)
    abroad = messages * int(figure["international_permille"]) // 1000
    providers, shares = by_day("share_percent")
    for provider, part in zip(providers, _divided(messages - abroad, shares), strict=True):
        yield _Part(provider, 1, international=False, messages=part, units=_units(part, fragments))
    percent = np.array([[share for _, share, _ in _ABROAD]], dtype=np.int64)
    for (multiplier, _, provider), part in zip(_ABROAD, _divided(abroad, percent), strict=True):
        yield _Part(
            provider, multiplier, international=True, messages=part, units=_units(part, fragments)
        )


def _units(messages: Integers, fragments: Integers) -> Integers:
    """Fragments: a message has one at least."""
    units: Integers = np.maximum(messages, messages * fragments // 10_000)
    return units


def by_day(column: str) -> tuple[list[str], Integers]:
    """The providers, and a figure of each (a column) on every day (a row), as agreed by dates."""
    agreed = figures("notifications", "providers.csv")
    providers = sorted({figure["provider"] for figure in agreed})
    found = np.zeros((YEARS.count, len(providers)), dtype=np.int64)
    for figure in agreed:
        begin = YEARS.place(figure["valid_from"])
        found[begin:, providers.index(figure["provider"])] = int(figure[column])
    return providers, found


def _divided(messages: Integers, percent: Integers) -> Integers:
    """Messages of each day in parts that sum to them: a row for each column of percentages."""
    until = messages[:, None] * np.cumsum(percent, axis=1) // 100
    parts: Integers = np.diff(until, axis=1, prepend=0).T
    return parts
