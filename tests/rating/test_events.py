"""Raw events counted into days of the workspace's time zone: B3 and B6."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bench import Bench
from billing import codes, service
from hypothesis import given
from hypothesis import strategies as st

import apportion as ap
from apportion.ingest.ingest import read_files
from apportion.ingest.zones import FIRST, LAST, stretches
from effort import effort

LONDON = "Europe/London"
HEADER = "id,created_at,account,channel,status,key_type,fragments\n"


def counted(folder: Path, *moments: str, zone: str = LONDON) -> dict[date, int]:
    """How many of some moments' events fall on each day."""
    path = folder / "events.csv"
    lines = [f"{n},{moment},visas,sms,sent,normal,1\n" for n, moment in enumerate(moments)]
    path.write_text(HEADER + "".join(lines))
    rates = [{"channel": "sms", "valid_from": date(2000, 1, 1), "rate": "0.02"}]
    incoming = read_files("events", [path], service(time_zone=zone, rates=rates))
    rows = incoming.rows.to_pylist()
    return {row["date"]: row["notifications_sent"] for row in rows}


def test_b6_the_spring_change_of_london_has_no_hour_too_many(tmp_path):
    """On 26 March 2023 the clock went from 00:59:59 UTC to 02:00 summer time."""
    assert counted(
        tmp_path,
        "2023-03-25T23:59:59.999999Z",
        "2023-03-26T00:00:00Z",
        "2023-03-26T00:59:59.999999Z",
        "2023-03-26T01:00:00Z",
        # The hour that was left out by clocks, said as no clock in London said it.
        "2023-03-26T01:30:00+00:00",
        "2023-03-26T02:30:00+01:00",
        "2023-03-26T22:59:59.999999Z",
        "2023-03-26T23:00:00Z",
    ) == {date(2023, 3, 25): 1, date(2023, 3, 26): 6, date(2023, 3, 27): 1}


def test_b6_the_autumn_change_of_london_counts_the_doubled_hour_once_each(tmp_path):
    """On 29 October 2023 the hour from 01:00 came twice, first in summer time."""
    assert counted(
        tmp_path,
        "2023-10-28T22:59:59.999999Z",
        "2023-10-28T23:00:00Z",
        "2023-10-29T01:30:00+01:00",
        "2023-10-29T01:30:00+00:00",
        "2023-10-29T23:59:59.999999Z",
        "2023-10-30T00:00:00Z",
    ) == {date(2023, 10, 28): 1, date(2023, 10, 29): 4, date(2023, 10, 30): 1}


def test_b6_the_first_and_the_last_microsecond_of_a_financial_year(bench):
    bench.declare(time_zone=LONDON)
    bench.events(
        [
            "1,2023-03-31T22:59:59.999999Z,visas,sms,sent,normal,mmg,1,1",
            "2,2023-03-31T23:00:00Z,visas,sms,sent,normal,mmg,2,1",
            "3,2024-03-31T22:59:59.999999Z,visas,sms,sent,normal,mmg,4,1",
            "4,2024-03-31T23:00:00.000000Z,visas,sms,sent,normal,mmg,8,1",
        ]
    )
    workspace = bench.open()
    workspace.rate()
    assert [
        (row["date"], row["year"], row["period"], row["billable_units"])
        for row in workspace.charges().rows.to_pylist()
    ] == [
        (date(2023, 3, 31), 2022, 12, 1),
        (date(2023, 4, 1), 2023, 1, 2),
        (date(2024, 3, 31), 2023, 12, 4),
        (date(2024, 4, 1), 2024, 1, 8),
    ]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "Pacific/Apia", "America/St_Johns"])
def test_b6_days_of_other_zones(tmp_path, zone):
    start = datetime(2011, 12, 28, tzinfo=UTC)
    moments = [start + timedelta(minutes=17 * step) for step in range(500)]
    expected: dict[date, int] = {}
    for moment in moments:
        day = moment.astimezone(ZoneInfo(zone)).date()
        expected[day] = expected.get(day, 0) + 1
    assert counted(tmp_path, *(m.isoformat() for m in moments), zone=zone) == expected
    # In Samoa there was no 30 December 2011.
    assert (date(2011, 12, 30) in expected) == (zone != "Pacific/Apia")


@given(
    st.sampled_from([LONDON, "Africa/Casablanca", "Australia/Lord_Howe", "America/New_York"]),
    st.integers(0, 66 * 365 * 86_400).map(lambda s: FIRST + timedelta(days=366, seconds=s)),
)
@effort(200)
def test_b6_offsets_are_those_of_the_zone_at_every_moment(zone, moment):
    first, last = moment - timedelta(days=200), moment + timedelta(days=200)
    found = stretches(zone, first, last)
    assert [at for at, _ in found] == sorted(at for at, _ in found)
    since = (moment - FIRST) // timedelta(microseconds=1)
    offset = [offset for at, offset in found if at <= since][-1]
    assert offset == moment.astimezone(ZoneInfo(zone)).utcoffset().total_seconds()


def test_b6_a_century_has_all_its_changes():
    assert len(stretches("UTC", FIRST, LAST)) == 1
    assert len(stretches(LONDON, datetime(2000, 1, 1, tzinfo=UTC), LAST)) == 401


SENT = "visas,sms,sent,normal,mmg,1,1"


def test_b3_what_was_never_sent_and_test_keys_do_not_count(bench):
    outcome = bench.events(
        [
            f"1,2023-05-01T12:00:00Z,{SENT}",
            "2,2023-05-01T12:00:00Z,visas,sms,created,normal,mmg,1,1",
            "3,2023-05-01T12:00:00Z,visas,sms,delivered,test,mmg,1,1",
            "4,2023-05-01T12:00:00Z,visas,sms,permanent-failure,team,mmg,1,1",
            "5,2023-05-01T12:00:00Z,visas,sms,technical-failure,normal,mmg,1,1",
        ]
    )
    assert outcome.report.notes == ("Not counted for their status or key type: 3.",)
    assert [(each["billable_units"], each["notifications_sent"]) for each in bench.usage()] == [
        (2, 2)
    ]


def test_b3_which_statuses_and_key_types_count_is_a_setting(bench):
    bench.declare(
        counted_statuses=["done", "created"],
        ignored_statuses=["sent"],
        counted_key_types=["test"],
        ignored_key_types=[],
    )
    bench.events(
        [
            "1,2023-05-01T12:00:00Z,visas,sms,done,test,mmg,1,1",
            "2,2023-05-01T12:00:00Z,visas,sms,created,test,mmg,1,1",
            "3,2023-05-01T12:00:00Z,visas,sms,sent,test,mmg,1,1",
        ]
    )
    assert [each["notifications_sent"] for each in bench.usage()] == [2]
    with pytest.raises(ap.IngestError) as caught:
        bench.events(["4,2023-05-01T12:00:00Z,visas,sms,delivered,normal,mmg,1,1"])
    assert codes(caught.value.findings) == ["unknown_status", "unknown_status"]


def test_b22_a_channel_can_count_other_statuses(bench):
    channels = [
        {"id": "sms", "unit": "fragment", "counted_statuses": ["sent", "created"]},
        {"id": "email", "billed": False},
    ]
    bench.declare(channels=channels, counted_statuses=["delivered"], ignored_statuses=["created"])
    bench.events(
        [
            "1,2023-05-01T12:00:00Z,visas,sms,created,normal,mmg,1,1",
            "2,2023-05-01T12:00:00Z,visas,sms,delivered,normal,mmg,1,1",
            "3,2023-05-01T12:00:00Z,visas,email,created,normal,,1,1",
            "4,2023-05-01T12:00:00Z,visas,email,sent,normal,,1,1",
            "5,2023-05-01T12:00:00Z,visas,email,delivered,normal,,1,1",
        ]
    )
    assert [(row["channel"], row["notifications_sent"]) for row in bench.usage()] == [
        ("email", 1),
        ("sms", 1),
    ]
    with pytest.raises(ap.IngestError) as caught:
        bench.events(["6,2023-05-02T12:00:00Z,visas,email,technical-failure,normal,,1,1"])
    assert codes(caught.value.findings) == ["unknown_status"]


def test_b3_events_are_counted_by_all_that_tells_charges_apart(bench):
    bench.events(
        [
            "1,2023-05-01T12:00:00Z,visas,sms,sent,normal,mmg,3,1",
            "2,2023-05-01T13:00:00Z,visas,sms,sent,normal,mmg,2,1",
            "3,2023-05-01T13:00:00Z,visas,sms,sent,normal,mmg,2,4",
            "4,2023-05-01T13:00:00Z,visas,sms,sent,normal,firetext,2,1",
            "5,2023-05-01T13:00:00Z,visas,email,sent,normal,,,",
            "6,2023-05-01T13:00:00Z,visas,email,sent,normal,,0,",
        ]
    )
    found = [
        (r["channel"], r["provider"], r["rate_multiplier"], r["billable_units"])
        for r in bench.usage()
    ]
    # An event without fragments is one unit, and one with none is none.
    assert found == [
        ("email", "", 1, 1),
        ("sms", "firetext", 1, 2),
        ("sms", "mmg", 1, 5),
        ("sms", "mmg", 4, 2),
    ]


def test_b3_the_same_event_told_twice_counts_once(bench):
    outcome = bench.events(
        [
            f"1,2023-05-01T12:00:00Z,{SENT}",
            f"2,2023-05-01T12:00:00Z,{SENT}",
            f"1,2023-05-01T13:00:00+01:00,{SENT}",
            f"1,2023-05-01T12:00:00Z,{SENT}",
        ]
    )
    assert outcome.report.notes == ("Told again, and counted once: 2 events.",)
    assert [each["notifications_sent"] for each in bench.usage()] == [2]


def test_b3_the_same_event_in_two_files_of_one_ingest_counts_once(bench):
    for name, ids in (("one", (1, 2)), ("two", (2, 3))):
        lines = [f"{n},2023-05-01T12:00:00Z,visas,sms,sent,normal,1\n" for n in ids]
        (bench.folder / f"{name}.csv").write_text(HEADER + "".join(lines))
    bench.open().ingest("events", bench.folder / "one.csv", bench.folder / "two.csv")
    assert [each["notifications_sent"] for each in bench.usage()] == [3]


def sent_of(bench: Bench) -> list[tuple[Any, ...]]:
    """How many notifications count, by account, channel and day of the month."""
    return [
        (each["account"], each["channel"], each["date"].day, each["notifications_sent"])
        for each in bench.usage()
    ]


def nine(day: int, first: int = 0, count: int = 9) -> list[str]:
    """Some events of a day, whose ids go on from the first."""
    return [f"{first + number},2023-05-{day}T12:00:00Z,{SENT}" for number in range(count)]


@pytest.mark.parametrize("late", [1, 10])
def test_b3_late_events_never_change_a_day_that_was_counted_without_a_word(bench, late):
    """A day's next export with late events took the place of the day, and only a warning said."""
    bench.events(nine(15))
    before = sent_of(bench)
    with pytest.raises(ap.IngestError) as refused:
        bench.events([*nine(16, 100), *nine(15, 200, late)])
    finding, by_meter = refused.value.findings
    units = "1 unit" if late == 1 else "10 units"
    assert finding.code == by_meter.code == "unsaid_replacement"
    assert finding.message == (
        "Of 2023-05-15, 1 row with 9 units (0.00 GBP in the latest rating) would go and "
        f"1 row with {units} would come. "
        "Nothing was recorded."
    )
    assert sent_of(bench) == before
    whole = [*nine(16, 100), *nine(15), *nine(15, 200, late)]
    bench.events(whole, replace=True)
    assert sent_of(bench) == [("visas", "sms", 15, 9 + late), ("visas", "sms", 16, 9)]
    assert bench.events(whole).recorded.ingest_id == ""


def test_b3_events_of_a_day_that_is_left_out_go_to_the_reject_file(bench):
    bench.events(nine(15))
    day = date(2023, 5, 16)
    late = bench.folder / "late.csv"
    bench.events([*nine(16, 100), *nine(15, 200, 1)], period=(day, day), reject_file=late)
    assert sent_of(bench) == [("visas", "sms", 15, 9), ("visas", "sms", 16, 9)]
    assert len(late.read_text().splitlines()) == 2


def test_b3_events_of_one_channel_say_nothing_of_anothers(bench):
    bench.events(nine(15, 0, 5))
    lines = [f"m{n},2023-05-15T12:00:00Z,visas,email,sent,normal,ses,1,1" for n in range(7)]
    assert bench.events(lines).report.findings == ()
    assert sent_of(bench) == [("visas", "email", 15, 7), ("visas", "sms", 15, 5)]


def test_b3_as_many_events_as_were_counted_are_taken_for_the_same_and_it_is_told(bench):
    bench.events(nine(15, 0, 1))
    outcome = bench.events([*nine(16, 100), *nine(15, 200, 1)])
    assert outcome.report.notes == (
        "The ledger had these already, and keeps them: 1 row with 1 unit.",
    )
    assert sent_of(bench) == [("visas", "sms", 15, 1), ("visas", "sms", 16, 9)]


def test_b3_less_usage_is_told_by_account_channel_and_provider(bench):
    """Seven e-mails hid that five text messages were gone, since all channels were summed."""
    texts = nine(15, 0, 5)
    mails = [f"m{n},2023-05-15T12:00:00Z,visas,email,sent,normal,ses,1,1" for n in range(7)]
    bench.events(texts)
    day = date(2023, 5, 15)
    outcome = bench.events(mails, period=(day, day), replace=True)
    (finding,) = outcome.report.findings
    assert finding.message == (
        "There is less usage than before: 2023-05-15, visas, sms, mmg: 0 notifications with "
        "0 units in place of 5 with 5."
    )
    assert sent_of(bench) == [("visas", "email", 15, 7)]


def test_b3_a_day_whose_events_no_longer_count_becomes_empty_when_that_is_said(bench):
    bench.events([f"1,2023-05-01T12:00:00Z,{SENT}", f"2,2023-05-02T12:00:00Z,{SENT}"])
    gone = ["1,2023-05-01T12:00:00Z,visas,sms,cancelled,normal,mmg,1,1"]
    with pytest.raises(ap.IngestError) as refused:
        bench.events(gone)
    assert codes(refused.value.findings) == ["unsaid_replacement"] * 2
    bench.events(gone, replace=True)
    assert [each["date"].day for each in bench.usage()] == [2]


def test_b4_usage_before_the_first_rate_is_refused_when_it_comes(bench):
    before = bench.usage()
    with pytest.raises(ap.IngestError) as refused:
        bench.events([f"1,2020-03-31T12:00:00Z,{SENT}", f"2,2023-05-01T12:00:00Z,{SENT}"])
    (finding,) = refused.value.findings
    assert finding.code == "missing_rate"
    assert "on 2020-03-31; the first rate of sms is valid from 2020-04-01" in finding.message
    assert bench.usage() == before


def test_bad_events_go_to_the_reject_file_and_the_others_count(bench):
    rejects = bench.folder / "rejects.csv"
    outcome = bench.events(
        [
            f"1,2023-05-01T12:00:00Z,{SENT}",
            f"2,2023-05-01T12:00:00,{SENT}",
            f",2023-05-01T12:00:00Z,{SENT}",
            "4,2023-05-01T12:00:00Z,visas,sms,flown,normal,mmg,1,1",
        ],
        reject_file=rejects,
    )
    report = outcome.report.files[0]
    assert (report.lines_read, report.accepted) == (4, 1)
    assert report.rejections == {"invalid_value": 2, "unknown_status": 1}
    assert [line.split(",")[1] for line in rejects.read_text().splitlines()[1:]] == ["3", "4", "5"]
    assert [each["notifications_sent"] for each in bench.usage()] == [1]


@pytest.mark.parametrize(
    "line",
    [
        f"1,2023-05-01T12:00:00,{SENT}",
        f"1,yesterday,{SENT}",
        "1,2023-05-01T12:00:00Z,visas,sms,flown,normal,mmg,1,1",
        "1,2023-05-01T12:00:00Z,visas,sms,sent,normal,mmg,-1,1",
        "1,2023-05-01T12:00:00Z,visas,sms,sent,normal,mmg,0.5,1",
        "1,2023-05-01T12:00:00Z,visas,sms,sent,normal,mmg,1,-1",
        "1,2023-05-01T12:00:00Z,nobody,sms,sent,normal,mmg,1,1",
        "7,2023-05-01T12:00:01Z,visas,sms,sent,normal,mmg,1,1",
        '"1,2023-05-01T12:00:00Z',
    ],
)
def test_bad_events_leave_the_ledger_as_it_was(bench, line):
    bench.events([f"1,2023-05-01T12:00:00Z,{SENT}"])
    before = bench.usage()
    with pytest.raises(ap.IngestError):
        bench.events([f"7,2023-05-01T12:00:00Z,{SENT}", line])
    assert bench.usage() == before


NOT_IDS = {
    "": "it is blank",
    "  ": "it is blank",
    "NULL": "the word stands for nothing",
    " null ": "the word stands for nothing",
    "None": "the word stands for nothing",
    "9\t": "it holds a tab or a line break",
    "x" * 1001: "it is longer than 1,000 characters",
}


def as_parquet(folder: Path, ids: pa.Array) -> Path:
    """Events with these ids that say the same otherwise."""
    words = {"account": "visas", "channel": "sms", "status": "sent", "key_type": "normal"}
    columns = {name: [word] * len(ids) for name, word in words.items()}
    made = ["2023-05-01T12:00:00Z"] * len(ids)
    path = folder / "events.parquet"
    events = pa.table({"id": ids, **columns, "fragments": [1] * len(ids), "created_at": made})
    pq.write_table(events, path)
    return path


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(("word", "expected"), NOT_IDS.items())
def test_b3_what_is_no_id_is_refused_with_its_line(bench, word, expected, count, form):
    """Five events with the id NULL were told to be one event, and four of them were lost."""
    ids = ["first-event", *[word] * count, "last-event"]
    path = as_parquet(bench.folder, pa.array(ids))
    if form == "csv":
        path = bench.folder / "events.csv"
        lines = [f"{each},2023-05-01T12:00:00Z,visas,sms,sent,normal,1\n" for each in ids]
        path.write_text(HEADER + "".join(lines))
    with pytest.raises(ap.IngestError) as refused:
        bench.open().ingest("events", path)
    findings = refused.value.findings
    assert codes(findings) == ["invalid_value"] * count
    start = 3 if form == "csv" else 2
    assert [each.where.line for each in findings] == list(range(start, start + count))
    assert all(expected in each.message for each in findings)


def test_b3_an_id_that_is_missing_is_refused_whatever_its_type(bench):
    for ids in (pa.array([1, None, 3]), pa.array([1.0, None]), pa.array([None, None], pa.null())):
        with pytest.raises(ap.IngestError) as refused:
            bench.open().ingest("events", as_parquet(bench.folder, ids))
        assert refused.value.findings[0].where.line == (2 if ids[0].is_valid else 1)


def test_b3_an_id_is_the_same_with_blanks_around_it_and_in_every_type(bench):
    bench.open().ingest("events", as_parquet(bench.folder, pa.array([1, 1, 123_456])))
    assert [each["notifications_sent"] for each in bench.usage()] == [2]
    ids = ("12345678-a", " 12345678-a", "12345678-a  ", "12345678-A", "1", "1 ", "1\u00a0")
    outcome = bench.events(
        [f"{each},2023-05-02T12:00:00Z,{SENT}" for each in ids],
    )
    assert outcome.report.notes == ("Told again, and counted once: 4 events.",)
    assert [each["notifications_sent"] for each in bench.usage()] == [2, 3]


def test_b3_blanks_around_a_word_of_an_event_mean_nothing_and_capitals_do(bench):
    header = "id,created_at,account,channel,status,key_type,provider,template,fragments\n"
    lines = [
        "1,2023-05-01T12:00:00Z,visas,sms,sent,normal,mmg,t,1\n",
        "2,2023-05-01T12:00:00Z, visas, sms,sent , normal,mmg , t,1\n",
        "3,2023-05-01T12:00:00Z,visas ,sms ,sent,normal,  mmg,t\u00a0,1\n",
        "1 , 2023-05-01T12:00:00Z,visas ,sms ,sent ,normal ,mmg ,t ,1\n",
        "4,2023-05-01T12:00:00Z,visas,sms,sent,normal,MMG,t,1\n",
        "5,2023-05-01T12:00:00Z,visas,sms,sent,normal,mmg,T,1\n",
        "6,2023-05-01T12:00:00Z,visas,sms,sent,normal, NULL ,  ,1\n",
    ]
    path = bench.folder / "blanks.csv"
    path.write_text(header + "".join(lines), encoding="utf-8")
    outcome = bench.open().ingest("events", path)
    assert outcome.report.notes == ("Told again, and counted once: 1 event.",)
    assert [(r["provider"], r["template"], r["notifications_sent"]) for r in bench.usage()] == [
        ("", "", 1),
        ("MMG", "t", 1),
        ("mmg", "T", 1),
        ("mmg", "t", 3),
    ]


@pytest.mark.parametrize("has_rejects", [False, True])
def test_b3_a_reused_id_is_told_with_its_lines_and_in_what_they_differ(bench, has_rejects):
    bad = ["9,yesterday,visas,sms,sent,normal,mmg,1,1"] * has_rejects
    rejects = bench.folder / "rejects.csv" if has_rejects else None
    with pytest.raises(ap.IngestError) as refused:
        bench.events(
            [
                *bad,
                f"1,2023-05-01T12:00:00Z,{SENT}",
                f"2,2023-05-01T12:00:00Z,{SENT}",
                f" 1 ,2023-05-01T13:00:00+01:00,{SENT}",
                "1,2023-05-01T12:00:00Z,parking,sms,delivered,normal,mmg,1,1",
                "2,2023-05-01T12:00:01Z,visas,sms,sent,normal,mmg,,1",
            ],
            reject_file=rejects,
        )
    one, two = refused.value.findings
    shift = len(bad)
    assert one.code == two.code == "reused_id"
    assert one.message == (
        f"The id '1' stands on 3 lines; of these lines {2 + shift} and {5 + shift} differ in "
        "account, status."
    )
    assert two.message == (
        f"The id '2' stands on lines {3 + shift} and {6 + shift}, which differ in created_at, "
        "fragments."
    )
    assert (two.where.line, [each.line for each in two.also]) == (3 + shift, [6 + shift])


def test_b3_an_id_that_two_files_reuse_is_told_with_both(bench):
    names = ("one.csv", "two.csv")
    for name, account in zip(names, ("visas", "parking"), strict=True):
        line = f"1,2023-05-01T12:00:00Z,{account},sms,sent,normal,1\n"
        (bench.folder / name).write_text(HEADER + line)
    paths = [bench.folder / name for name in names]
    with pytest.raises(ap.IngestError) as refused:
        bench.open().ingest("events", *paths)
    (finding,) = refused.value.findings
    one, two = paths
    assert finding.message == (
        f"The id '1' stands on {one}:2 and {two}:2, which differ in account."
    )


def test_b3_a_reused_id_of_a_parquet_file_is_told_with_its_rows(bench):
    path = as_parquet(bench.folder, pa.array([7, 8, 7]))
    events = pq.read_table(path)
    events = events.set_column(5, "fragments", pa.array([1, 1, None]))
    pq.write_table(events, path)
    with pytest.raises(ap.IngestError) as refused:
        bench.open().ingest("events", path)
    (finding,) = refused.value.findings
    assert finding.message == "The id '7' stands on lines 1 and 3, which differ in fragments."


def test_events_of_parquet_are_counted_like_those_of_csv(tmp_path):
    start = datetime(2023, 3, 25, 20, tzinfo=UTC)
    moments = [start + timedelta(minutes=11 * step) for step in range(300)]
    words = {"account": "visas", "channel": "sms", "status": "sent", "key_type": "normal"}
    count = len(moments)
    for kind in (
        pa.timestamp("us", tz="UTC"),
        pa.timestamp("ms", tz="America/New_York"),
        pa.string(),
    ):
        text = [moment.isoformat() for moment in moments]
        made = pa.array(text if kind == pa.string() else moments, kind)
        columns = {name: [word] * count for name, word in words.items()}
        ids = pa.array(range(count), pa.int32())
        events = pa.table({"id": ids, **columns, "fragments": [1] * count, "created_at": made})
        path = tmp_path / "events.parquet"
        pq.write_table(events, path)
        incoming = read_files("events", [path], service(time_zone=LONDON))
        found = {row["date"]: row["notifications_sent"] for row in incoming.rows.to_pylist()}
        assert found == counted(tmp_path, *text)
