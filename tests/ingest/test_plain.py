"""Plain costs and usage: what a line may say, and that nothing of it is lost."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from inputs import amounts, codes, costs, model, parquet, read, recorded, refusal, usage, written

import apportion as ap

ONE = {"node": ["servers"], "date": [date(2024, 1, 1)], "dimension": ["compute"]}


def test_a_cost_is_read_as_it_stands() -> None:
    found = read("costs", costs("a.csv", {"amount": "-10.500000001", "currency": "EUR"}))
    assert found.rows.to_pylist() == [
        {
            "source": "a",
            "period": "",
            "node": "servers",
            "date": date(2024, 1, 1),
            "dimension": "compute",
            "currency": "EUR",
            "amount": Decimal("-10.500000001"),
            "lines": 1,
        }
    ]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("7", "7"),
        (" 7 ", "7"),
        ("+.5", "0.5"),
        ("1.", "1"),
        ("1e5", "100000"),
        ("-2.5E-3", "-0.0025"),
        ("0.1", "0.1"),
        ("9223372036.854775807", "9223372036.854775807"),
        ("-9223372036.854775807", "-9223372036.854775807"),
        ("1e-400", "0"),
        ("-0.0", "0"),
    ],
)
def test_forms_of_a_number(text: str, amount: str) -> None:
    found = read("costs", costs("a.csv", {"amount": text}))
    assert amounts(found, "node") == {"servers": Decimal(amount)}


@pytest.mark.parametrize(
    "column",
    [
        pa.array([0.1]),
        pa.array([0.1], pa.float32()),
        pa.array(["0.1"]),
        pa.array(["1e-1"], pa.large_string()),
        pa.array([Decimal("0.1")], pa.decimal128(38, 12)),
        pa.array([Decimal("0.10")], pa.decimal128(7, 2)),
    ],
    ids=lambda column: str(column.type),
)
def test_a_tenth_is_a_tenth_in_every_type(column: pa.Array) -> None:
    found = read("costs", parquet("a.parquet", **ONE, amount=column))
    assert amounts(found, "node") == {"servers": Decimal("0.1")}
    assert found.report.totals[0].file == "0.1"


@pytest.mark.parametrize("kind", [pa.int8(), pa.int64(), pa.uint32()], ids=str)
def test_integers(kind: pa.DataType) -> None:
    found = read("costs", parquet("a.parquet", **ONE, amount=pa.array([7], kind)))
    assert amounts(found, "node") == {"servers": Decimal(7)}


def test_days_as_dates_and_as_midnights() -> None:
    moments = pa.array([date(2024, 1, 1)]).cast(pa.timestamp("us"))
    for kind, column in {"day": pa.array([date(2024, 1, 1)]), "moment": moments}.items():
        columns: dict[str, Any] = {**ONE, "date": column, "amount": [1]}
        assert amounts(read("costs", parquet(f"{kind}.parquet", **columns)), "date") == {
            date(2024, 1, 1): 1
        }
    rows = [{"date": "2024-01-01T00:00:00Z"}, {"date": "2024-02-29"}]
    assert list(amounts(read("costs", costs("a.csv", *rows)), "date")) == [
        date(2024, 1, 1),
        date(2024, 2, 29),
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfnode,date,dimension,amount\nservers,2024-01-01,compute,1\n",
        b"node,date,dimension,amount\r\nservers,2024-01-01,compute,1\r\n",
        b"node,date,dimension,amount\rservers,2024-01-01,compute,1",
        b'"node","date","dimension","amount"\n"servers","2024-01-01","compute","1"',
        b"node,date,dimension,amount\n\nservers,2024-01-01,compute,1\n\n\n",
        b"amount,dimension,x_note,date,node\n1,compute,,2024-01-01,servers\n",
    ],
    ids=["mark", "crlf", "cr", "quotes", "blank lines", "other order"],
)
def test_ways_to_write_the_same_file(content: bytes) -> None:
    found = read("costs", written("a.csv", content))
    assert amounts(found, "node", "date", "dimension") == {
        ("servers", date(2024, 1, 1), "compute"): 1
    }
    assert not found.report.findings


def test_without_a_currency_it_is_the_workspaces() -> None:
    found = read("costs", costs("a.csv", {}), company=model(currency="CHF"))
    assert amounts(found, "currency") == {"CHF": Decimal("10.5")}
    assert "CHF" in found.report.notes[0]
    blank = read("costs", costs("b.csv", {"currency": ""}), company=model(currency="CHF"))
    assert amounts(blank, "currency") == {"CHF": Decimal("10.5")}


def test_lines_of_one_cell_are_summed_and_counted() -> None:
    rows = [{"amount": text} for text in ("0.1", "0.2", "-0.05")]
    (row,) = read("costs", costs("a.csv", *rows)).rows.to_pylist()
    assert (row["amount"], row["lines"]) == (Decimal("0.25"), 3)


def test_the_same_file_twice_would_count_twice() -> None:
    first, other = costs("a.csv", {}), costs("b.csv", {})
    assert "[duplicate_key]" in refusal("costs", first, first)[0]
    assert "'a.csv'" in refusal("costs", first, other)[0]


def test_a_column_nobody_reads_is_told() -> None:
    found = read("costs", costs("a.csv", {"curency": "EUR"}))
    (doubt,) = found.report.findings
    assert doubt.code == "unknown_key"
    assert "'currency'" in doubt.remedy


def test_usage_with_labels_of_their_own_columns_and_as_json() -> None:
    rows = [
        {"label.env": "prod", "label.team": "", "labels": '{"team": "core", "env": "prod"}'},
        {"label.env": "", "label.team": "", "labels": ""},
    ]
    found = read("usage", usage("a.csv", *rows))
    assert [row["labels"] for row in found.rows.to_pylist()] == [
        '{"env":"prod","team":"core"}',
        "{}",
    ]


def test_a_label_that_has_two_values_is_refused() -> None:
    rows = [
        {"label.env": "prod", "label.o'x": "1", "labels": '{"env": "prod"}'},
        {"label.env": "prod", "label.o'x": "1", "labels": '{"env": "old", "o\'x": "1"}'},
        {"label.env": "", "label.o'x": "2", "labels": '{"env": "old", "o\'x": "3"}'},
        {"label.env": "prod", "label.o'x": "", "labels": "nothing"},
    ]
    said = refusal("usage", usage("a.csv", *rows))
    assert [each.split(" is ")[0] for each in said] == [
        "a.csv:3:5: error [invalid_value] label.env",
        "a.csv:4:6: error [invalid_value] label.o'x",
        "a.csv:5:7: error [invalid_value] labels",
    ]
    assert said[0].endswith(
        "label.env is 'prod'; the column labels gives this label another value. "
        "Say it in one of the two columns, or the same in both."
    )


def test_a_label_that_has_two_values_in_a_table_of_maps_is_refused() -> None:
    labels = pa.array([[("env", "b")], [("env", "a")]], pa.map_(pa.string(), pa.string()))
    two = {name: values * 2 for name, values in ONE.items() if name != "dimension"}
    columns = {**two, "metric": ["m"] * 2, "value": [1, 2], "labels": labels}
    (said,) = refusal("usage", parquet("a.parquet", **columns, **{"label.env": ["a", "a"]}))
    assert said.startswith("a.parquet:1:6: error [invalid_value] label.env is 'a'; the column")


def test_usage_labels_as_a_map() -> None:
    labels = pa.array([[("b", "2"), ("a", "1")]], pa.map_(pa.string(), pa.string()))
    columns = {**ONE, "metric": ["requests"], "value": [1.5], "labels": labels}
    del columns["dimension"]
    (row,) = read("usage", parquet("a.parquet", **columns)).rows.to_pylist()
    assert (row["labels"], row["value"]) == ('{"a":"1","b":"2"}', Decimal("1.5"))


def test_usage_keeps_negative_values_apart_and_says_so() -> None:
    found = read("usage", usage("a.csv", {"value": "5"}, {"value": "-2"}, {"value": "1"}))
    assert [row["value"] for row in found.rows.to_pylist()] == [Decimal(-2), Decimal(6)]
    assert codes(found) == ["negative_usage"]


def test_usage_of_a_node_not_declared_is_kept_and_told() -> None:
    found = read("usage", usage("a.csv", {"node": "chekout"}))
    assert amounts(found, "node") == {"chekout": 5}
    (doubt,) = found.report.findings
    assert (doubt.code, doubt.remedy) == ("unknown_node", "Did you mean 'checkout'?")


def test_usage_beyond_nine_decimals_is_rounded_and_told() -> None:
    found = read("usage", usage("a.csv", {"value": "1.0000000005"}, {"node": "servers"}))
    assert amounts(found, "node")["checkout"] == Decimal("1.000000001")
    assert codes(found) == ["rounded_usage"]


def test_bad_lines_of_usage_with_label_columns_are_named() -> None:
    said = refusal("usage", usage("a.csv", {"label.env": "prod"}, {"value": "x", "label.env": ""}))
    (message,) = said
    assert message.startswith("a.csv:3:4: error [invalid_value] value is 'x'; expected a plain")


def test_usage_too_large_to_be_summed_names_the_file() -> None:
    huge = {"value": "9e25"}
    said = refusal("usage", usage("a.csv", huge, huge))
    assert said[0].startswith("a.csv: error [amount_overflow]")
    other = usage("c.csv", huge, {"node": "servers"})
    apart = refusal("usage", usage("b.csv", huge), other, source="meter")
    assert apart[0].startswith("b.csv, c.csv: error [amount_overflow]")


def test_scale_decides_what_fits_and_what_is_rounded() -> None:
    company = model(currency="USD", scale=2)
    path = costs("a.csv", {"amount": "92233720368547.5"}, {"amount": "0.019", "node": "database"})
    found = read("costs", path, company=company)
    assert amounts(found, "node") == {
        "servers": Decimal("92233720368547.50"),
        "database": Decimal("0.02"),
    }
    assert codes(found) == ["rounded_amounts"]
    assert found.report.totals[0].difference == "0.001"


def test_two_sources_with_the_same_figures_are_two_bills(
    workspace: Callable[..., ap.Workspace],
) -> None:
    """Two suppliers may send the same invoice; only a file whose source is its name is a copy."""
    here = workspace({"nodes": [{"id": "servers", "type": "resource"}]})
    here.ingest("costs", costs("aws.csv", {"source": "aws"}))
    second = here.ingest("costs", costs("azure.csv", {"source": "azure"}))
    assert second.recorded.ingest_id
    assert [row["source"] for row in recorded(here)] == ["aws", "azure"]


@pytest.mark.parametrize(
    ("units", "said"),
    [
        (
            ("s", "ms", "ms"),
            "2 lines in 'ms' and 1 line in 's'; shares",
        ),
        (
            ("ms", "", "ms"),
            "2 lines in 'ms' and 1 line without a unit; whether those are in 'ms' too is not",
        ),
        (
            ("s", "", "ms"),
            "1 line in 'ms', 1 line in 's' and 1 line without a unit; shares",
        ),
    ],
)
def test_usage_of_a_metric_in_several_units_is_told(units: tuple[str, ...], said: str) -> None:
    lines = [{"unit": unit, "date": f"2024-01-0{n}"} for n, unit in enumerate(units, 1)]
    other = {"metric": "bytes", "unit": "GB"}
    found = read("usage", usage("a.csv", *lines, other))
    (doubt,) = found.report.findings
    assert (doubt.code, doubt.severity) == ("mixed_units", "warning")
    assert doubt.message.startswith(f"'requests' has {said} ")
    assert doubt.message.endswith("shares add their values as bare numbers.")


def test_units_of_other_metrics_are_their_own() -> None:
    found = read("usage", usage("a.csv", {"unit": "s"}, {"unit": "ms", "metric": "other"}))
    assert codes(found) == []
