"""Histories of billable usage made at random, dense where the rules are sharp.

Few accounts and days, so that rate changes, the end of an allowance and the end of a year fall on
one day often.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

STARTS = ("04-01", "01-01", "04-06", "12-31", "01-31", "02-28")


@dataclass(frozen=True)
class History:
    """A model as a dictionary, and rows of usage in the order of arrival."""

    model: dict[str, Any]
    rows: list[dict[str, Any]]


rates = st.decimals(0, 3, places=12) | st.sampled_from(
    ["0", "0.000000000001", "0.0000000375", "0.0197", "999999999"]
)
units = st.sampled_from([0, 1, 1, 2, 3, 7, 100, 10**12]) | st.integers(0, 50)
allowed = st.sampled_from([0, 1, 5, 20, 10**6, 10**12]) | st.integers(0, 120)


@st.composite
def histories(draw: st.DrawFn) -> History:
    start = draw(st.sampled_from(STARTS))
    first = date(draw(st.sampled_from([2023, 2024])), int(start[:2]), int(start[3:]))
    around = [first + timedelta(days=shift) for shift in (-366, -365, -2, -1, 0, 1, 2, 28, 365)]
    days = [*around, date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1)]
    day = st.sampled_from(days)
    accounts = ["a", "b", "é"][: draw(st.integers(1, 3))]
    kinds = ["central", "local", "other", ""]
    years = st.integers(2022, 2025)
    account = st.sampled_from(accounts)
    begins = [date(2000, 1, 1), *draw(st.lists(day, unique=True, max_size=3))]
    sms = [{"channel": "sms", "valid_from": since, "rate": draw(rates)} for since in begins]
    model: dict[str, Any] = {
        "financial_year_start": start,
        "accounts": [
            {"id": name, **({"organisation_type": kind} if kind else {}), "organisation": "o"}
            for name in accounts
            for kind in [draw(st.sampled_from(kinds))]
        ],
        "channels": [{"id": "sms"}, {"id": "email", "billed": False}, {"id": "call"}],
        "rates": [*sms, {"channel": "call", "valid_from": date(2000, 1, 1), "rate": "0.5"}],
        "default_allowances": [
            {"channel": "sms", "organisation_type": kind, "valid_from_year": year, "units": free}
            for kind, year, free in draw(
                st.lists(
                    st.tuples(st.sampled_from(kinds[:3]), years, allowed),
                    unique_by=lambda each: each[:2],
                    max_size=4,
                )
            )
        ],
        "allowances": [
            {"account": name, "channel": "sms", "year": year, "units": free, "custom": custom}
            for name, year, free, custom in draw(
                st.lists(
                    st.tuples(account, years, allowed, st.booleans()),
                    unique_by=lambda each: each[:2],
                    max_size=4,
                )
            )
        ],
    }
    if draw(st.booleans()):
        model["high_volume_threshold"] = draw(st.integers(0, 100))
    row = st.fixed_dictionaries(
        {
            "date": day,
            "account": account,
            "channel": st.sampled_from(["sms", "sms", "sms", "email", "call"]),
            "provider": st.sampled_from(["", "firetext", "mmg", "Zed", "é"]),
            "rate_multiplier": st.sampled_from([1, 1, 2, 3, 10]),
            "international": st.booleans(),
            "template": st.sampled_from(["", "t1", "t2"]),
            "billable_units": units,
            "notifications_sent": st.integers(0, 9),
        }
    )
    return History(model, draw(st.lists(row, max_size=25)))


@dataclass(frozen=True)
class Delivered:
    """Rows of one delivery, each key once, and what is said of them.

    ``uncounted`` are keys of events that do not count; it is None where the rows are no events.
    """

    rows: list[dict[str, Any]]
    uncounted: list[tuple[Any, ...]] | None
    whole_days: bool
    replace: bool


_KEYS = st.tuples(
    st.sampled_from([date(2024, 3, 30), date(2024, 3, 31)]),
    st.sampled_from(["a", "b"]),
    st.sampled_from(["sms", "email"]),
    st.sampled_from(["", "mmg"]),
    st.sampled_from([1, 2]),
    st.just(False),  # noqa: FBT003
    st.sampled_from(["", "t1"]),
)


@st.composite
def deliveries(draw: st.DrawFn) -> list[Delivered]:
    """Some deliveries of the same few keys, so that each kind of meeting happens often."""
    names = ("date", "account", "channel", "provider", "rate_multiplier", "international",
             "template")  # fmt: skip
    found = []
    for _ in range(draw(st.integers(1, 4))):
        counts = draw(st.dictionaries(_KEYS, st.integers(0, 2), max_size=6))
        rows = [
            {**dict(zip(names, key, strict=True)), "billable_units": count,
             "notifications_sent": count}
            for key, count in counts.items()
        ]  # fmt: skip
        events = draw(st.booleans())
        gone = draw(st.sets(_KEYS, max_size=2)) - set(counts) if events else None
        uncounted = None if gone is None else sorted(gone)
        found.append(Delivered(rows, uncounted, draw(st.booleans()), draw(st.booleans())))
    return found
