"""One day of raw events: what there is to be counted, and what is not."""

import csv
from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from apportion.demo import DemoCompany
from apportion.demo.notifications.events import ACCOUNTS, DAY
from apportion.demo.notifications.profiles import YEARS
from apportion.model import Model, load_model

LONDON = ZoneInfo("Europe/London")


@pytest.fixture(scope="module")
def model(platform: DemoCompany) -> Model:
    return load_model(platform.folder)


@pytest.fixture(scope="module")
def events(platform: DemoCompany) -> list[dict[str, str]]:
    path = platform.folder / "inbox" / "events" / f"events-{DAY}.csv"
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def counts(model: Model, event: dict[str, str]) -> bool:
    settings = model.settings
    return (
        event["status"] in settings.counted_statuses
        and event["key_type"] in settings.counted_key_types
    )


def test_there_are_a_few_thousand_with_every_status_and_key(
    model: Model, events: list[dict[str, str]]
) -> None:
    assert 3_000 < len(events) < 10_000
    settings = model.settings
    statuses = Counter(event["status"] for event in events)
    assert len(statuses) >= 8
    assert set(statuses) <= {*settings.counted_statuses, *settings.ignored_statuses}
    keys = Counter(event["key_type"] for event in events)
    assert set(keys) == {*settings.counted_key_types, *settings.ignored_key_types}
    assert keys["test"] > 100
    assert 100 < sum(not counts(model, event) for event in events) < 1_000


def test_they_are_of_one_day_in_london_from_its_first_to_its_last_microsecond(
    events: list[dict[str, str]],
) -> None:
    moments = [datetime.fromisoformat(event["created_at"]) for event in events]
    assert moments == sorted(moments)
    assert {moment.astimezone(LONDON).date() for moment in moments} == {DAY}
    assert events[0]["created_at"] == "2025-03-31T23:00:00.000000Z"
    assert events[-1]["created_at"] == "2025-04-01T22:59:59.999999Z"


def test_what_is_twice_there_is_twice_the_same(events: list[dict[str, str]]) -> None:
    twice = [event for event, found in Counter(e["id"] for e in events).items() if found > 1]
    assert len(twice) > 10
    distinct = {tuple(event.values()) for event in events}
    assert len(distinct) == len({event["id"] for event in events})


def test_counted_they_are_what_was_sent_the_day_before(
    model: Model, platform: DemoCompany, events: list[dict[str, str]]
) -> None:
    sent: Counter[tuple[str, ...]] = Counter()
    fragments: Counter[tuple[str, ...]] = Counter()
    for event in {event["id"]: event for event in events}.values():
        if counts(model, event):
            names = ("account", "channel", "provider", "rate_multiplier", "template")
            key = tuple(event[name] for name in names)
            sent[key] += 1
            fragments[key] += int(event["fragments"])
    rows = pq.read_table(platform.folder / "inbox" / "usage" / "billable-2024.parquet")
    rows = rows.filter((pc.field("date") == YEARS.last) & pc.field("account").isin(list(ACCOUNTS)))
    assert len(sent) == rows.num_rows > 10
    for row in rows.to_pylist():
        key = (row["account"], row["channel"], row["provider"], str(row["rate_multiplier"]))
        key = (*key, row["template"])
        assert (sent[key], fragments[key]) == (row["notifications_sent"], row["billable_units"])
