"""What strangers can make the audit log grow by: a few lines in each window, however often."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from apportion.access.audit import Entry, Event, line_of
from apportion.access.denials import COUNTED, TOLD, TOLD_OF_ALL, WINDOW, Denials

NOW = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)
STRANGER = Entry(
    NOW,
    Event.DENIED,
    None,
    "\x00" * 3000,
    "GET",
    "\U0001f4a9" * 3000,
    401,
    "192.0.2.1",
    "\x01" * 3000,
    "why",
)


def test_the_first_are_told_at_once_and_the_rest_as_one_line() -> None:
    denials = Denials()
    told = [denials.take(replace(STRANGER, at=NOW + timedelta(seconds=each))) for each in range(50)]
    assert [len(lines) for lines in told] == [1] * TOLD + [0] * (50 - TOLD)
    assert denials.due(NOW + timedelta(seconds=59)) == []
    (line,) = denials.due(NOW + WINDOW)
    assert (line.count, line.client) == (50 - TOLD, "192.0.2.1")
    assert (line.first, line.at) == (
        NOW + timedelta(seconds=TOLD),
        NOW + timedelta(seconds=49),
    )
    assert denials.rest() == []


def test_a_denial_after_the_window_brings_the_count_and_its_own_line() -> None:
    denials = Denials()
    for _ in range(TOLD + 3):
        denials.take(STRANGER)
    count, own = denials.take(replace(STRANGER, at=NOW + WINDOW))
    assert (count.count, own.count, own.path) == (3, 0, STRANGER.path)


def test_a_clock_set_back_ends_a_window_too() -> None:
    denials = Denials()
    for _ in range(TOLD + 1):
        denials.take(STRANGER)
    assert len(denials.due(NOW - timedelta(hours=1))) == 1


def test_addresses_beyond_those_counted_apart_are_one_count_and_none_is_lost() -> None:
    denials, asked = Denials(), 5_000
    lines = [
        line
        for each in range(asked)
        for line in denials.take(replace(STRANGER, client=f"10.0.{each // 250}.{each % 250}"))
    ]
    assert len(lines) == TOLD_OF_ALL
    counts = denials.rest()
    assert len(counts) == COUNTED + 1
    assert sum(each.count for each in counts) == asked - TOLD_OF_ALL
    assert counts[-1].client == "several addresses"


def test_a_day_of_one_stranger_takes_little_of_the_disk() -> None:
    denials = Denials()
    window = [line for _ in range(285 * 60) for line in denials.take(STRANGER)]
    size = sum(len(line_of(each)) for each in [*window, *denials.rest()])
    assert size < 12_000
