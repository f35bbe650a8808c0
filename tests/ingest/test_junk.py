"""Whatever stands in a file, what comes out is rows that are proved, or findings."""

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from inputs import CHARGE, bill, engine_words, model, read, usage, written

from apportion.findings import ApportionError, Finding

PARTS = 12
"""Places at which each file is cut off, and regions that are overwritten."""

MEANING = b'"\n,\r\x00{}[]:-.eE0 \\'

MAPPING = [{"when": {"tag": "team", "exists": True}, "node": "{tag.team}", "dimension": "d"}]
COMPANY = model(mapping=MAPPING, metric_nodes=[{"node": "checkout"}])
LINES = [{"EffectiveCost": f"{n}.25", "Tags": '{"team": "servers"}'} for n in range(40)]


def _bill() -> bytes:
    return bill("good.csv", *LINES).read_bytes()


def _usage() -> bytes:
    rows = [{"value": str(n), "label.env": "prod", "labels": "{}"} for n in range(40)]
    return usage("good.csv", *rows).read_bytes()


def _parquet() -> bytes:
    columns = {name: [line.get(name, CHARGE[name]) for line in LINES] for name in CHARGE}
    moments = ("ChargePeriodStart", "ChargePeriodEnd", "BillingPeriodStart", "BillingPeriodEnd")
    table = pa.table(columns)
    for name in moments:
        at = table.schema.get_field_index(name)
        table = table.set_column(at, name, table[name].cast(pa.timestamp("us")))
    at = table.schema.get_field_index("EffectiveCost")
    table = table.set_column(at, "EffectiveCost", table["EffectiveCost"].cast(pa.float64()))
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, row_group_size=10)
    return bytes(sink.getvalue())


def _metrics() -> bytes:
    stamps = [1_704_067_200_000 + 60_000 * n for n in range(40)]
    data = [{"dimensions": {"service": "a"}, "timestamps": stamps, "values": list(range(40))}]
    metric = {"metricId": "builtin:service.requestCount.total", "data": data}
    return json.dumps({"metrics": [metric]}).encode()


FILES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "bill.csv": ("focus", _bill),
    "bill.csv.gz": ("focus", lambda: gzip.compress(_bill(), mtime=0)),
    "bill.parquet": ("focus", _parquet),
    "usage.csv": ("usage", _usage),
    "metrics.json": ("dynatrace", _metrics),
}


def _cut_off(good: bytes, random: np.random.Generator) -> Iterator[bytes]:
    for part in range(PARTS):
        yield good[: len(good) * part // PARTS]


def _overwritten(good: bytes, random: np.random.Generator) -> Iterator[bytes]:
    for part in range(PARTS):
        first = len(good) * part // PARTS
        length = int(random.integers(1, 9))
        yield good[:first] + random.bytes(length) + good[first + length :]


def _shuffled(good: bytes, random: np.random.Generator) -> Iterator[bytes]:
    """Bytes that mean something, where they mean something else."""
    for _ in range(PARTS):
        data = bytearray(good)
        for place in random.integers(0, len(data), 3):
            data[place] = MEANING[int(random.integers(len(MEANING)))]
        yield bytes(data)


@pytest.mark.parametrize("change", [_cut_off, _overwritten, _shuffled])
@pytest.mark.parametrize("name", FILES)
def test_a_spoilt_file(
    name: str, change: Callable[[bytes, np.random.Generator], Iterator[bytes]]
) -> None:
    form, make = FILES[name]
    good = make()
    assert read(form, written(f"whole.{name}", good), company=COMPANY).report.accepted == 40
    refusals = 0
    for place, data in enumerate(change(good, np.random.default_rng(0))):
        path = written(f"{place}.{name}", data)
        findings = _findings(form, path)
        refusals += bool(findings)
        assert all(finding.where.file == str(path) for finding in findings)
        assert all(str(finding).isprintable() for finding in findings)
        assert not engine_words(findings)
        assert str(Path.cwd()) not in "".join(map(str, findings))
    assert refusals >= PARTS // 4


def _findings(form: str, path: Path) -> tuple[Finding, ...]:
    try:
        found = read(form, path, company=COMPANY)
    except ApportionError as error:
        return error.findings
    assert found.report.lines_read == found.report.accepted <= 41
    return ()
