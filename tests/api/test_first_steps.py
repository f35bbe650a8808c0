"""A server answers, says what is wrong, and stops when it is asked to."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import httpx2 as httpx
import pytest
import zstandard
from fastapi.testclient import TestClient
from serving import Served

Ask = Callable[..., TestClient]
Serve = Callable[..., AbstractContextManager[Served]]


def test_it_answers_as_the_command_line_does(small: Path, ask: Ask) -> None:
    answer = ask(small).get("/api/v1/nodes")
    assert answer.status_code == 200
    said = answer.json()
    assert said["total_rows"] == len(said["rows"]) > 3
    assert said["totals"]["direct"] == said["totals"]["retained"]


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "identity"])
def test_a_client_that_has_the_answer_is_told_so(small: Path, ask: Ask, encoding: str) -> None:
    client = ask(small)
    first = client.get("/api/v1/nodes", headers={"Accept-Encoding": encoding})
    again = client.get(
        "/api/v1/nodes",
        headers={"Accept-Encoding": encoding, "If-None-Match": first.headers["ETag"]},
    )
    unpack = zstandard.ZstdDecompressor().decompressobj().decompress
    body = unpack(first.content) if encoding == "zstd" else first.content
    assert json.loads(body)["rows"]
    assert first.headers.get("Content-Encoding", "identity") == encoding
    assert (again.status_code, again.content) == (304, b"")
    other = client.get("/api/v1/nodes", headers={"If-None-Match": '"other"'})
    assert other.status_code == 200


def test_every_format_has_the_same_rows(small: Path, ask: Ask) -> None:
    import io

    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet as pq

    client = ask(small)
    rows = client.get("/api/v1/nodes").json()["rows"]
    arrow = client.get("/api/v1/nodes", headers={"Accept": "application/vnd.apache.arrow.stream"})
    parquet = client.get("/api/v1/nodes?format=parquet")
    text = client.get("/api/v1/nodes", headers={"Accept": "text/csv"})
    tables = [
        pa.ipc.open_stream(arrow.content).read_all(),
        pq.read_table(io.BytesIO(parquet.content)),
    ]
    for table in tables:
        found = [
            {name: value if name in ("node", "name", "type", "days") else format(value, "f")
             for name, value in row.items() if name in rows[0]}
            for row in table.to_pylist()
        ]  # fmt: skip
        assert found == rows
    lines = text.text.splitlines()
    assert len(lines) == len(rows) + 1
    assert rows[0]["direct"] in lines[1]
    assert "E-" not in text.text


def test_a_wrong_question_is_a_problem_with_findings(small: Path, ask: Ask) -> None:
    answer = ask(small).get("/api/v1/nodes?start_date=31/01/2024")
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    said = answer.json()
    assert said["findings"][0]["code"] == "invalid_argument"
    assert said["findings"][0]["file"] == "<query>"
    assert "2024-01-31" in said["detail"]


def test_no_problem_tells_where_the_workspace_lies(small: Path, ask: Ask) -> None:
    answer = ask(small).get("/api/v1/nodes?run=zzz")
    assert answer.status_code == 404
    assert str(small) not in answer.text
    assert answer.json()["findings"][0]["code"] == "unknown_run"


def test_it_is_not_ready_while_the_ledger_cannot_be_read(
    small: Path, own: Callable[[Path], Path], ask: Ask
) -> None:
    folder = own(small)
    client = ask(folder)
    assert client.get("/api/v1/ready").status_code == 200
    log = folder / "ledger" / "runs" / "_delta_log"
    log.rename(log.with_name("gone"))
    (log.parent / "_delta_log").write_text("no folder")
    answer = client.get("/api/v1/ready")
    assert answer.status_code == 503
    assert answer.json()["findings"]
    assert client.get("/api/v1/health").status_code == 200


def test_a_server_answers_and_stops(small: Path, serve: Serve) -> None:
    with serve(small, "--workers", "2") as running:
        answer = httpx.get(
            f"{running.url}/api/v1/nodes", headers={"X-Request-Id": "mine-1"}, timeout=1800
        )
        assert answer.status_code == 200
        assert answer.headers["X-Request-Id"] == "mine-1"
        assert len(running.workers()) == 2
        assert (
            b"apportion_requests_total"
            in httpx.get(f"{running.url}/api/v1/metrics", timeout=1800).content
        )
        assert running.stop() == 0
        assert "leaked" not in running.log_text()
        lines = [line for line in running.log_text().splitlines() if line.startswith("{")]
    assert any(json.loads(line).get("request_id") == "mine-1" for line in lines)


def test_the_page_needs_nothing_from_elsewhere(small: Path, ask: Ask) -> None:
    client = ask(small)
    page = client.get("/api/docs").text
    named = [part.split('"')[0] for part in page.replace('href="', 'src="').split('src="')[1:]]
    assert len(named) == 3
    for address in named:
        assert address.startswith("/")
        assert client.get(address).status_code == 200
    assert client.get("/api/v1/openapi.json").json()["openapi"].startswith("3.1")
