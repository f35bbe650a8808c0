"""Models as CSV and Parquet: the same records as in YAML, with line or row in every finding."""

import csv
import io
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from apportion.findings import Finding
from apportion.model import load_model, read_tables, validate
from apportion.model.build import LIST_KINDS
from apportion.model.read_tables import read_csv, read_parquet

YAML = """
currency: USD
nodes:
  - {id: eks, type: platform, labels: {team: core, "a.b": c}}
  - {id: "007", type: product, name: 'say "hi", ok', part_of: [retail], infrastructure: false}
  - {id: retail, type: product, archived_on: 2025-01-01}
edges:
  - source: eks
    receiver: "007"
    strategy: proportional_on
    parameters: {metric: cpu, segment_filter: {label: env, values: [prod, test]}}
    active_from: 2024-01-01
    overrides: [{dimension: ram, strategy: fixed_percent, parameters: {percent: 33.3}}]
  - {source: eks, receiver: retail, strategy: fixed_percent, parameters: {percent: 12.5}}
exchange_rates:
  - {from: EUR, to: USD, date: 2024-01-01, rate: "1.0950"}
"""
OVERRIDES = '[{"dimension": "ram", "strategy": "fixed_percent", "parameters": {"percent": 33.3}}]'
NODES = [
    ["id", "type", "name", "label.team", "label.a.b", "part_of", "archived_on", "infrastructure"],
    ["eks", "platform", "", "core", "c", "", "", ""],
    ["007", "product", 'say "hi", ok', "", "", '["retail"]', "", "false"],
    ["retail", "product", "", "", "", "", "2025-01-01", ""],
]
EDGES = [
    [
        "source",
        "receiver",
        "strategy",
        "parameters.metric",
        "parameters.segment_filter",
        "parameters.percent",
        "active_from",
        "overrides",
    ],
    [
        "eks",
        "007",
        "proportional_on",
        "cpu",
        '{"label": "env", "values": ["prod", "test"]}',
        "",
        "2024-01-01",
        OVERRIDES,
    ],
    ["eks", "retail", "fixed_percent", "", "", "12.5", "", ""],
]
RATES = [["from", "to", "date", "rate"], ["EUR", "USD", "2024-01-01", "1.0950"]]


@pytest.fixture
def digest(tmp_path: Path) -> str:
    (tmp_path / "yaml.yaml").write_text(YAML)
    return load_model(tmp_path / "yaml.yaml").digest


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    (tmp_path / "apportion.yaml").write_text("currency: USD\n")
    return tmp_path


def text(rows: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def read(rows: str | bytes, kind: str = "nodes") -> tuple[list[Any], list[Finding]]:
    findings: list[Finding] = []
    data = rows.encode() if isinstance(rows, str) else rows
    found, _ = read_csv("t.csv", data, LIST_KINDS[kind].shape, findings)
    return found, findings


def test_csv_gives_the_same_model_as_yaml(workspace: Path, digest: str) -> None:
    (workspace / "model" / "nodes_a.csv").write_text(text(NODES), encoding="utf-8-sig")
    (workspace / "model" / "edges-b.CSV").write_text(text(EDGES))
    (workspace / "model" / "exchange_rates.csv").write_text(text(RATES))
    model = load_model(workspace)
    assert model.digest == digest
    assert model.node("007").where.line == 3


def test_json_columns_give_the_same_too(workspace: Path, digest: str) -> None:
    nodes = [
        ["id", "type", "name", "labels", "part_of", "archived_on"],
        ["eks", "platform", "", '{"team": "core", "a.b": "c"}', "", ""],
        ["007", "product", 'say "hi", ok', "", "retail", ""],
        ["retail", "product", "", "{}", "", "2025-01-01"],
    ]
    parameters = '{"metric": "cpu", "segment_filter": {"label": "env"}}'
    edges = [
        [*EDGES[0][:3], "parameters", "parameters.segment_filter.values", *EDGES[0][6:]],
        [*EDGES[1][:3], parameters, '["prod", "test"]', *EDGES[1][6:]],
        [*EDGES[2][:3], '{"percent": 12.5}', "", "", ""],
    ]
    (workspace / "model" / "nodes.csv").write_text(text(nodes))
    (workspace / "model" / "edges.csv").write_text(text(edges))
    (workspace / "model" / "exchange_rates.csv").write_text(text(RATES))
    assert load_model(workspace).digest == digest


def test_parquet_gives_the_same_model_with_types_of_its_own(workspace: Path, digest: str) -> None:
    midnight = datetime(2025, 1, 1)  # noqa: DTZ001
    nodes = pa.table(
        {
            "id": pa.array(["eks", "007", "retail"]).dictionary_encode(),
            "type": ["platform", "product", "product"],
            "name": [None, 'say "hi", ok', None],
            "labels": pa.array(
                [[("team", "core"), ("a.b", "c")], None, []], pa.map_(pa.string(), pa.string())
            ),
            "part_of": [None, ["retail"], None],
            "archived_on": pa.array([None, None, midnight], pa.timestamp("us")),
            "infrastructure": [None, False, None],
        }
    )
    edges = pa.table(
        {
            "source": ["eks", "eks"],
            "receiver": ["007", "retail"],
            "strategy": ["proportional_on", "fixed_percent"],
            "parameters.metric": ["cpu", None],
            "parameters.segment_filter": [{"label": "env", "values": ["prod", "test"]}, None],
            "parameters.percent": [None, 12.5],
            "active_from": pa.array([date(2024, 1, 1), None], pa.date32()),
            "overrides": [OVERRIDES, None],
        }
    )
    rates = pa.table({name: [value] for name, value in zip(*RATES, strict=True)})
    pq.write_table(nodes, workspace / "model" / "nodes.parquet")
    pq.write_table(edges, workspace / "model" / "edges.parquet")
    pq.write_table(rates, workspace / "model" / "exchange_rates.parquet")
    model = load_model(workspace)
    assert model.digest == digest
    assert model.node("007").where.line == 2


def test_lines_count_line_breaks_inside_cells() -> None:
    found, findings = read('id,type,name\n\neks,platform,"two\nlines"\n7,product,x\n')
    assert [row.place().line for row in found] == [4, 5]
    assert findings == []


@pytest.mark.parametrize(
    ("rows", "code", "line"),
    [
        ("id;type\na;product\n", "unreadable_file", 1),
        ("id\ttype\na\tproduct\n", "unreadable_file", 1),
        ("id,type\na,product,x\n", "invalid_value", 2),
        ("id,type\na\n", "invalid_value", 2),
        ("id\na\n", "missing_key", 1),
        ("", "missing_key", 1),
        ("id,type,id\n", "duplicate_key", 1),
        ("id,type,\n", "unknown_key", 1),
        ("id,type,label.\n", "unknown_key", 1),
        ('id,type\na,"product\n', "unreadable_file", 2),
        ('id,type\na,"x"y\n', "unreadable_file", 2),
        ('"id,type\n', "unreadable_file", 1),
        (b"id,type\n\xff,product\n", "unreadable_file", 0),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "unreadable_file", 0),
        ("id,type\na," + "x" * 200_000 + "\n", "unreadable_file", 2),
        ('id,type,labels\na,product,"{""a"": ""b"", ""a"": ""c""}"\n', "wrong_type", 2),
        ("id,type,labels\na,product,team=core\n", "wrong_type", 2),
        ("id,type,labels\na,product," + "[" * 100_000 + "\n", "wrong_type", 2),
        ('id,type,labels\na,product,"{""a"": Infinity}"\n', "wrong_type", 2),
    ],
)
def test_bad_tables(rows: str | bytes, code: str, line: int) -> None:
    _, findings = read(rows)
    assert findings[0].code == code
    assert findings[0].where.line == line


def test_decimals_in_json_are_exact() -> None:
    rows = text([["source", "receiver", "strategy", "parameters"], ["a", "b", "c", '{"x": 0.1}']])
    found, findings = read(rows, "edges")
    assert findings == []
    assert str(found[0]["parameters"]["x"]) == "0.1"


def test_cells_that_are_alike_do_not_share_what_is_put_into_them() -> None:
    columns = ["source", "receiver", "strategy", "parameters", "parameters.segment_filter.label"]
    shared = json.dumps({"segment_filter": {"values": ["x"]}})
    rows = text([columns, ["a", "b", "c", shared, "one"], ["a", "b", "c", shared, "two"]])
    found, _ = read(rows, "edges")
    labels = [row["parameters"]["segment_filter"]["label"] for row in found]
    assert labels == ["one", "two"]


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1" + b"\x00" * 100 + b"PAR1", b"id,type\n"])
def test_what_is_no_parquet_is_refused(data: bytes) -> None:
    findings: list[Finding] = []
    assert read_parquet("t.parquet", data, LIST_KINDS["nodes"].shape, findings) == ([], False)
    assert [finding.code for finding in findings] == ["unreadable_file"]


def test_every_truncation_of_a_parquet_file_is_refused() -> None:
    out = io.BytesIO()
    pq.write_table(pa.table({"id": ["a"] * 50, "type": ["product"] * 50}), out)
    data = out.getvalue()
    for cut in range(0, len(data), max(len(data) // 64, 1)):
        findings: list[Finding] = []
        read_parquet("t.parquet", data[:cut], LIST_KINDS["nodes"].shape, findings)
        assert [finding.code for finding in findings] == ["unreadable_file"]


def test_a_parquet_file_of_too_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_tables, "MAXIMUM_ROWS", 10)
    out = io.BytesIO()
    pq.write_table(pa.table({"id": ["a"] * 11, "type": ["product"] * 11}), out)
    findings: list[Finding] = []
    read_parquet("t.parquet", out.getvalue(), LIST_KINDS["nodes"].shape, findings)
    assert [finding.code for finding in findings] == ["unsafe_file"]


def test_numbers_as_ids_are_refused_with_their_row(workspace: Path) -> None:
    table = pa.table({"id": [1, 2], "type": ["product", "product"]})
    pq.write_table(table, workspace / "model" / "nodes.parquet")
    findings = validate(workspace)
    assert [(finding.code, finding.where.line) for finding in findings] == [
        ("wrong_type", 1),
        ("wrong_type", 2),
    ]


def test_a_cell_that_only_looks_like_json_is_text() -> None:
    found, findings = read("id,type,part_of\na,product,[retail\nb,product,retail\n")
    assert [row["part_of"] for row in found] == ["[retail", "retail"]
    assert findings == []


def test_a_cell_that_cannot_be_read_is_said_once(workspace: Path) -> None:
    rows = [
        ["source", "receiver", "strategy", "parameters", "parameters.metric"],
        ["eks", "checkout", "proportional_on", "{metric: cpu}", "cpu"],
    ]
    (workspace / "model" / "edges.csv").write_text(text(rows))
    (workspace / "model" / "nodes.csv").write_text("id,type\neks,platform\ncheckout,product\n")
    assert [finding.code for finding in validate(workspace)] == ["wrong_type"]


def test_a_table_with_a_hole_is_not_checked_as_if_it_were_whole(workspace: Path) -> None:
    (workspace / "model" / "nodes.csv").write_text("id,type\neks,platform,x\ncheckout,product\n")
    (workspace / "model" / "edges.csv").write_text("source,receiver,strategy\neks,checkout,equal\n")
    assert [finding.code for finding in validate(workspace)] == ["invalid_value"]
