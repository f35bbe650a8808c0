"""The same bill in every type that can hold it is the same rows, and no type ends in a library's
own words."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

import pyarrow as pa
import pytest
from inputs import (
    CHARGE,
    COMPANY,
    amounts,
    bill,
    codes,
    engine_words,
    model,
    parquet,
    read,
    refusal,
)

import apportion as ap
from apportion.findings import RunError
from apportion.ingest.incoming import Incoming

MOMENTS = ("ChargePeriodStart", "ChargePeriodEnd", "BillingPeriodStart", "BillingPeriodEnd")
RULES = [{"when": {"tag": "node", "exists": True}, "node": "{tag.node}", "dimension": "{tag.team}"}]
LINES = [
    {"EffectiveCost": "8.125", "Tags": '{"node": "servers", "team": "a"}'},
    {"EffectiveCost": "-1.5", "Tags": '{"node": "database", "team": null}'},
    {"EffectiveCost": "3", "Tags": "NULL"},
]
"""Amounts that a float of 32 bits and a decimal of few digits hold too."""

Array = Any
Cast = Callable[[Array], Array]


def _rows(incoming: Incoming) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = incoming.rows.to_pylist()
    return rows


@cache
def _expected() -> list[dict[str, Any]]:
    return _rows(read("focus", bill("same.csv", *LINES), company=model(mapping=RULES)))


def _columns(**casts: Cast) -> dict[str, Array]:
    columns = {name: pa.array([line.get(name, CHARGE[name]) for line in LINES]) for name in CHARGE}
    return {name: casts.get(name, lambda each: each)(column) for name, column in columns.items()}


def _as(kind: pa.DataType) -> Cast:
    return lambda column: column.cast(kind)


def _moment(unit: str, zone: str | None) -> Cast:
    def cast(column: Array) -> Array:
        made = column.cast(pa.timestamp("us")).cast(pa.int64())
        per = {"s": (1, 10**6), "ms": (1, 1000), "us": (1, 1), "ns": (1000, 1)}[unit]
        values = [value * per[0] // per[1] for value in made.to_pylist()]
        return pa.array(values, pa.timestamp(unit, zone))

    return cast


def _days(kind: pa.DataType) -> Cast:
    return lambda column: column.cast(pa.timestamp("us")).cast(kind)


def _number(kind: pa.DataType) -> Cast:
    of = float if pa.types.is_floating(kind) else Decimal
    return lambda column: pa.array([of(text) for text in column.to_pylist()], kind)


BYTES = (pa.binary(), pa.large_binary(), pa.binary_view())
TEXTS = (*BYTES, pa.large_string(), pa.string_view())
CASES: dict[str, dict[str, Cast]] = {
    **{
        f"moments in {unit} of {zone}": dict.fromkeys(MOMENTS, _moment(unit, zone))
        for unit in ("s", "ms", "us", "ns")
        for zone in (None, "UTC", "Asia/Tokyo")
    },
    **{
        f"days as {kind}": dict.fromkeys(MOMENTS, _days(kind))
        for kind in (pa.date32(), pa.date64())
    },
    **{f"texts as {kind}": {name: _as(kind) for name in CHARGE} for kind in TEXTS},
    "texts as a dictionary": {name: lambda each: each.dictionary_encode() for name in CHARGE},
    "texts as a dictionary of large ones": {
        name: lambda each: each.cast(pa.large_string()).dictionary_encode() for name in CHARGE
    },
    "currency as bytes of one length": {"BillingCurrency": _as(pa.binary(3))},
    **{
        f"amounts as {kind}": {"EffectiveCost": _number(kind)}
        for kind in (
            pa.decimal32(7, 3),
            pa.decimal64(12, 3),
            pa.decimal128(38, 18),
            pa.decimal128(38, 30),
            pa.decimal256(30, 10),
            pa.decimal256(76, 38),
            pa.float32(),
            pa.float64(),
        )
    },
}


@pytest.mark.parametrize("case", CASES)
def test_a_bill_in_that_type_is_the_same(case: str) -> None:
    path = parquet("typed.parquet", **_columns(**CASES[case]))
    assert _rows(read("focus", path, company=model(mapping=RULES))) == _expected()


@pytest.mark.parametrize(
    "kind", [pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint64()]
)
def test_amounts_may_be_whole_numbers(kind: pa.DataType) -> None:
    columns = _columns(EffectiveCost=lambda _: pa.array([7, 0, 120], kind))
    assert amounts(read("focus", parquet("b.parquet", **columns)), "source") == {"AWS/acme": 127}


def test_a_wide_decimal_keeps_every_digit_that_is_kept_of_a_text() -> None:
    texts = ["123456789.000000000000000000000001", "-0.00000000000000000000000049", "1e-3"]
    wide = pa.array([Decimal(text) for text in texts], pa.decimal256(76, 38))
    typed = read("focus", parquet("b.parquet", **_columns(EffectiveCost=lambda _: wide)))
    lines = [{**line, "EffectiveCost": text} for line, text in zip(LINES, texts, strict=True)]
    plain = read("focus", bill("b.csv", *lines))
    assert typed.report.totals == plain.report.totals
    assert plain.report.totals[0].file == "123456789.001000000000000000000001"


def test_a_moment_is_cut_and_not_rounded() -> None:
    """The last nanosecond of a day is of that day, and so is the one before 1970."""
    last = 1_725_321_600_000_000_000 - 1  # 2024-09-02 24:00
    start = pa.array([last - 10] * 3, pa.timestamp("ns", "UTC"))
    end = pa.array([last] * 3, pa.timestamp("ns", "UTC"))
    columns = _columns(ChargePeriodStart=lambda _: start, ChargePeriodEnd=lambda _: end)
    assert set(amounts(read("focus", parquet("b.parquet", **columns)), "date")) == {
        date(2024, 9, 2)
    }
    before = pa.array([-1] * 3, pa.timestamp("ns", "UTC"))
    moments = dict.fromkeys(("ChargePeriodStart", "ChargePeriodEnd"), lambda _: before)
    said = refusal("focus", parquet("b.parquet", **_columns(**moments)))
    assert "ChargePeriodStart is '1969-12-31 23:59:59.999999'" in said[0]


def _pairs(*pairs: Any, kind: Any = None) -> Cast:
    return lambda _: pa.array(list(pairs), kind)


_TEXT_MAP = pa.map_(pa.string(), pa.string())
_RECORD = pa.struct([("key", pa.string()), ("value", pa.string())])
MAPS: dict[str, Cast] = {
    "map with nulls": _pairs(
        [("node", "servers"), ("team", "a")],
        [("node", "database"), ("team", None)],
        None,
        kind=_TEXT_MAP,
    ),
    "map that repeats a key": _pairs(
        [("node", "servers"), ("node", "servers"), ("team", "a")],
        [("node", "database")],
        [],
        kind=_TEXT_MAP,
    ),
    "map of bytes": _pairs(
        [(b"node", b"servers"), (b"team", b"a")],
        [(b"node", b"database")],
        None,
        kind=pa.map_(pa.binary(), pa.binary()),
    ),
    "records with more fields": _pairs(
        [{"key": "node", "value": "servers", "rank": 1}, {"key": "team", "value": "a", "rank": 2}],
        [{"key": "node", "value": "database", "rank": 1}],
        None,
    ),
    "records with other capitals": _pairs(
        [{"Value": "servers", "Key": "node"}, {"Value": "a", "Key": "team"}],
        [{"Value": "database", "Key": "node"}],
        None,
    ),
    "large lists of records": _pairs(
        [{"key": "node", "value": "servers"}, {"key": "team", "value": "a"}],
        [{"key": "node", "value": "database"}],
        None,
        kind=pa.large_list(_RECORD),
    ),
    "one record": _pairs(
        {"node": "servers", "team": "a"}, {"node": "database", "team": None}, None
    ),
    "JSON with a list of records": _pairs(
        '[{"key": "node", "value": "servers", "x": 1}, {"key": "team", "value": "a"}]',
        '[{"key": "node", "value": "database"}, {"key": "node", "value": "database"}]',
        "null",
    ),
    "a map of whole numbers": _pairs(
        [("node", "servers"), ("team", "a")], [("node", "database")], None, kind=_TEXT_MAP
    ),
}


@pytest.mark.parametrize("case", MAPS)
def test_tags_in_that_type_are_the_same(case: str) -> None:
    path = parquet("tags.parquet", **_columns(Tags=MAPS[case]))
    assert _rows(read("focus", path, company=model(mapping=RULES))) == _expected()


def test_a_key_with_two_values_is_refused() -> None:
    tags = _pairs([("node", "servers"), ("node", "database")], [], None, kind=_TEXT_MAP)
    said = refusal(
        "focus", parquet("b.parquet", **_columns(Tags=tags)), company=model(mapping=RULES)
    )
    assert "each key once" in said[0]


@pytest.mark.parametrize(
    "ids",
    [
        pa.array([100200300400] * 3),
        pa.array([100200300400.0, 100200300400.0, 100200300400.0]),
        pa.array([Decimal("100200300400.00")] * 3),
    ],
)
def test_an_account_that_is_a_number_has_no_point(ids: Any) -> None:
    found = read("focus", parquet("b.parquet", **_columns(BillingAccountId=lambda _: ids)))
    assert set(amounts(found, "source")) == {"AWS/100200300400"}
    assert "wrong_type" not in codes(found)


def test_bytes_that_are_no_text_name_their_column() -> None:
    columns = _columns(ServiceName=lambda _: pa.array([b"a", b"\xff", b"b"]))
    read("focus", parquet("unread.parquet", **columns))
    columns = _columns(ServiceCategory=lambda _: pa.array([b"a", b"\xff", b"b"]))
    said = refusal("focus", parquet("read.parquet", **columns))
    assert len(said) == 1
    assert "The column 'ServiceCategory' cannot be read: it holds bytes that are not" in said[0]


ODD = {
    "times": pa.array([5] * 3, pa.time64("us")),
    "durations": pa.array([5] * 3, pa.duration("us")),
    "lists": pa.array([[1]] * 3),
    "records": pa.array([{"a": 1}] * 3),
    "flags": pa.array([True] * 3),
    "half floats": pa.array([1.5] * 3).cast(pa.float16()),
    "nothing": pa.nulls(3),
    "moments in ns": pa.array([1_725_321_600_000_000_000] * 3, pa.timestamp("ns", "UTC")),
    "days": pa.array([20_000] * 3, pa.int32()).cast(pa.date32()),
    "numbers": pa.array([1.5] * 3),
    "wide decimals": pa.array([Decimal("1.5")] * 3, pa.decimal256(76, 38)),
    "bytes": pa.array([b"\xff"] * 3),
    "maps": pa.array([[("a", "b")]] * 3, _TEXT_MAP),
}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("name", CHARGE)
def test_no_type_in_no_column_ends_in_an_engines_words(name: str, odd: str) -> None:
    path = parquet("odd.parquet", **_columns(**{name: lambda _: ODD[odd]}))
    try:
        found = read("focus", path, company=model(mapping=RULES)).report.findings
    except ap.IngestError as error:
        found = error.findings
    assert not engine_words(found)


METERS = {
    **COMPANY,
    "accounts": [{"id": "svc-1"}, {"id": "7"}],
    "channels": [{"id": "sms"}],
    "rates": [{"channel": "sms", "valid_from": "2023-04-01", "rate": "0.02"}],
}
PLAIN: dict[str, dict[str, list[Any]]] = {
    "costs": {"node": ["servers"], "date": ["2024-01-01"], "dimension": ["c"], "amount": ["2"]},
    "usage": {"node": ["checkout"], "date": ["2024-01-01"], "metric": ["m"], "value": ["2"]},
    "billable": {
        "date": ["2024-01-01"],
        "account": ["svc-1"],
        "channel": ["sms"],
        "billable_units": ["2"],
        "notifications_sent": ["1"],
    },
    "events": {
        "id": ["a"],
        "account": ["svc-1"],
        "channel": ["sms"],
        "status": ["sent"],
        "key_type": ["normal"],
        "fragments": ["2"],
        "created_at": ["2024-01-01T00:00:00Z"],
    },
}
DAY = 1_704_067_200
NUMBERS = [
    pa.array([2]),
    pa.array([2], pa.uint64()),
    pa.array([2.0]),
    pa.array([2.0], pa.float32()),
    pa.array([Decimal("2.000")]),
    pa.array([Decimal(2)], pa.decimal256(76, 38)),
    pa.array([b"2"]),
    pa.array(["2"], pa.string_view()),
    pa.array(["2"]).dictionary_encode(),
]
WHEN = [
    pa.array([DAY], pa.timestamp("s", "UTC")),
    pa.array([DAY * 1000], pa.timestamp("ms", "UTC")),
    pa.array([DAY * 10**6], pa.timestamp("us", "UTC")),
    pa.array([DAY * 10**9], pa.timestamp("ns", "UTC")),
    pa.array([DAY * 10**9], pa.timestamp("ns", "Asia/Tokyo")),
]


@pytest.mark.parametrize("form", PLAIN)
def test_the_plain_formats_read_the_same_types(form: str) -> None:
    company = ap.Model.from_dict({"currency": "USD", **METERS})
    source = "s" if form in ("costs", "usage") else None
    wanted = _rows(
        read(
            form,
            parquet("p.parquet", **PLAIN[form]),
            company=company,
            source=source,
        )
    )
    number = {"costs": "amount", "usage": "value", "billable": "billable_units"}.get(
        form, "fragments"
    )
    when = "created_at" if form == "events" else "date"
    kinds = [(number, each) for each in NUMBERS] + [(when, each) for each in WHEN]
    if form != "events":
        kinds += [(when, pa.array([DAY * 10**9], pa.timestamp("ns")))]
        kinds += [(when, pa.array([date(2024, 1, 1)], kind)) for kind in (pa.date32(), pa.date64())]
    for name, column in kinds:
        path = parquet("p.parquet", **{**PLAIN[form], name: column})
        found = _rows(read(form, path, company=company, source=source))
        assert found == wanted, (name, column.type)


def test_an_id_that_is_a_number_is_the_model_s() -> None:
    company = ap.Model.from_dict({"currency": "USD", **METERS})
    for ids in (pa.array([7]), pa.array([7.0])):
        columns = {**PLAIN["billable"], "account": ids}
        rows = _rows(read("billable", parquet("b.parquet", **columns), company=company))
        assert [row["account"] for row in rows] == ["7"]


TABLE = {"node": ["servers"], "date": [date(2024, 1, 1)], "dimension": ["c"]}
AMOUNTS = [
    pa.array([Decimal("1.5")], pa.decimal256(76, 38)),
    pa.array([Decimal("1.5")], pa.decimal32(5, 2)),
    pa.array([Decimal("1.5")]).dictionary_encode(),
    pa.array(["1.5"], pa.string_view()),
    pa.array([b"1.5"], pa.binary_view()),
    pa.array(["1.5"]).dictionary_encode(),
]
DATES = [
    pa.array([b"2024-01-01"]),
    pa.array([date(2024, 1, 1)], pa.date64()),
    pa.array([DAY * 10**9], pa.timestamp("ns")),
    pa.array(["2024-01-01"], pa.string_view()),
    pa.array([date(2024, 1, 1)]).dictionary_encode(),
]


def _cost(**columns: Any) -> Decimal:
    result = ap.attribute(model(), pa.table({**TABLE, "amount": [Decimal("1.5")], **columns}))
    return sum(result.allocations["direct"].to_pylist(), Decimal(0))


def test_tables_in_memory_are_read_in_the_same_types() -> None:
    for column in AMOUNTS:
        assert _cost(amount=column) == Decimal("1.5"), column.type
    for column in DATES:
        assert _cost(date=column) == Decimal("1.5"), column.type


LABELS = [
    pa.array(['{"env": "prod"}']),
    pa.array(['{"env": "prod"}'], pa.string_view()),
    pa.array([[("env", "prod"), ("env", "prod")]], _TEXT_MAP),
    pa.array([{"env": "prod"}]),
    pa.array([[{"key": "env", "value": "prod", "rank": 1}]]),
]


@pytest.mark.parametrize("column", [*LABELS, pa.array([[1]])])
def test_labels_of_a_table_in_memory(column: Any) -> None:
    edge = {
        "source": "servers",
        "receiver": "checkout",
        "strategy": "segment_filtered_proportional",
        "parameters": {"metric": "m", "segment_filter": {"label": "env", "values": ["prod"]}},
    }
    usage = {"node": ["checkout"], "date": [date(2024, 1, 1)], "metric": ["m"], "value": [1]}
    costs = pa.table({**TABLE, "amount": [Decimal("1.5")]})

    def attributed() -> ap.Result:
        return ap.attribute(model(edges=[edge]), costs, pa.table({**usage, "labels": column}))

    if pa.types.is_list(column.type) and not pa.types.is_struct(column.type.value_type):
        with pytest.raises(RunError) as raised:
            attributed()
        assert not engine_words(raised.value.findings)
    else:
        assert "zero_usage" not in {finding.code for finding in attributed().findings}


@pytest.mark.parametrize(
    "column", [pa.array([1.5]).dictionary_encode(), pa.array([2**64 - 1], pa.uint64())]
)
def test_a_table_in_memory_is_refused_in_plain_words(column: Any) -> None:
    with pytest.raises(RunError) as raised:
        _cost(amount=column)
    assert not engine_words(raised.value.findings)
