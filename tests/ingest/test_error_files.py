"""Every message about a file that comes in: one bad input, one expected text, an unchanged ledger.

The inputs lie in ``tests/errors/ingest/FORMAT``, or are made here where they are large or binary.
Beside each lies what people read about it. ``APPORTION_UPDATE_ERRORS=1`` writes these texts anew,
to be read before they are committed.
"""

import gzip
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from inputs import COMPANY, engine_words, fingerprint

import apportion as ap
from apportion.findings import CODES, Severity
from apportion.ingest import formats

FOLDER = Path(__file__).parents[1] / "errors" / "ingest"
CASES = sorted(
    f"{path.parent.name}/{path.name}" for path in FOLDER.glob("*/*") if path.suffix != ".txt"
)
UPDATE = os.environ.get("APPORTION_UPDATE_ERRORS") == "1"
WHOLE_FILE = {
    "unreadable_file",
    "unsafe_file",
    "unsupported_file",
    "empty_cost",
    "check_saw_no_rows",
    "rejected_lines",
    "duplicate_key",
    "reused_id",
    "missing_rate",
}
"""Codes that may stand without a line, because they are about a file as a whole."""

HEADER = b"node,date,dimension,amount,currency\n"
LINE = b"servers,2024-01-01,compute,10.5,USD\n"
MODEL = {
    **COMPANY,
    "mapping": [{"when": {"tag": "team", "exists": True}, "node": "{tag.team}", "dimension": "d"}],
    "metric_nodes": [{"when": {"label": "service", "exists": True}, "node": "{label.service}"}],
    "accounts": [{"id": "svc-1"}, {"id": "svc-2"}],
    "channels": [{"id": "sms"}, {"id": "email", "billed": False}],
    "rates": [{"channel": "sms", "valid_from": "2023-04-01", "rate": "0.02"}],
}


def _parquet(**changes: Any) -> bytes:
    columns: dict[str, Any] = {
        "node": ["servers"] * 3,
        "date": ["2024-01-01"] * 3,
        "dimension": ["compute"] * 3,
        "amount": np.arange(3) / 7,
    }
    sink = pa.BufferOutputStream()
    table = pa.table({**columns, **changes})
    # What wrote a file stands in it, and would make another text after each upgrade.
    pq.write_table(table, sink, store_schema=False)
    return bytes(sink.getvalue())


def _flipped() -> bytes:
    data = bytearray(_parquet(amount=[str(n) for n in range(3)]))
    data[100:140] = b"\xff" * 40
    return bytes(data)


def _misplaced() -> bytes:
    """A file that says a column has more values than its row group has rows."""
    import duckdb

    good = _parquet()
    path = Path("misplaced.parquet")
    # Not the connection that all tests of a process share: an answer is left there half read.
    connection = duckdb.connect()
    for place in range(len(good) - 400, len(good) - 8):
        path.write_bytes(good[:place] + bytes([good[place] + 2 & 255]) + good[place + 1 :])
        try:
            found = connection.execute(
                "SELECT max(num_values) FROM parquet_metadata(?)", [str(path)]
            ).fetchone()
        except duckdb.Error:
            continue
        if found == (4,):
            return path.read_bytes()
    raise AssertionError("no byte of the footer tells how many values there are")


def _same(value: Any, kind: pa.DataType | None = None) -> pa.Array:
    return pa.array([value] * 3, kind)


def _twice() -> bytes:
    table = pa.Table.from_arrays([_same("a"), _same("b")], names=["node", "node"])
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, store_schema=False)
    return bytes(sink.getvalue())


def _sliced() -> bytes:
    sink = pa.BufferOutputStream()
    whole = pq.read_table(pa.BufferReader(_parquet()))
    pq.write_table(whole.slice(0, 0), sink, store_schema=False)
    return bytes(sink.getvalue())


def _events(kind: pa.DataType) -> bytes:
    words = {"account": "svc-1", "channel": "sms", "status": "sent", "key_type": "normal"}
    columns = {"id": pa.array(["a"]), **{key: pa.array([word]) for key, word in words.items()}}
    sink = pa.BufferOutputStream()
    made = pa.array([19_000], pa.int32()).cast(pa.date32()).cast(kind)
    table = pa.table({**columns, "fragments": [1], "created_at": made})
    pq.write_table(table, sink, store_schema=False)
    return bytes(sink.getvalue())


def _metric(value: str) -> dict[str, Any]:
    data = {"dimensions": {"service": "checkout"}, "timestamps": [1704067200000], "values": [value]}
    return {"metrics": [{"metricId": "builtin:service.requestCount.total", "data": [data]}]}


MADE: dict[str, Callable[[], bytes]] = {
    "costs/cut_off.parquet": lambda: _parquet()[:-100],
    "costs/cut_short.parquet": lambda: _parquet()[:200],
    "costs/without_middle.parquet": lambda: _parquet()[:50] + _parquet()[-150:],
    "costs/four_bytes.parquet": lambda: b"PAR1",
    "costs/lists.parquet": lambda: _parquet(amount=_same([1.5])),
    "costs/truths.parquet": lambda: _parquet(amount=_same(pa.scalar(value=True))),
    "costs/half_floats.parquet": lambda: _parquet(amount=_same(np.float16(0.1), pa.float16())),
    "costs/not_numbers.parquet": lambda: _parquet(amount=_same(float("nan"))),
    "costs/beyond_64_bits.parquet": lambda: _parquet(amount=_same(2**64 - 1, pa.uint64())),
    "costs/hours.parquet": lambda: _parquet(date=_same(3_600_000_000, pa.timestamp("us"))),
    "costs/one_name_twice.parquet": _twice,
    "costs/no_rows.parquet": _sliced,
    "costs/junk.csv": lambda: np.random.default_rng(0).bytes(5_000),
    "costs/nul.csv": lambda: HEADER + LINE + b"servers,2024-01-01,com\0pute,1,USD\n",
    "costs/not_utf8_far_down.csv": lambda: HEADER + LINE * 3_000 + LINE.replace(b"comp", b"c\xe9"),
    "costs/utf16.csv": lambda: (HEADER + LINE).decode().encode("utf-16"),
    "costs/empty.csv": lambda: b"",
    "costs/workbook.csv": lambda: b"PK\x03\x04" + bytes(range(100)),
    "costs/cell_of_10_mb.csv": lambda: (
        HEADER + LINE + b"servers,2024-01-01," + b"x" * 10_000_000 + b",1,USD\n" + LINE
    ),
    "costs/quoted_cell_of_10_mb.csv": lambda: (
        HEADER
        + LINE
        + b'servers,2024-01-01,"'
        + (b"x" * 99 + b"\n") * 100_000
        + b'",1,USD\n'
        + LINE
    ),
    # Beyond its buffer the query engine passes over a last line without a word.
    "costs/last_line_of_40_mb.csv": lambda: HEADER + LINE + b"0" * 40_000_000,
    "costs/header_of_10_mb.csv": lambda: b"x" * 10_000_000,
    "costs/many_columns.csv": lambda: b",".join(b"c%d" % n for n in range(3_000)) + b"\n",
    "costs/bomb.csv.gz": lambda: gzip.compress(HEADER + b"0" * 70_000_000),
    "costs/cut_off.csv.gz": lambda: gzip.compress(HEADER + LINE * 1_000, mtime=0)[:-20],
    "costs/packed_twice.csv.gz": lambda: gzip.compress(gzip.compress(HEADER + LINE)),
    "dynatrace/deep.json": lambda: b"[" * 100_000,
    "dynatrace/long_number.json": lambda: json.dumps(_metric("9" * 100)).encode(),
    "costs/misplaced.parquet": _misplaced,
    "costs/flipped.parquet": _flipped,
    "events/moments_without_zone.parquet": lambda: _events(pa.timestamp("us")),
    "events/moments_that_are_days.parquet": lambda: _events(pa.date32()),
}


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> ap.Workspace:
    """A workspace that holds something already."""
    folder = tmp_path_factory.mktemp("errors") / "workspace"
    (folder / "model").mkdir(parents=True)
    (folder / "apportion.yaml").write_text("name: test\ncurrency: USD\n", encoding="utf-8")
    (folder / "model" / "m.yaml").write_text(json.dumps(MODEL), encoding="utf-8")
    good = folder / "good.csv"
    good.write_bytes(HEADER + LINE)
    workspace = ap.Workspace(folder)
    workspace.ingest("costs", good)
    return workspace


@pytest.fixture
def refused(
    ledger: ap.Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], ap.IngestError]:
    """Ingests a case, which must be refused and leave the ledger as it is."""

    def refuse(case: str) -> ap.IngestError:
        form, name = case.split("/")
        if case in MADE:
            (tmp_path / name).write_bytes(MADE[case]())
        # Files are named as the caller names them, so that texts hold no folder.
        monkeypatch.chdir(tmp_path if case in MADE else FOLDER / form)
        before = fingerprint(ledger.folder)
        with pytest.raises(ap.IngestError) as raised:
            ledger.ingest(form, name)
        assert fingerprint(ledger.folder) == before
        return raised.value

    return refuse


@pytest.mark.parametrize("case", [*CASES, *MADE])
def test_message_is_the_expected_one(case: str, refused: Callable[[str], ap.IngestError]) -> None:
    findings = refused(case).findings
    path = FOLDER / f"{case}.txt" if case in MADE else (FOLDER / case).with_suffix(".txt")
    said = "".join(f"{finding}\n" for finding in findings)
    if UPDATE:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(said, encoding="utf-8")
    assert said == path.read_text(encoding="utf-8")
    assert not engine_words(findings)
    name = case.split("/")[1]
    for finding in findings:
        if finding.severity is Severity.WARNING or "Not shown" in finding.message:
            continue
        assert finding.where.file == name
        assert finding.remedy or finding.code in WHOLE_FILE
        whole = finding.code in WHOLE_FILE or not name.endswith(".csv")
        assert finding.where.line or whole or "sum" in finding.message
        assert "\n" not in str(finding)
        assert str(finding).isprintable()
        assert len(str(finding)) < 700


def test_no_expected_text_is_left_without_its_input() -> None:
    expected = set(FOLDER.rglob("*.txt"))
    known = {(FOLDER / case).with_suffix(".txt") for case in CASES}
    known |= {FOLDER / f"{case}.txt" for case in MADE}
    assert expected == known
    assert len(known) >= 60


def test_every_error_that_reading_can_give_has_a_case() -> None:
    """Warnings and faults of the program itself have tests of their own."""
    texts = "".join(path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.txt"))
    given = set(re.findall(r"error \[([a-z_]+)\]", texts))
    elsewhere = {
        "total_mismatch",
        "storage_failed",
        "memory_exceeded",
        "allocated_beside_origin",
        "commitment_twice",
        "incomplete_answer",
        "mixed_units",
        "overlapping_selectors",
        "manifest_differs",
        "repeated_lines",
        "events_as_before",
        "rows_beside",
        "shrunk_day",
        "invalid_argument",
        "unknown_format",
        "unknown_key",
        "unmapped_cost",
        "rounded_amounts",
        "rounded_usage",
        "negative_usage",
        "rejected_lines",
    }
    assert set(_codes_in_source()) - given == elsewhere
    assert len(given) >= 10


def _codes_in_source() -> Iterator[str]:
    for path in Path(str(formats.__path__[0])).parent.rglob("*.py"):
        for word in re.findall(r'"([a-z_]+)"', path.read_text(encoding="utf-8")):
            if word in CODES:
                yield word
