"""One day as the platform itself records it: a row for each message, before anything is counted.

It is the first day of the next financial year by British clocks: in UTC, in which moments are
written, it begins on the evening before. Four services hand over their messages. Counted, these
come to what the same services sent the day before. The others are there to be left out: sent with
test keys, never sent, or written down twice.
"""

from datetime import timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from apportion.demo.days import Integers, stream
from apportion.demo.notifications.profiles import YEARS
from apportion.demo.writing import write_csv

DAY = YEARS.last + timedelta(days=1)
ACCOUNTS = ("fire-call-outs", "hallam-housing", "marlow-enrolment", "prison-visits")

_HOUR = 3_600_000_000
_DAY = 24 * _HOUR
# In parts of a hundred: what became of messages that were sent, and of those that were not.
_SENT = {"delivered": 91, "sent": 4, "permanent-failure": 3, "temporary-failure": 2}
_NOT_SENT = {"cancelled": 24, "created": 8, "technical-failure": 20, "validation-failed": 48}
_TEAM_PERCENT = 3
_TEST = 260
_UNSENT = 140
_TWICE = 24


def write_events(folder: Path, usage: pa.Table, seed: int) -> Path:
    """Write ``events-2025-04-01.csv``: messages in the order in which they were created.

    ``usage`` is the billable usage until then; they come to that of its last day.
    """
    random = stream(seed, "events")
    rows = usage.filter(
        (pc.field("date") == pa.scalar(YEARS.last)) & pc.field("account").isin(pa.array(ACCOUNTS))
    )
    sent = rows["notifications_sent"].to_numpy()
    row = np.repeat(np.arange(rows.num_rows), sent)
    counted = row.size
    test = random.integers(0, rows.num_rows, _TEST)
    unsent = random.integers(0, rows.num_rows, _UNSENT)
    row = np.concatenate([row, test, unsent])
    team = random.integers(0, 100, counted) < _TEAM_PERCENT
    key_types = np.concatenate(
        [np.where(team, "team", "normal"), np.repeat(["test", "normal"], [_TEST, _UNSENT])]
    )
    statuses = np.concatenate(
        [_drawn(_SENT, counted + _TEST, random), _drawn(_NOT_SENT, _UNSENT, random)]
    )
    fragments = np.concatenate([_fragments(rows, sent), np.ones(_TEST + _UNSENT, dtype=np.int64)])
    made = _moments(row.size, random)
    order = random.permutation(row.size)
    events = pa.table(
        {
            "id": _ids(row.size),
            **{
                name: rows[name].take(pa.array(row[order]))
                for name in ("account", "channel", "template", "provider")
            },
            "status": pa.array(statuses[order]),
            "key_type": pa.array(key_types[order]),
            "fragments": pa.array(fragments[order]),
            **{
                name: rows[name].take(pa.array(row[order]))
                for name in ("rate_multiplier", "international")
            },
            "created_at": _written(made),
        }
    )
    again = random.permutation(row.size)[:_TWICE]
    places = np.sort(np.concatenate([np.arange(row.size), again]), kind="stable")
    return write_csv(events.take(pa.array(places)), folder / f"events-{DAY}.csv")


def _fragments(rows: pa.Table, sent: Integers) -> Integers:
    """The fragments of each message: those of a row, spread over its messages."""
    units = rows["billable_units"].to_numpy()
    place = np.arange(sent.sum()) - np.repeat(np.cumsum(sent) - sent, sent)
    whole, longer = np.repeat(units // sent, sent), np.repeat(units % sent, sent)
    found: Integers = whole + (place < longer)
    return found


def _drawn(parts: dict[str, int], count: int, random: np.random.Generator) -> npt.NDArray[np.str_]:
    limits = np.cumsum(list(parts.values()))
    drawn = np.searchsorted(limits, random.integers(0, 100, count), side="right")
    return np.array(list(parts))[drawn]


def _moments(count: int, random: np.random.Generator) -> Integers:
    """Microseconds since midnight, in order; the first and the last of the day are among them."""
    inner = random.integers(1, _DAY - 1, count - 2)
    return np.sort(np.concatenate([[0], inner, [_DAY - 1]]))


def _written(moments: Integers) -> pa.Array:
    """Moments of the day in UTC, which is an hour behind."""
    moment = np.datetime64(DAY, "us") + (moments - _HOUR)
    texts = pc.replace_substring(pa.array(moment).cast(pa.string()), " ", "T")
    return pc.binary_join_element_wise(texts, "Z", "")


def _ids(count: int) -> pa.Array:
    numbers = pc.utf8_lpad(pa.array(np.arange(1, count + 1)).cast(pa.string()), 6, "0")
    return pc.binary_join_element_wise(f"{DAY}", numbers, "-")
