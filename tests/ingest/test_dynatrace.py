"""Dynatrace metrics: both shapes of answer, metric ids, how points make a day, which node."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from inputs import COMPANY, amounts, codes, model, read, recorded, refusal, written

import apportion as ap

REQUESTS = "builtin:service.requestCount.total"
HOUR = 3_600_000
MIDNIGHT = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp()) * 1000
NODES = [{"when": {"label": "service", "exists": True}, "node": "{label.service}"}]


def series(values: list[Any], start: int = MIDNIGHT, step: int = HOUR, **more: Any) -> Any:
    """Points an hour apart."""
    timestamps = [start + step * place for place in range(len(values))]
    named = {"dimensions": {"service": "checkout"}, **more}
    return {**named, "timestamps": timestamps, "values": values}


def export(*metrics: tuple[str, list[Any]], key: str = "metrics", **more: Any) -> dict[str, Any]:
    """A document with metrics, as an export has them."""
    frame = {"start": "2024-01-01T00:00:00Z", "end": "2024-01-03T00:00:00Z"}
    listed = [{"metricId": name, "data": data} for name, data in metrics]
    return {"timeframe": frame, key: listed, **more}


def figures(document: Any, *keys: str, **changes: Any) -> dict[Any, Decimal]:
    """The values of a document by the columns named."""
    company = model(**{"metric_nodes": NODES, **changes})
    return amounts(read("dynatrace", written("a.json", document), company=company), *keys)


def test_both_shapes_say_the_same() -> None:
    data = [series([1, 2, 3])]
    answer = {"totalCount": 1, "nextPageKey": None, "resolution": "1h"}
    company = model(metric_nodes=NODES)
    path = written("a.json", export((REQUESTS, data)))
    other = written("b.json", {**answer, "result": [{"metricId": REQUESTS, "data": data}]})
    both = [read("dynatrace", each, company=company) for each in (path, other)]
    assert both[0].rows.equals(both[1].rows)
    (row,) = both[0].rows.to_pylist()
    assert row == {
        "source": "dynatrace",
        "period": "",
        "node": "checkout",
        "date": date(2024, 1, 1),
        "metric": "http_requests",
        "labels": '{"service":"checkout"}',
        "value": Decimal(6),
        "unit": "count",
    }


def test_pages_of_an_answer_are_one() -> None:
    pages = [export((REQUESTS, [series([1])])), export((REQUESTS, [series([2], MIDNIGHT + HOUR)]))]
    assert figures(pages, "metric") == {"http_requests": 3}


@pytest.mark.parametrize(
    ("metric", "name", "unit"),
    [
        (REQUESTS, "http_requests", "count"),
        ("builtin:service.response.time", "http_duration_ms", "ms"),
        ("builtin:service.cpu.time", "cpu_time_ms", "ms"),
        ("builtin:service.errors.total", "error_count", "count"),
        ("builtin:service.errors.total.count", "error_count", "count"),
        (f"{REQUESTS}:splitBy(service):sum", "http_requests", "count"),
    ],
)
def test_names_of_metrics(metric: str, name: str, unit: str) -> None:
    assert figures(export((metric, [series([1])])), "metric", "unit") == {(name, unit): 1}


def test_names_of_the_users_own() -> None:
    own = [
        {"id": "calc:queue.depth", "name": "queue_depth", "day": "max", "unit": "messages"},
        {"id": REQUESTS, "name": "calls", "day": "mean"},
    ]
    document = export(("calc:queue.depth", [series([3, 9, 4])]), (REQUESTS, [series([1, 2])]))
    assert figures(document, "metric", metrics=own) == {
        "queue_depth": 9,
        "calls": Decimal("1.5"),
    }


@pytest.mark.parametrize(
    ("rule", "expected"), [("sum", "9.5"), ("mean", "3.166666667"), ("max", "7.25")]
)
def test_how_points_make_a_day(rule: str, expected: str) -> None:
    own = [{"id": "m", "name": "m", "day": rule}]
    document = export(("m", [series([7.25, None, 0.25, 2, None])]))
    assert figures(document, "metric", metrics=own) == {"m": Decimal(expected)}


def test_a_duration_is_not_summed() -> None:
    document = export(("builtin:service.response.time", [series([100, 200, 600])]))
    assert figures(document, "metric") == {"http_duration_ms": 300}


def test_the_largest_of_negative_points() -> None:
    own = [{"id": "m", "name": "m", "day": "max"}]
    assert figures(export(("m", [series([-5, -2, -9])])), "metric", metrics=own) == {"m": -2}


def test_a_mean_over_two_files_is_of_all_their_points() -> None:
    own = [{"id": "m", "name": "m", "day": "mean"}]
    first = written("a.json", export(("m", [series([1, 1, 1])])))
    second = written("b.json", export(("m", [series([5], MIDNIGHT + 3 * HOUR)])))
    company = model(metrics=own, metric_nodes=NODES)
    for files in ([first, second], [second, first]):
        assert amounts(read("dynatrace", *files, company=company), "metric") == {"m": 2}


def test_units_of_time_become_milliseconds_where_the_file_names_them() -> None:
    document = export(("builtin:service.cpu.time", [series([1500, 500])]))
    document["metrics"][0]["unit"] = "MicroSecond"
    assert figures(document, "metric") == {"cpu_time_ms": 2}
    document["metrics"][0]["unit"] = "Second"
    assert figures(document, "metric") == {"cpu_time_ms": 2_000_000}
    del document["metrics"][0]["unit"]
    assert figures(document, "metric") == {"cpu_time_ms": 2000}


def test_numbers_keep_every_digit() -> None:
    own = [{"id": "m", "name": "m", "day": "sum"}]
    text = '{"metrics": [{"metricId": "m", "data": [{"dimensions": {"service": "checkout"}, '
    text += f'"timestamps": [{MIDNIGHT}, {MIDNIGHT + 1}], '
    text += '"values": [12345678901234567.000000001, 0.1]}]}]}'
    assert figures(text, "metric", metrics=own) == {"m": Decimal("12345678901234567.100000001")}


@pytest.mark.parametrize(
    ("named", "labels"),
    [
        (
            {"dimensions": {"service": "checkout", "code": 200}},
            '{"code":"200","service":"checkout"}',
        ),
        ({"dimensions": {"service": "checkout", "on": True}}, '{"on":"true","service":"checkout"}'),
        ({"dimensions": {"service": "checkout", "no": None}}, '{"service":"checkout"}'),
        (
            {"dimensions": ["S-1"], "dimensionMap": {"service": "checkout", "id": "S-1"}},
            '{"id":"S-1","service":"checkout"}',
        ),
    ],
)
def test_dimensions_become_labels(named: dict[str, Any], labels: str) -> None:
    document = export((REQUESTS, [series([1], **named)]))
    assert figures(document, "node", "labels") == {("checkout", labels): 1}


def test_dimensions_without_names_are_numbered() -> None:
    rules = [{"when": {"label": "dimension1", "equals": "S-1"}, "node": "servers"}]
    document = export((REQUESTS, [series([1], dimensions=["S-1", "GET"])]))
    assert figures(document, "node", "labels", metric_nodes=rules) == {
        ("servers", '{"dimension1":"S-1","dimension2":"GET"}'): 1
    }


def test_rules_say_which_node_a_label_set_belongs_to() -> None:
    rules = [
        {"when": {"label": "service", "prefix": "shop-"}, "node": "checkout"},
        {"when": {"not": {"label": "service", "exists": True}}, "node": "servers"},
    ]
    data = [
        series([1], dimensions={"service": "shop-cart"}),
        series([2], dimensions={"service": "shop-pay"}),
        series([4], dimensions={}),
        series([8], dimensions={"service": "other"}),
    ]
    path = written("a.json", export((REQUESTS, data)))
    found = read("dynatrace", path, company=model(metric_nodes=rules))
    assert amounts(found, "node") == {"checkout": 3, "servers": 4}
    assert len(found.rows) == 3
    (file,) = found.report.files
    assert (file.lines_read, file.accepted, file.rejected) == (4, 3, 1)
    (doubt,) = found.report.findings
    assert "no rule takes 1 label set" in doubt.message
    assert '{"service":"other"}' in doubt.message


def test_a_metric_that_no_rule_names_is_left_out_and_told() -> None:
    document = export((REQUESTS, [series([1])]), ("builtin:host.cpu.usage", [series([5, 5])]))
    company = model(metric_nodes=NODES)
    found = read("dynatrace", written("a.json", document), company=company)
    assert amounts(found, "metric") == {"http_requests": 1}
    assert codes(found) == ["rejected_lines"]
    assert "Left out 2 points of 'builtin:host.cpu.usage'" in found.report.findings[0].message


def test_days_are_those_of_the_workspace() -> None:
    document = export((REQUESTS, [series([1] * 24)]))
    east = figures(document, "date", time_zone="Europe/Berlin")
    assert east == {date(2024, 1, 1): 23, date(2024, 1, 2): 1}
    west = figures(document, "date", time_zone="America/New_York")
    assert west == {date(2023, 12, 31): 5, date(2024, 1, 1): 19}


def test_a_day_that_is_an_hour_short() -> None:
    spring = int(datetime(2024, 3, 30, 23, tzinfo=UTC).timestamp()) * 1000
    frame = {"start": "2024-03-30T23:00:00Z", "end": "2024-03-31T23:00:00Z"}
    document = {**export((REQUESTS, [series([1] * 24, spring)])), "timeframe": frame}
    found = figures(document, "date", time_zone="Europe/Berlin")
    assert found == {date(2024, 3, 31): 23, date(2024, 4, 1): 1}


def test_points_that_mark_the_ends_of_slots_belong_to_the_day_before() -> None:
    document = export((REQUESTS, [series([1] * 48, MIDNIGHT + HOUR)]))
    assert figures(document, "date") == {date(2024, 1, 1): 24, date(2024, 1, 2): 24}
    begins = export((REQUESTS, [series([1] * 48)]))
    assert figures(begins, "date") == {date(2024, 1, 1): 24, date(2024, 1, 2): 24}


def test_slots_of_days_whose_end_is_told() -> None:
    step = 24 * HOUR
    answer = {
        "resolution": "1d",
        "result": [{"metricId": REQUESTS, "data": [series([5], MIDNIGHT)]}],
    }
    assert figures(answer, "date") == {date(2023, 12, 31): 5}
    document = export((REQUESTS, [series([5, 6], MIDNIGHT + step, step)]))
    assert figures(document, "date") == {date(2024, 1, 1): 5, date(2024, 1, 2): 6}


def test_a_day_without_any_value_gives_no_row() -> None:
    document = export((REQUESTS, [series([1, None], step=24 * HOUR)]))
    assert figures(document, "date") == {date(2024, 1, 1): 1}
    nothing = written("b.json", export((REQUESTS, [series([None, None])])))
    assert (
        "[check_saw_no_rows]" in refusal("dynatrace", nothing, company=model(metric_nodes=NODES))[0]
    )


def test_it_replaces_days_of_its_metrics_alone() -> None:
    data = [series([1] * 30)]
    path = written("a.json", export((REQUESTS, data), ("builtin:service.cpu.time", data[:1])))
    found = read("dynatrace", path, company=model(metric_nodes=NODES))
    last = date(2024, 1, 1) + timedelta(days=1)
    assert [(each.metric, each.first, each.last) for each in found.replaces] == [
        ("cpu_time_ms", date(2024, 1, 1), last),
        ("http_requests", date(2024, 1, 1), last),
    ]


def test_a_day_is_replaced_wholly_by_a_later_command(
    workspace: Callable[..., ap.Workspace],
) -> None:
    made = workspace({**COMPANY, "metric_nodes": NODES})
    morning = written("a.json", export((REQUESTS, [series([1, 2, 3])])))
    other = series([7], MIDNIGHT + 12 * HOUR, dimensions={"service": "servers"})
    evening = written("b.json", export((REQUESTS, [other])))
    made.ingest("dynatrace", morning, evening)
    assert {row["node"] for row in recorded(made, "usage")} == {"checkout", "servers"}
    made.ingest("dynatrace", evening)
    assert [row["node"] for row in recorded(made, "usage")] == ["servers"]


@pytest.mark.parametrize("stamp", [1704067200, 0, -5, None, "soon", 10**15])
def test_what_is_no_moment_in_milliseconds(stamp: Any) -> None:
    """Seconds are a thousand times too small, and would lie in January 1970."""
    document = export((REQUESTS, [series([1])]))
    document["metrics"][0]["data"][0]["timestamps"] = [stamp]
    (said,) = refusal("dynatrace", written("a.json", document))
    assert said.startswith("a.json: error [invalid_value] point 1: timestamp is ")
    assert "milliseconds" in said


AGAIN = "Counted once: {} told again, same value ({})."


def test_two_answers_that_share_a_point_count_it_once() -> None:
    first = written("a.json", export((REQUESTS, [series([1, 2, 3])])))
    more = series(["3.0", 4], MIDNIGHT + 2 * HOUR)
    second = written("b.json", export((REQUESTS, [more])))
    company = model(metric_nodes=NODES)
    found = read("dynatrace", first, second, company=company)
    assert amounts(found, "metric") == {"http_requests": 10}
    assert AGAIN.format("1 point", "b.json: 1") in found.report.notes
    one, two = found.report.files
    assert (one.accepted, one.rejected, one.totals) == (3, 0, {REQUESTS: "6"})
    assert (two.lines_read, two.accepted, two.rejections) == (2, 1, {"duplicate_key": 1})
    assert two.totals == {REQUESTS: "4"}
    other = read("dynatrace", second, first, company=company)
    assert other.rows.equals(found.rows)


def test_the_same_answer_laid_out_anew_counts_once() -> None:
    document = export((REQUESTS, [series([1, 2, None])]))
    files = [written("a.json", document), written("b.json", f" {json.dumps(document)}")]
    found = read("dynatrace", *files, company=model(metric_nodes=NODES))
    assert amounts(found, "metric") == {"http_requests": 3}
    assert AGAIN.format("3 points", "b.json: 3") in found.report.notes


@pytest.mark.parametrize(
    "data",
    [
        [series([1, 2]), series([1, 2])],
        [series([1, 2]), series([None, 2])],
        [series([1, None]), series([1, 2])],
        [series([1, 2]), {**series([2, 2]), "timestamps": [MIDNIGHT + HOUR] * 2}],
    ],
)
@pytest.mark.parametrize("rule", ["sum", "mean", "max"])
def test_a_point_told_twice_in_one_answer_counts_once(data: list[Any], rule: str) -> None:
    own = [{"id": "m", "name": "m", "day": rule}]
    expected = {"sum": 3, "mean": Decimal("1.5"), "max": 2}[rule]
    assert figures(export(("m", data)), "metric", metrics=own) == {"m": expected}


def test_points_of_other_dimensions_or_metrics_are_others() -> None:
    data = [series([1]), series([1], dimensions={"service": "checkout", "code": "500"})]
    found = figures(export((REQUESTS, data), ("builtin:service.cpu.time", [series([1])])), "metric")
    assert found == {"http_requests": 2, "cpu_time_ms": 1}


def test_the_copy_that_names_its_unit_counts() -> None:
    metric = "builtin:service.cpu.time"
    document = export((metric, [series([2000])]), (metric, [series([2000])]))
    document["metrics"][1]["unit"] = "MicroSecond"
    assert figures(document, "metric") == {"cpu_time_ms": 2}


def test_a_point_told_again_with_another_value_is_refused() -> None:
    first = written("a.json", export((REQUESTS, [series([1, 2, 3])])))
    second = written("b.json", export((REQUESTS, [series([3.5, 4], MIDNIGHT + 2 * HOUR)])))
    (said,) = refusal("dynatrace", first, second, company=model(metric_nodes=NODES))
    assert said.startswith(
        f"b.json: error [duplicate_key] point 1: {REQUESTS!r} with the dimensions "
        '{"service": "checkout"} at 2024-01-01T02:00:00Z is 3.5, where point 3 of a.json says 3. '
    )
    assert "Leave out the answer that is older" in said


def test_a_point_told_again_in_another_unit_is_refused() -> None:
    document = export((REQUESTS, [series([2])]), (REQUESTS, [series([2])]))
    document["metrics"][0]["unit"] = "Count"
    document["metrics"][1]["unit"] = "PerSecond"
    (said,) = refusal("dynatrace", written("a.json", document))
    assert "is 2 PerSecond, where point 1 says 2 Count" in said


def test_of_many_points_told_otherwise_the_first_are_shown() -> None:
    document = export((REQUESTS, [series([1] * 24), series([2] * 24)]))
    said = refusal("dynatrace", written("a.json", document))
    assert len(said) == 21
    assert "Not shown: 4 more points told again with another value" in said[-1]


def test_what_is_no_point_is_told_as_that_though_it_is_there_twice() -> None:
    document = export((REQUESTS, [series(["x", "x"], step=0)]))
    said = refusal("dynatrace", written("a.json", document))
    assert len(said) == 2
    assert all("error [invalid_value] point" in each for each in said)


def test_two_selectors_of_one_metric_are_told() -> None:
    split = f'{REQUESTS}:splitBy("service")'
    document = export((REQUESTS, [series([1])]), (split, [series([1])]))
    path = written("a.json", document)
    found = read("dynatrace", path, company=model(metric_nodes=NODES))
    assert codes(found) == ["overlapping_selectors"]
    message = found.report.findings[0].message
    assert "'http_requests' is the sum of several selectors" in message
    assert f"{split!r}" in message
    assert "such as 'checkout' on 2024-01-01" in message


def test_selectors_that_speak_of_other_days_or_were_put_together_on_purpose() -> None:
    split = f"{REQUESTS}:splitBy()"
    document = export((REQUESTS, [series([1])]), (split, [series([1], MIDNIGHT + 24 * HOUR)]))
    company = model(metric_nodes=NODES)
    assert codes(read("dynatrace", written("a.json", document), company=company)) == []
    own = [
        {"id": "reads", "name": "io", "day": "sum"},
        {"id": "writes", "name": "io", "day": "sum"},
    ]
    both = written("b.json", export(("reads", [series([1])]), ("writes", [series([2])])))
    found = read("dynatrace", both, company=model(metric_nodes=NODES, metrics=own))
    assert (codes(found), amounts(found, "metric")) == ([], {"io": 3})


def said_of(error: Any, **more: Any) -> str:
    """What is said of an error answer."""
    (said,) = refusal("dynatrace", written("a.json", {"error": error, **more}))
    return said


def test_an_error_answer_is_told_in_the_words_of_dynatrace() -> None:
    said = said_of({"code": 403, "message": "Token is missing required scope: metrics.read"})
    assert said == (
        "a.json: error [unreadable_file] Dynatrace answered with an error 403 in place of metrics: "
        "Token is missing required scope: metrics.read. Mend the token or the query, and ask "
        "again; nothing is wrong with the file itself."
    )
    (said,) = refusal(
        "dynatrace",
        written("b.json", [export((REQUESTS, [series([1])])), {"error": {"code": 429}}]),
    )
    assert "page 2, Dynatrace answered with an error 429 in place of metrics: no more" in said


def test_error_answers_of_any_form() -> None:
    assert "in place of metrics: no such metric." in said_of("no such metric", result=[])
    wrong = [{"path": "resolution", "message": "must be one of 1h, 1d"}, "?", {"path": 7}]
    said = said_of({"code": "400", "message": "Invalid", "constraintViolations": wrong})
    assert "error 400 in place of metrics: Invalid; resolution must be one of 1h, 1d; 7." in said
    assert 'in place of metrics: ["x"].' in said_of(["x"])


def test_an_error_answer_is_shown_short_and_without_control_characters() -> None:
    said = said_of({"code": "4\x1b[1m", "message": "a\x1b]0;x\x07\u202e\n" + "z" * 10_000})
    assert "error 4\\x1b[1m in place of metrics: a\\x1b]0;x\\x07\\u202e zzz" in said
    assert len(said) < 600
    assert said.isprintable()
